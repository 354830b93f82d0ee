#include "wsgi/input.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

/* Smaller reads go through a buffer of this size, larger ones straight to their memory. */
enum { AHEAD = 8192, READ_ALL = 65536 };

void wsgi_input_init(struct wsgi_input *in,
		     ssize_t (*read)(struct wsgi_input *in, void *buf, size_t len), uint64_t left)
{
	*in = (struct wsgi_input){.read = read, .left = left};
}

void wsgi_input_finish(struct wsgi_input *in)
{
	if (in == NULL || in->read == NULL)
		return;
	wsgi_buf_finish(&in->ahead);
	in->at = 0;
	in->left = 0;
}

/* Bytes that were read and not yet given out. */
static size_t held(const struct wsgi_input *in)
{
	return in->ahead.len - in->at;
}

uint64_t wsgi_input_left(const struct wsgi_input *in)
{
	if (in->read == NULL)
		return 0;
	return in->left == UINT64_MAX ? UINT64_MAX : in->left + held(in);
}

void wsgi_input_limit(struct wsgi_input *in, uint64_t length)
{
	if (in->read == NULL)
		return;
	if (length < held(in))
		in->ahead.len = in->at + (size_t)length;
	in->left = length == UINT64_MAX ? UINT64_MAX : length - held(in);
}

/* Whether the stream has no more to give, or failed. */
static bool has_ended(const struct wsgi_input *in)
{
	return in->failed != 0 || in->left == 0 || in->read == NULL;
}

/* Some bytes of the stream itself, as many as CONTENT_LENGTH lets pass. */
static ssize_t pull(struct wsgi_input *in, void *buf, size_t len)
{
	ssize_t n;

	if (has_ended(in))
		return in->failed;
	if (len > in->left)
		len = (size_t)in->left;
	n = in->read(in, buf, len < SSIZE_MAX ? len : SSIZE_MAX);
	if (n == 0)
		in->left = 0;
	else if (n < 0)
		in->failed = (int)n;
	else if (in->left != UINT64_MAX)
		in->left -= (uint64_t)n;
	return n;
}

/* See to it that something is held: 1; 0 at the end; -errno. */
static ssize_t fill(struct wsgi_input *in)
{
	ssize_t n;

	if (held(in) > 0)
		return 1;
	if (has_ended(in))
		return in->failed; /* and in is as it was, so that threads may share an empty one */
	in->at = 0;
	in->ahead.len = 0;
	in->failed = wsgi_buf_reserve(&in->ahead, AHEAD);
	n = pull(in, in->ahead.data, AHEAD);
	if (n <= 0)
		return n;
	in->ahead.len = (size_t)n;
	return 1;
}

ssize_t wsgi_input_read_some(struct wsgi_input *in, void *buf, size_t len)
{
	ssize_t rc;

	if (held(in) == 0 && len >= AHEAD)
		return pull(in, buf, len);
	rc = fill(in);
	if (rc <= 0)
		return rc;
	if (len > held(in))
		len = held(in);
	memcpy(buf, in->ahead.data + in->at, len);
	in->at += len;
	return (ssize_t)len;
}

ssize_t wsgi_input_read(struct wsgi_input *in, void *buf, size_t len)
{
	size_t done = 0;
	ssize_t n = 0;

	while (done < len) {
		n = wsgi_input_read_some(in, (char *)buf + done, len - done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done > 0 ? (ssize_t)done : n;
}

static size_t least(uint64_t a, size_t b)
{
	return a < b ? (size_t)a : b;
}

int wsgi_input_read_max(struct wsgi_input *in, struct wsgi_buf *out, size_t limit)
{
	const uint64_t left = wsgi_input_left(in);
	ssize_t n;
	int rc;

	if (left > limit && left != UINT64_MAX)
		return -EFBIG;
	/* A CONTENT_LENGTH is a claim: memory grows with what comes, not with what is announced. */
	rc = wsgi_buf_reserve(out, least(left, least(limit, READ_ALL)));
	while (rc == 0 && limit > 0 && (held(in) > 0 || in->left > 0)) {
		if (out->len == out->cap)
			rc = wsgi_buf_reserve(out, AHEAD);
		if (rc != 0)
			break;
		n = wsgi_input_read_some(in, out->data + out->len,
					 least(limit, out->cap - out->len));
		if (n <= 0)
			return (int)n;
		out->len += (size_t)n;
		limit -= (size_t)n;
	}
	if (rc != 0)
		return rc;
	n = fill(in); /* is there more? */
	return n > 0 ? -EFBIG : (int)n;
}

int wsgi_input_read_all(struct wsgi_input *in, struct wsgi_buf *out)
{
	return wsgi_input_read_max(in, out, SIZE_MAX);
}

ssize_t wsgi_input_readline(struct wsgi_input *in, struct wsgi_buf *out, size_t limit)
{
	const size_t before = out->len;
	ssize_t rc = 0;

	while (out->len - before < limit && (rc = fill(in)) > 0) {
		const char *from = in->ahead.data + in->at, *end;
		size_t len = limit - (out->len - before);

		if (len > held(in))
			len = held(in);
		end = memchr(from, '\n', len);
		if (end != NULL)
			len = (size_t)(end - from) + 1;
		rc = wsgi_buf_add(out, from, len);
		if (rc != 0) {
			in->failed = (int)rc;
			break;
		}
		in->at += len;
		if (end != NULL)
			break;
	}
	/* A failure in the middle of a line is told at the next call. */
	return out->len > before ? (ssize_t)(out->len - before) : rc;
}

int wsgi_input_readlines(struct wsgi_input *in, struct wsgi_buf *out, size_t hint)
{
	const size_t before = out->len;
	ssize_t n;

	do
		n = wsgi_input_readline(in, out, SIZE_MAX);
	while (n > 0 && (hint == 0 || out->len - before < hint));
	return n < 0 ? (int)n : 0;
}

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t\n\v\f\r");
}

enum wsgi_length wsgi_length_parse(const char *text, uint64_t *length)
{
	const char *at;
	uint64_t n = 0;

	if (text == NULL || text[0] == '\0')
		return WSGI_LENGTH_NONE;
	at = skip_blanks(text);
	if (*at == '+')
		at++;
	if (*at < '0' || *at > '9')
		return WSGI_LENGTH_BAD;
	for (; *at >= '0' && *at <= '9'; at++) {
		const uint64_t digit = (uint64_t)(*at - '0');

		n = n > (INT64_MAX - digit) / 10 ? INT64_MAX : n * 10 + digit;
	}
	if (*skip_blanks(at) != '\0')
		return WSGI_LENGTH_BAD;
	*length = n;
	return WSGI_LENGTH_GIVEN;
}
