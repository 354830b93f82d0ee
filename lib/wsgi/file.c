#include "wsgi/file.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/container.h"
#include "base/fdio.h"

enum { BLOCK_SIZE = 8192 };

/* Like wsgi_fd_read(), at an offset: a regular file never makes one wait. */
static ssize_t read_at(int fd, void *buf, size_t len, off_t offset)
{
	ssize_t n;

	while ((n = pread(fd, buf, len, offset)) < 0)
		if (errno != EINTR)
			return -errno;
	return n;
}

static int next(struct wsgi_body *body, const void **data, size_t *len)
{
	struct wsgi_file_body *f = container_of(body, struct wsgi_file_body, body);
	struct wsgi_file *file = &f->file;
	size_t want = f->block_size < file->len ? f->block_size : (size_t)file->len;
	ssize_t n;

	if (want == 0)
		return 0;
	n = body->file != NULL ? read_at(file->fd, f->block, want, file->offset)
			       : wsgi_fd_read(file->fd, f->block, want);
	if (n <= 0)
		return (int)n;
	file->offset += n;
	if (file->len != UINT64_MAX)
		file->len -= (uint64_t)n;
	*data = f->block;
	*len = (size_t)n;
	return 1;
}

static int close_body(struct wsgi_body *body)
{
	struct wsgi_file_body *f = container_of(body, struct wsgi_file_body, body);

	free(f->block);
	f->block = NULL;
	if (f->closed != NULL)
		f->closed(f);
	return 0;
}

int wsgi_file_body_init(struct wsgi_file_body *f, int fd, size_t block_size)
{
	struct stat st;

	*f = (struct wsgi_file_body){
		.body = {.next = next, .close = close_body},
		.file = {.fd = fd, .len = UINT64_MAX},
		.block_size = block_size != 0 ? block_size : BLOCK_SIZE,
	};
	if (fstat(fd, &st) != 0)
		return -errno;
	if (S_ISREG(st.st_mode)) {
		f->file.offset = lseek(fd, 0, SEEK_CUR);
		if (f->file.offset < 0)
			return -errno;
		f->body.file = &f->file;
	}
	f->block = malloc(f->block_size);
	return f->block != NULL ? 0 : -ENOMEM;
}
