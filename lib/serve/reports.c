#include "serve/reports.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 4096 };

void wsgi_reports_init(struct wsgi_reports *r, int pipe)
{
	*r = (struct wsgi_reports){.pipe = pipe};
}

static void close_pipe(struct wsgi_reports *r)
{
	if (r->pipe >= 0)
		close(r->pipe);
	r->pipe = -1;
}

void wsgi_reports_finish(struct wsgi_reports *r)
{
	close_pipe(r);
	wsgi_buf_finish(&r->bytes);
	r->taken = 0;
}

int wsgi_reports_read(struct wsgi_reports *r)
{
	ssize_t n = -1;

	while (r->pipe >= 0 && n != 0) {
		int rc = wsgi_buf_reserve(&r->bytes, PIECE);

		if (rc != 0)
			return rc;
		n = read(r->pipe, r->bytes.data + r->bytes.len, PIECE);
		if (n < 0)
			return 0;
		r->bytes.len += (size_t)n;
	}
	close_pipe(r);
	return 0;
}

bool wsgi_reports_next(struct wsgi_reports *r, struct wsgi_report *out)
{
	const char *end, *times;
	char *rest;

	wsgi_buf_drop(&r->bytes, r->taken);
	r->taken = 0;
	end = r->bytes.len > 0 ? memmem(r->bytes.data, r->bytes.len, "\0", 2) : NULL;
	if (end == NULL)
		return false;
	out->state = r->bytes.data;
	times = out->state + strlen(out->state) + 1;
	out->before_ns = strtoll(times, &rest, 10);
	out->asked_ns = strtoll(rest, &rest, 10);
	out->files = times + strlen(times) + 1;
	out->len = (size_t)(end + 1 - out->files);
	r->taken = (size_t)(end + 2 - out->state);
	return true;
}
