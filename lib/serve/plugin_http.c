/* The gateways of the plugin wsgi_python_http: the one that needs libmicrohttpd. */
#include "serve/gateway.h"

const struct wsgi_gateway_kind *const wsgi_plugin_gateways[] = {
	&wsgi_gateway_serve,
	NULL,
};
