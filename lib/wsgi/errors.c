#include "wsgi/errors.h"

#include <string.h>

#include "base/container.h"
#include "base/fdio.h"

int wsgi_errors_puts(struct wsgi_errors *errors, const char *text)
{
	return errors->write(errors, text, strlen(text));
}

int wsgi_errors_flush(struct wsgi_errors *errors)
{
	return errors->flush != NULL ? errors->flush(errors) : 0;
}

static int fd_write(struct wsgi_errors *errors, const char *data, size_t len)
{
	const struct wsgi_fd_errors *e = container_of(errors, struct wsgi_fd_errors, errors);

	return wsgi_fd_write(e->fd, data, len);
}

void wsgi_fd_errors_init(struct wsgi_fd_errors *e, int fd)
{
	*e = (struct wsgi_fd_errors){.errors = {.write = fd_write}, .fd = fd};
}
