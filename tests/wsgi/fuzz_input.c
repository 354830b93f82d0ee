/*
 * read, readline, readlines and read_all in any order, over slices of any size: together they give
 * what one naive reader of the same bytes gives.
 */
#include "wsgi/input.h"

#include <errno.h>

#include "../fuzz.h"
#include "base/container.h"

enum { FAILURE = -ECONNRESET };

struct source {
	struct wsgi_input input;
	struct fuzz *f;        /* says how much comes at a time */
	struct wsgi_span rest; /* what is still to come */
	bool fails;            /* at its end */
};

static ssize_t read_some(struct wsgi_input *in, void *buf, size_t len)
{
	struct source *s = container_of(in, struct source, input);
	size_t n = s->rest.len;

	must(len > 0);
	if (n == 0)
		return s->fails ? FAILURE : 0;
	if (n > len)
		n = len;
	n = 1 + fuzz_byte(s->f) % n;
	memcpy(buf, s->rest.data, n);
	s->rest = (struct wsgi_span){s->rest.data + n, s->rest.len - n};
	return (ssize_t)n;
}

/* The naive reader: the body as it is, and how much of it has been given out. */
struct reader {
	struct wsgi_span body;
	bool fails; /* a read at the end of it fails */
};

static void expect(struct reader *r, const void *got, size_t len, size_t want)
{
	must(len == want && want <= r->body.len);
	must(len == 0 || memcmp(got, r->body.data, len) == 0);
	if (len > 0)
		r->body = (struct wsgi_span){r->body.data + len, r->body.len - len};
}

static size_t line_of(const struct reader *r, size_t limit)
{
	const char *end = r->body.len > 0 ? memchr(r->body.data, '\n', r->body.len) : NULL;
	size_t len = end != NULL ? (size_t)(end - r->body.data) + 1 : r->body.len;

	return len < limit ? len : limit;
}

/* What a call may return that has given nothing: the end, or the failure that stands there. */
static void expect_nothing(const struct reader *r, ssize_t rc, bool asked)
{
	must(rc == (asked && r->fails && r->body.len == 0 ? FAILURE : 0));
}

static void read_n(struct wsgi_input *in, struct reader *r, size_t n)
{
	char *buf = malloc(n);
	ssize_t rc = wsgi_input_read(in, buf, n);

	if (rc > 0)
		expect(r, buf, (size_t)rc, n < r->body.len ? n : r->body.len);
	else
		expect_nothing(r, rc, n > 0);
	free(buf);
}

static void read_line(struct wsgi_input *in, struct reader *r, size_t limit)
{
	struct wsgi_buf out = {0};
	ssize_t rc;

	must(wsgi_buf_adds(&out, "before") == 0);
	rc = wsgi_input_readline(in, &out, limit);
	must(memcmp(out.data, "before", 6) == 0);
	if (rc > 0) {
		must((size_t)rc == out.len - 6);
		expect(r, out.data + 6, out.len - 6, line_of(r, limit));
	} else {
		must(out.len == 6);
		expect_nothing(r, rc, limit > 0);
	}
	wsgi_buf_finish(&out);
}

static void read_lines(struct wsgi_input *in, struct reader *r, size_t hint)
{
	struct wsgi_buf out = {0};
	int rc = wsgi_input_readlines(in, &out, hint);
	size_t at = 0, len;

	while ((hint == 0 || at < hint) && (len = line_of(r, SIZE_MAX)) > 0) {
		must(at + len <= out.len);
		expect(r, out.data + at, len, len);
		at += len;
	}
	must(at == out.len);
	if (rc != 0)
		expect_nothing(r, rc, true);
	wsgi_buf_finish(&out);
}

static void read_all(struct wsgi_input *in, struct reader *r)
{
	struct wsgi_buf out = {0};
	int rc = wsgi_input_read_all(in, &out);

	must(rc == (r->fails ? FAILURE : 0));
	expect(r, out.data, out.len, r->body.len);
	wsgi_buf_finish(&out);
}

static void step(struct fuzz *f, struct wsgi_input *in, struct reader *r)
{
	const uint8_t op = fuzz_byte(f);
	const size_t n = fuzz_byte(f);
	const uint64_t left = wsgi_input_left(in);

	must(left == UINT64_MAX || left >= r->body.len);
	if (op % 32 == 0)
		read_all(in, r);
	else if (op % 32 == 1)
		read_lines(in, r, n);
	else if (op % 4 == 2)
		read_line(in, r, SIZE_MAX);
	else if (op % 4 == 3)
		read_line(in, r, n);
	else
		read_n(in, r, op & 64 ? n * 100 : n); /* beyond the read-ahead, or within */
}

/* Some pieces of text, often enough with a newline; at most 20 KiB, more than is read ahead. */
static struct wsgi_buf body_of(struct fuzz *f)
{
	struct wsgi_buf body = {0};
	char piece[2048];

	for (size_t n = fuzz_below(f, 40); n > 0 && body.len < 20000; n--) {
		const uint8_t how = fuzz_byte(f);
		size_t len = (how & 15) == 15 ? 2048 : how & 15;

		memset(piece, how, sizeof(piece));
		if (how & 16)
			piece[fuzz_byte(f)] = '\n';
		must(wsgi_buf_add(&body, piece, len) == 0);
		if (how & 32)
			must(wsgi_buf_adds(&body, "\n") == 0);
	}
	return body;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	const bool fails = fuzz_byte(&f) % 4 == 1;
	struct wsgi_buf body = body_of(&f);
	struct source s = {.f = &f, .rest = {body.data, body.len}, .fails = fails};
	struct reader r = {.body = {body.data, body.len}, .fails = fails};
	uint64_t length = UINT64_MAX;

	if (fuzz_byte(&f) % 2 == 0)
		length = (uint64_t)fuzz_byte(&f) * 100 + fuzz_byte(&f);
	if (length <= body.len) {
		r.body.len = (size_t)length;
		r.fails = false;
	}
	wsgi_input_init(&s.input, read_some, length);
	while (f.len > 0)
		step(&f, &s.input, &r);
	read_all(&s.input, &r);
	read_n(&s.input, &r, 1);
	wsgi_input_finish(&s.input);
	wsgi_buf_finish(&body);
	return 0;
}
