#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"

/* A pipe takes so many bytes in one piece, whoever else writes to it (write(2), PIPE_BUF). */
enum { LINE_SIZE = PIPE_BUF, TEXT_SIZE = LINE_SIZE, LONGEST_MS = 200 };

static const char cut[] = "...\n";

/*
 * The bytes of what text begins with, when that controls how the rest is shown: of ASCII, of C1
 * (U+0080 to U+009F), an end of lines (U+2028, U+2029) or a change of direction (U+202A to U+202E,
 * U+2066 to U+2069). 0: it is nothing of these.
 */
static size_t control(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	if (s[0] < 0x20 || s[0] == 0x7f)
		return 1;
	if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f)
		return 2;
	if (s[0] == 0xe2 && s[1] == 0x80 && s[2] >= 0xa8 && s[2] <= 0xae)
		return 3;
	return s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9 ? 3 : 0;
}

static size_t put_char(char *line, size_t at, unsigned char c, bool escaped)
{
	if (!escaped) {
		line[at] = (char)c;
		return at + 1;
	}
	return at + (size_t)sprintf(line + at, "\\x%02x", c);
}

/* Add text, escaped; what does not fit is cut, and seen to be cut. Returns the line's length. */
static size_t put_text(char line[LINE_SIZE], size_t at, const char *text)
{
	const size_t longest = sizeof("\\x00");
	size_t escaped = 0; /* so many bytes from text on */

	for (; *text != '\0'; text++) {
		if (at + longest + sizeof(cut) > LINE_SIZE) {
			memcpy(line + at, cut, sizeof(cut) - 1);
			return at + sizeof(cut) - 1;
		}
		if (escaped == 0)
			escaped = control(text);
		at = put_char(line, at, (unsigned char)*text, escaped > 0);
		escaped -= escaped > 0;
	}
	line[at++] = '\n';
	return at;
}

/* gunicorn's head of a line. Returns its length. */
static size_t put_time(char *line, size_t size, enum wsgi_log_level level)
{
	static const char *const names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
	char text[WSGI_WHEN_SIZE];
	struct wsgi_when now;

	wsgi_when_read(&now, (int64_t)time(NULL));
	wsgi_when_log(&now, text);
	return (size_t)snprintf(line, size, "[%s] [%d] [%s] ", text, (int)getpid(), names[level]);
}

/* What stands in front of the text. Returns its length. */
static size_t put_head(char *line, size_t size, const struct wsgi_log *log,
		       enum wsgi_log_level level)
{
	size_t n;

	if (log->program == NULL)
		return put_time(line, size, level);
	n = (size_t)snprintf(line, size, "%s: ", log->program);
	return n < size ? n : size - 1;
}

/*
 * Where a log cannot be written there is nobody to tell; and one that nobody reads, a pipe that is
 * full, must hold up nobody for long: a master that waits there has workers that nobody minds.
 */
static void put(int fd, const char *line, size_t len)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};

	while (poll(&room, 1, LONGEST_MS) < 0)
		if (errno != EINTR)
			return;
	if (room.revents == 0)
		return;
	while (write(fd, line, len) < 0 && errno == EINTR)
		;
}

void wsgi_log(const struct wsgi_log *log, enum wsgi_log_level level, const char *fmt, ...)
{
	char text[TEXT_SIZE], line[LINE_SIZE];
	int saved = errno;
	size_t len;
	va_list ap;

	if (log->fd < 0 || level < log->level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	len = put_text(line, put_head(line, sizeof(line) / 2, log, level), text);
	put(log->fd, line, len);
	errno = saved;
}
