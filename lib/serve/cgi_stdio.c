#include "serve/cgi_stdio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"

int wsgi_cgi_divert_stdout(int *out)
{
	*out = wsgi_fd_keep(STDOUT_FILENO);
	if (*out < 0)
		return *out;
	return dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ? -errno : 0;
}

void wsgi_cgi_drop_stdin(void)
{
	wsgi_fd_drop(STDIN_FILENO);
}

void wsgi_cgi_send_page(enum wsgi_page page, int out)
{
	const char *text = wsgi_page(page);

	if (getenv("GATEWAY_INTERFACE") == NULL)
		return;
	wsgi_fd_write(out, text, strlen(text));
	wsgi_cgi_drop_stdin();
}
