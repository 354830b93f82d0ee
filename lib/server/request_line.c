#include "server/request_line.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/when.h"

static void append(char *line, size_t size, size_t *len, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0' && *len < size; p++) {
		bool escape = *p < 32 || *p == 127 || *p == '\\';
		int n = snprintf(line + *len, size - *len, escape ? "\\x%02x" : "%c", *p);

		if ((size_t)n >= size - *len)
			return;
		*len += (size_t)n;
	}
}

static const char *variable(const struct wsgi_environ *env, const char *name)
{
	const char *value = wsgi_environ_get(env, name);

	return value != NULL && value[0] != '\0' ? value : "-";
}

size_t wsgi_request_line(const struct wsgi_environ *env, int status, uint64_t body_bytes,
			 long long seconds, char *line, size_t size)
{
	size_t room = size - 96; /* for the date and the end of the line */
	size_t len = 0;
	struct wsgi_when when;
	const struct tm *tm = &when.tm;

	wsgi_when_read(&when, seconds);
	append(line, room, &len, variable(env, "REMOTE_ADDR"));
	len += (size_t)snprintf(line + len, size - len, " - - [%02d/%s/%04d %02d:%02d:%02d] \"",
				tm->tm_mday, wsgi_when_months[tm->tm_mon], tm->tm_year + 1900,
				tm->tm_hour, tm->tm_min, tm->tm_sec);
	append(line, room, &len, variable(env, "REQUEST_METHOD"));
	append(line, room, &len, " ");
	append(line, room, &len, variable(env, "REQUEST_URI"));
	append(line, room, &len, " ");
	append(line, room, &len, variable(env, "SERVER_PROTOCOL"));
	if (status == 0)
		return len + (size_t)snprintf(line + len, size - len, "\" - -\n");
	len += (size_t)snprintf(line + len, size - len, "\" %d %llu\n", status,
				(unsigned long long)body_bytes);
	return len;
}

void wsgi_request_line_write(const struct wsgi_log *log, const char *line, size_t len)
{
	/* One write, so that lines of several threads do not mix; a lost line is no failure. */
	if (log->fd >= 0 && write(log->fd, line, len) < 0)
		return;
}
