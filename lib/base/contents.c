#include "base/contents.h"

#include <errno.h>

#include "base/fdio.h"

enum { BLOCK = 4096 };

/* How many bytes can be read into it, with a NUL behind them; 0: no memory for any. */
static size_t room_of(struct wsgi_buf *text)
{
	if (text->cap - text->len < 2 && wsgi_buf_reserve(text, BLOCK) != 0)
		return 0;
	return text->cap - text->len - 1;
}

int wsgi_contents_read(int fd, size_t most, struct wsgi_buf *text)
{
	size_t room, left = most;

	while ((room = room_of(text)) > 0) {
		ssize_t n = wsgi_fd_read(fd, text->data + text->len, room);

		text->data[text->len + (n > 0 ? (size_t)n : 0)] = '\0';
		if (n <= 0)
			return (int)n;
		text->len += (size_t)n;
		if ((size_t)n > left)
			return -EFBIG;
		left -= (size_t)n;
	}
	return -ENOMEM;
}
