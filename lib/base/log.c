#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A pipe takes so many bytes in one piece, whoever else writes to it (write(2), PIPE_BUF). */
enum { LINE_SIZE = PIPE_BUF, TEXT_SIZE = LINE_SIZE };

static const char cut[] = "...\n";

static size_t put_char(char *line, size_t at, unsigned char c)
{
	if (c >= 0x20 && c != 0x7f) {
		line[at] = (char)c;
		return at + 1;
	}
	return at + (size_t)sprintf(line + at, "\\x%02x", c);
}

/* Add text, escaped; what does not fit is cut, and seen to be cut. Returns the line's length. */
static size_t put_text(char line[LINE_SIZE], size_t at, const char *text)
{
	const size_t longest = sizeof("\\x00");

	for (; *text != '\0'; text++) {
		if (at + longest + sizeof(cut) > LINE_SIZE) {
			memcpy(line + at, cut, sizeof(cut) - 1);
			return at + sizeof(cut) - 1;
		}
		at = put_char(line, at, (unsigned char)*text);
	}
	line[at++] = '\n';
	return at;
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
	len = (size_t)snprintf(line, sizeof(line) / 2, "%s: ", log->program);
	if (len >= sizeof(line) / 2)
		len = sizeof(line) / 2 - 1;
	len = put_text(line, len, text);
	/* Where a log cannot be written there is nobody to tell. */
	while (write(log->fd, line, len) < 0 && errno == EINTR)
		;
	errno = saved;
}
