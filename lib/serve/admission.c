#include "serve/admission.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { SAY_MS = 1000, NAME_BYTES = 64 };

static void name_of(const struct sockaddr *peer, char name[NAME_BYTES])
{
	socklen_t len = peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						    : sizeof(struct sockaddr_in);

	if (getnameinfo(peer, len, name, NAME_BYTES, NULL, 0, NI_NUMERICHOST) != 0)
		snprintf(name, NAME_BYTES, "an unknown address");
}

/* Whether it is time for a line again; for one of all threads. */
static bool is_time(struct wsgi_admission *a)
{
	int64_t now = wsgi_clock_ms(), last = atomic_load(&a->said_ms);

	return (last == 0 || now - last >= SAY_MS) &&
	       atomic_compare_exchange_strong(&a->said_ms, &last, now != 0 ? now : 1);
}

static void say(struct wsgi_admission *a, const struct sockaddr *peer)
{
	char name[NAME_BYTES], others[64] = "";
	unsigned unsaid;

	if (!is_time(a)) {
		atomic_fetch_add(&a->unsaid, 1);
		return;
	}
	unsaid = atomic_exchange(&a->unsaid, 0);
	if (unsaid > 0)
		snprintf(others, sizeof(others), ", nor were %u others before it", unsaid);
	name_of(peer, name);
	wsgi_log(a->log, WSGI_LOG_WARNING,
		 "a connection from %s was not served: --allowed-clients does not have it%s", name,
		 others);
}

bool wsgi_admission_ask(struct wsgi_admission *a, const struct sockaddr *peer)
{
	if (wsgi_allow_has(a->allow, peer))
		return true;
	say(a, peer);
	return false;
}
