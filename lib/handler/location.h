#ifndef WSGI_HANDLER_LOCATION_H
#define WSGI_HANDLER_LOCATION_H

#include "handler/handler.h"

/*
 * location - the preamble of a response by FastCGI: BaseHandler's, and for HAProxy, by the
 * request's SERVER_SOFTWARE, with Location in front of it, which it takes out of the headers.
 * HAProxy 2.6 makes a 302 of every Status that comes before a Location, also of 201 and 307.
 *
 * An op send_preamble. Returns 0 or -ENOMEM.
 */
int wsgi_location_send_preamble(struct wsgi_handler *h, struct wsgi_buf *head);

#endif
