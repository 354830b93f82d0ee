/* wsgi-fcgi - serve one WSGI application over FastCGI. See wsgi-fcgi(1). */
#include "serve/gateway.h"

int main(int argc, char **argv)
{
	static const struct wsgi_gateway_host host = {.plugin = "wsgi_python"};

	return wsgi_gateway_main(&wsgi_gateway_fcgi, &host, argc, argv);
}
