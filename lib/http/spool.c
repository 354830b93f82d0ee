#include "http/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void wsgi_spool_init(struct wsgi_spool *s)
{
	*s = (struct wsgi_spool){.fd = -1};
}

void wsgi_spool_finish(struct wsgi_spool *s)
{
	wsgi_buf_finish(&s->mem);
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
}

uint64_t wsgi_spool_len(const struct wsgi_spool *s)
{
	return s->mem.len - s->at + (uint64_t)(s->tail - s->head);
}

static int open_file(struct wsgi_spool *s)
{
	const char *dir = getenv("TMPDIR");
	char path[512];

	if (dir == NULL || dir[0] == '\0' || strlen(dir) > sizeof(path) - 32)
		dir = "/tmp";
	snprintf(path, sizeof(path), "%s/wsgi-XXXXXX", dir);
	s->fd = mkostemp(path, O_CLOEXEC);
	if (s->fd == -1)
		return -errno;
	unlink(path);
	return 0;
}

static int add_to_file(struct wsgi_spool *s, const char *data, size_t len)
{
	int rc = s->fd == -1 ? open_file(s) : 0;

	while (rc == 0 && len > 0) {
		ssize_t n = pwrite(s->fd, data, len, s->tail);

		if (n < 0) {
			rc = errno == EINTR ? 0 : -errno;
			continue;
		}
		data += n;
		len -= (size_t)n;
		s->tail += n;
	}
	return rc;
}

int wsgi_spool_add(struct wsgi_spool *s, const void *data, size_t len)
{
	if (s->head != s->tail || s->mem.len - s->at + len > WSGI_SPOOL_MEMORY)
		return add_to_file(s, data, len);
	/* Move the rest to the front only when that is cheap: then each byte moves once or less. */
	if (s->at > s->mem.len / 2) {
		wsgi_buf_drop(&s->mem, s->at);
		s->at = 0;
	}
	return wsgi_buf_add(&s->mem, data, len);
}

static ssize_t take_from_file(struct wsgi_spool *s, void *buf, size_t len)
{
	size_t left = (size_t)(s->tail - s->head);
	ssize_t n;

	do
		n = pread(s->fd, buf, len < left ? len : left, s->head);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n == 0 ? -EIO : -errno;
	s->head += n;
	if (s->head == s->tail) {
		s->head = s->tail = 0;
		if (ftruncate(s->fd, 0) != 0)
			return -errno;
	}
	return n;
}

ssize_t wsgi_spool_take(struct wsgi_spool *s, void *buf, size_t len)
{
	size_t left = s->mem.len - s->at;

	if (len == 0)
		return 0;
	if (left == 0)
		return s->head != s->tail ? take_from_file(s, buf, len) : 0;
	if (len > left)
		len = left;
	memcpy(buf, s->mem.data + s->at, len);
	s->at += len;
	if (s->at == s->mem.len)
		s->at = s->mem.len = 0;
	return (ssize_t)len;
}
