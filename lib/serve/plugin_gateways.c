/* The gateways of the plugin wsgi_python. */
#include "serve/gateway.h"

const struct wsgi_gateway_kind *const wsgi_plugin_gateways[] = {
	&wsgi_gateway_cgi,
	&wsgi_gateway_iis,
	&wsgi_gateway_fcgi,
	NULL,
};
