#include "proc/allow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"

struct wsgi_allow_net {
	int family;
	unsigned bits;
	uint8_t address[16]; /* the first four of an IPv4 one */
};

enum { IPV4_BITS = 32, IPV6_BITS = 128, MAPPED_BITS = 96 /* of ::ffff:0:0 */ };

/* -- reading ----------------------------------------------------------------------------------- */

static bool parse_bits(struct wsgi_span text, unsigned most, unsigned *bits)
{
	if (text.len == 0 || text.len > 3 || (text.len > 1 && text.data[0] == '0'))
		return false;
	*bits = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		*bits = *bits * 10 + (unsigned)(text.data[i] - '0');
	}
	return *bits <= most;
}

static bool parse_address(struct wsgi_span text, struct wsgi_allow_net *net)
{
	char word[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof(word) || memchr(text.data, '\0', text.len) != NULL)
		return false;
	memcpy(word, text.data, text.len);
	word[text.len] = '\0';
	net->family = strchr(word, ':') != NULL ? AF_INET6 : AF_INET;
	net->bits = net->family == AF_INET6 ? IPV6_BITS : IPV4_BITS;
	return inet_pton(net->family, word, net->address) == 1;
}

static bool is_mapped(const uint8_t address[16])
{
	static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

/* ::ffff:10.0.0.0/104 is 10.0.0.0/8. */
static void unmap(struct wsgi_allow_net *net)
{
	if (net->family != AF_INET6 || net->bits < MAPPED_BITS || !is_mapped(net->address))
		return;
	net->family = AF_INET;
	net->bits -= MAPPED_BITS;
	memmove(net->address, net->address + MAPPED_BITS / 8, IPV4_BITS / 8);
}

/* "10.0.0.0/8" */
static bool parse_net(struct wsgi_span text, struct wsgi_allow_net *net)
{
	const char *slash = text.len > 0 ? memchr(text.data, '/', text.len) : NULL;
	struct wsgi_span address = text;

	*net = (struct wsgi_allow_net){0};
	if (slash != NULL)
		address.len = (size_t)(slash - text.data);
	if (!parse_address(address, net))
		return false;
	if (slash != NULL && !parse_bits((struct wsgi_span){slash + 1, text.len - address.len - 1},
					 net->bits, &net->bits))
		return false;
	unmap(net);
	return true;
}

static struct wsgi_span trim(struct wsgi_span s)
{
	while (s.len > 0 && (*s.data == ' ' || *s.data == '\t')) {
		s.data++;
		s.len--;
	}
	while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static int add(struct wsgi_allow *a, struct wsgi_span text, struct wsgi_error *err)
{
	struct wsgi_allow_net net, *more;

	if (!parse_net(text, &net))
		return wsgi_fail(err, -EINVAL,
				 "'%.*s' is neither an IP address nor a network, as 10.0.0.1, "
				 "10.0.0.0/8 or fd00::/8 are; names are not looked up",
				 (int)text.len, text.len > 0 ? text.data : "");
	more = realloc(a->nets, (a->len + 1) * sizeof(*more));
	if (more == NULL)
		return wsgi_fail(err, -ENOMEM, "out of memory");
	more[a->len++] = net;
	a->nets = more;
	return 0;
}

int wsgi_allow_add(struct wsgi_allow *a, const char *list, struct wsgi_error *err)
{
	struct wsgi_span text = wsgi_span_of(list);
	bool more = true;

	while (more) {
		int rc;

		more = memchr(text.data, ',', text.len) != NULL;
		rc = add(a, trim(wsgi_span_cut(&text, ',')), err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int wsgi_allow_add_environment(struct wsgi_allow *a, struct wsgi_error *err)
{
	static const char name[] = "FCGI_WEB_SERVER_ADDRS";
	const char *list = getenv(name);
	struct wsgi_error why;
	int rc;

	if (list == NULL || *list == '\0')
		return 0;
	rc = wsgi_allow_add(a, list, &why);
	return rc == 0 ? 0 : wsgi_fail(err, rc, "%s: %s", name, why.text);
}

void wsgi_allow_finish(struct wsgi_allow *a)
{
	free(a->nets);
	*a = (struct wsgi_allow){0};
}

/* -- asking ------------------------------------------------------------------------------------ */

static bool has(const struct wsgi_allow_net *net, const struct wsgi_allow_net *peer)
{
	const unsigned whole = net->bits / 8, rest = net->bits % 8;

	if (net->family != peer->family || memcmp(net->address, peer->address, whole) != 0)
		return false;
	return rest == 0 || (net->address[whole] ^ peer->address[whole]) >> (8 - rest) == 0;
}

/* The address of a peer, as a network of one. Returns false: it is none of IP. */
static bool peer_of(const struct sockaddr *sa, struct wsgi_allow_net *peer)
{
	*peer = (struct wsgi_allow_net){.family = sa->sa_family};
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		memcpy(peer->address, &in.sin_addr, sizeof(in.sin_addr));
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		memcpy(peer->address, &in6.sin6_addr, sizeof(in6.sin6_addr));
		peer->bits = IPV6_BITS;
		unmap(peer);
		return true;
	}
	return false;
}

bool wsgi_allow_has(const struct wsgi_allow *a, const struct sockaddr *peer)
{
	struct wsgi_allow_net one;

	if (a->len == 0 || peer->sa_family == AF_UNIX)
		return true;
	if (!peer_of(peer, &one))
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (has(&a->nets[i], &one))
			return true;
	return false;
}
