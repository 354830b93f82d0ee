/* wsgi-serve - a small HTTP server for one WSGI application. See wsgi-serve(1). */
#include "serve/gateway.h"

int main(int argc, char **argv)
{
	struct wsgi_gateway_host host = {.plugin = "wsgi_python_http"};

	return wsgi_gateway_main(&wsgi_gateway_serve, &host, argc, argv);
}
