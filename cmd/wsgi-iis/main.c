/* wsgi-iis - run one WSGI application as a CGI program of IIS. See wsgi-iis(1). */
#include "serve/gateway.h"

int main(int argc, char **argv)
{
	static const struct wsgi_gateway_host host = {.plugin = "wsgi_python"};

	return wsgi_gateway_main(&wsgi_gateway_iis, &host, argc, argv);
}
