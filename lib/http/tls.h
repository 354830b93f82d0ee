#ifndef WSGI_HTTP_TLS_H
#define WSGI_HTTP_TLS_H

#include "base/error.h"

/*
 * tls - a certificate and its key, as libmicrohttpd wants them.
 *
 * Owner    whoever holds the struct. A zeroed one is empty: no TLS.
 */
struct wsgi_tls {
	char *cert; /* PEM, with the chain */
	char *key;  /* PEM, not encrypted */
};

/* TLS 1.2 and 1.3 with what GnuTLS holds good; RFC 8996 has done with those before. */
#define WSGI_TLS_PRIORITIES "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"

/*
 * Read both, and see that they are a pair.
 *   keyfile   NULL: the key is in certfile
 * Returns 0; -EINVAL for what is no certificate, no key, encrypted or no pair; -ENOTSUP when
 * libmicrohttpd has no TLS; -ENOENT and the like of the file; -ENOMEM. With words in err.
 */
int wsgi_tls_load(struct wsgi_tls *tls, const char *certfile, const char *keyfile,
		  struct wsgi_error *err);

/* Free both; of the key nothing stays in memory. */
void wsgi_tls_finish(struct wsgi_tls *tls);

#endif
