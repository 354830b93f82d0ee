#ifndef WSGI_SERVE_PAGE_H
#define WSGI_SERVE_PAGE_H

/*
 * page - what a CGI program answers when there is no application to ask.
 *
 * A whole CGI response (RFC 3875, 6.2.1): head and body. It tells the client nothing of the
 * reason; that stands in the log.
 */
enum wsgi_page { WSGI_PAGE_FORBIDDEN, WSGI_PAGE_NOT_FOUND, WSGI_PAGE_FAILED };

/* Static, never to be freed. */
const char *wsgi_page(enum wsgi_page page);

#endif
