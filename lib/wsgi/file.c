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
	if (n == 0)
		file->len = 0; /* it has ended, whatever is written to it later */
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

static void close_and_free(struct wsgi_file_body *f)
{
	close(f->file.fd);
	free(f);
}

int wsgi_file_body_create(struct wsgi_file_body **f, int fd, size_t block_size)
{
	struct wsgi_file_body *created = malloc(sizeof(*created));
	int rc;

	if (created == NULL)
		return -ENOMEM;
	rc = wsgi_file_body_init(created, fd, block_size);
	if (rc != 0) {
		free(created);
		return rc;
	}
	created->closed = close_and_free;
	*f = created;
	return 0;
}

static int reader_next(struct wsgi_body *body, const void **data, size_t *len)
{
	struct wsgi_reader_body *b = container_of(body, struct wsgi_reader_body, body);
	ssize_t n = b->ended ? 0 : b->reader->read(b->reader, b->block, b->block_size);

	b->ended = n <= 0;
	if (n <= 0)
		return (int)n;
	*data = b->block;
	*len = (size_t)n;
	return 1;
}

static int reader_close(struct wsgi_body *body)
{
	struct wsgi_reader_body *b = container_of(body, struct wsgi_reader_body, body);

	free(b->block);
	b->block = NULL;
	return b->reader->close != NULL ? b->reader->close(b->reader) : 0;
}

int wsgi_reader_body_init(struct wsgi_reader_body *b, struct wsgi_reader *reader, size_t block_size)
{
	*b = (struct wsgi_reader_body){
		.body = {.next = reader_next, .close = reader_close},
		.reader = reader,
		.block_size = block_size != 0 ? block_size : BLOCK_SIZE,
	};
	b->block = malloc(b->block_size);
	return b->block != NULL ? 0 : -ENOMEM;
}
