/* A list of peers, whatever it says. */
#include "proc/allow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "../fuzz.h"

/* An address that was let in is so by its text, too. */
static void check_peer(const struct wsgi_allow *a, const uint8_t bytes[16], bool is_ipv4)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6}, mapped = {.sin6_family = AF_INET6};
	struct wsgi_allow own = {0};
	char text[INET6_ADDRSTRLEN];

	memcpy(&in.sin_addr, bytes, 4);
	memcpy(&in6.sin6_addr, bytes, 16);
	mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
	memcpy(mapped.sin6_addr.s6_addr + 12, bytes, 4);
	must(wsgi_allow_has(a, (struct sockaddr *)&in) ==
	     wsgi_allow_has(a, (struct sockaddr *)&mapped));
	must(inet_ntop(is_ipv4 ? AF_INET : AF_INET6,
		       is_ipv4 ? (void *)&in.sin_addr : (void *)&in6.sin6_addr, text,
		       sizeof(text)) != NULL);
	must(wsgi_allow_add(&own, text, NULL) == 0 && own.len == 1);
	must(wsgi_allow_has(&own, is_ipv4 ? (struct sockaddr *)&in : (struct sockaddr *)&in6));
	wsgi_allow_finish(&own);
	wsgi_allow_has(a, (struct sockaddr *)&in6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct wsgi_allow a = {0};
	struct wsgi_error err = {0};
	struct fuzz f = {data, size};
	uint8_t bytes[16];
	char *list;
	size_t commas = 0;
	int rc;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = fuzz_byte(&f);
	list = fuzz_rest(&f);
	for (const char *c = list; *c != '\0'; c++)
		commas += *c == ',';
	rc = wsgi_allow_add(&a, list, &err);
	must(rc == 0 ? a.len == commas + 1 && err.code == 0 : a.len <= commas);
	must(rc == 0 || (rc == -EINVAL && err.text[0] == '\''));
	check_peer(&a, bytes, true);
	check_peer(&a, bytes, false);
	must(wsgi_allow_has(&a, (const struct sockaddr *)&un));
	wsgi_allow_finish(&a);
	free(list);
	return 0;
}
