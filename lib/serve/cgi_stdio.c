#include "serve/cgi_stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"

int wsgi_cgi_divert_stdout(int *out)
{
	*out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (*out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return -errno;
	return 0;
}

void wsgi_cgi_drop_stdin(void)
{
	char block[16384];

	/* After this nothing more arrives: what is read below is there already. A pipe says no. */
	if (shutdown(STDIN_FILENO, SHUT_RD) != 0)
		return;
	while (recv(STDIN_FILENO, block, sizeof(block), MSG_DONTWAIT) > 0)
		;
}

void wsgi_cgi_send_page(enum wsgi_page page, int out)
{
	const char *text = wsgi_page(page);

	if (getenv("GATEWAY_INTERFACE") == NULL)
		return;
	wsgi_fd_write(out, text, strlen(text));
	wsgi_cgi_drop_stdin();
}
