#include "wsgi/output.h"

#include <sys/uio.h>

#include "base/container.h"
#include "base/fdio.h"

enum { HELD_MAX = 65536 };

static void leave(struct wsgi_app *app)
{
	if (app != NULL && app->leave != NULL && app->enter != NULL)
		app->leave(app);
}

static void enter(struct wsgi_app *app)
{
	if (app != NULL && app->leave != NULL && app->enter != NULL)
		app->enter(app);
}

/* Send what is held and then data. After a failure nothing is held: it cannot be sent again. */
static int send_with_held(struct wsgi_fd_output *o, struct iovec data)
{
	struct iovec iov[] = {{.iov_base = o->held.data, .iov_len = o->held.len}, data};
	int rc;

	o->begun = true;
	leave(o->app);
	rc = wsgi_fd_writev(o->fd, iov, 2);
	enter(o->app);
	o->held.len = 0;
	return rc;
}

static int fd_write(struct wsgi_output *out, const void *data, size_t len)
{
	struct wsgi_fd_output *o = container_of(out, struct wsgi_fd_output, output);
	union {
		const void *from;
		void *base; /* without const, for readv()'s sake */
	} bytes = {.from = data};

	/* Without memory to hold it, it is sent at once. */
	if (len <= HELD_MAX - o->held.len && wsgi_buf_add(&o->held, data, len) == 0)
		return 0;
	return send_with_held(o, (struct iovec){.iov_base = bytes.base, .iov_len = len});
}

static int fd_flush(struct wsgi_output *out)
{
	struct wsgi_fd_output *o = container_of(out, struct wsgi_fd_output, output);

	return o->held.len > 0 ? send_with_held(o, (struct iovec){0}) : 0;
}

static int fd_sendfile(struct wsgi_output *out, const struct wsgi_file *file, uint64_t limit,
		       uint64_t *sent)
{
	struct wsgi_fd_output *o = container_of(out, struct wsgi_fd_output, output);
	const uint64_t all = limit < file->len ? limit : file->len;
	uint64_t left = all;
	off_t offset = file->offset;
	int rc = fd_flush(out);

	if (rc != 0)
		return rc;
	o->begun = true;
	leave(o->app);
	rc = wsgi_fd_sendfile(o->fd, file->fd, &offset, &left);
	enter(o->app);
	*sent += all - left;
	return rc;
}

void wsgi_fd_output_init(struct wsgi_fd_output *o, int fd)
{
	*o = (struct wsgi_fd_output){
		.output = {.write = fd_write, .flush = fd_flush, .sendfile = fd_sendfile},
		.fd = fd,
	};
}

void wsgi_fd_output_finish(struct wsgi_fd_output *o)
{
	if (o == NULL)
		return;
	wsgi_buf_finish(&o->held);
}

static ssize_t fd_read(struct wsgi_input *in, void *buf, size_t len)
{
	const struct wsgi_fd_input *i = container_of(in, struct wsgi_fd_input, input);
	ssize_t n;

	leave(i->app);
	n = wsgi_fd_read(i->fd, buf, len);
	enter(i->app);
	return n;
}

void wsgi_fd_input_init(struct wsgi_fd_input *i, int fd)
{
	*i = (struct wsgi_fd_input){.fd = fd};
	wsgi_input_init(&i->input, fd_read, UINT64_MAX);
}
