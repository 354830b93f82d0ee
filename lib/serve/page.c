#include "serve/page.h"

/* The words of 500 are those of wsgiref's error_body. */
static const char *const pages[] = {
	[WSGI_PAGE_FORBIDDEN] = "Status: 403 Forbidden\r\n"
				"Content-Type: text/plain\r\n"
				"Content-Length: 10\r\n"
				"\r\n"
				"Forbidden\n",
	[WSGI_PAGE_NOT_FOUND] = "Status: 404 Not Found\r\n"
				"Content-Type: text/plain\r\n"
				"Content-Length: 10\r\n"
				"\r\n"
				"Not Found\n",
	[WSGI_PAGE_FAILED] = "Status: 500 Internal Server Error\r\n"
			     "Content-Type: text/plain\r\n"
			     "Content-Length: 59\r\n"
			     "\r\n"
			     "A server error occurred.  Please contact the administrator.",
};

const char *wsgi_page(enum wsgi_page page)
{
	return pages[page];
}
