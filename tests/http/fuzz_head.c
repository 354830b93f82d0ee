/*
 * The head of a CGI response: the same outcome whole and in two slices, and nothing in it that
 * would be another response, another length or another connection's.
 */
#include "http/head.h"

#include <errno.h>

#include "../fuzz.h"
#include "http/token.h"
#include "wsgi/hop.h"

static bool is_field(struct wsgi_span name, struct wsgi_span value)
{
	const struct wsgi_span both[] = {name, value};

	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; i < both[s].len; i++)
			if (((unsigned char)both[s].data[i] < ' ' && both[s].data[i] != '\t') ||
			    both[s].data[i] == 127)
				return false;
	return wsgi_http_is_token(name);
}

static void check_whole(const struct wsgi_http_head *h, const char *data, size_t len)
{
	struct wsgi_span name, value;

	must(h->status >= 200 && h->status <= 999);
	must(h->content_length == UINT64_MAX || h->content_length < INT64_MAX);
	/* It ends with its blank line, the first there is. */
	must(len >= 2 && data[len - 1] == '\n');
	must(data[len - 2] == '\n' || (len >= 3 && memcmp(data + len - 3, "\n\r", 2) == 0));
	for (size_t i = 0; i < h->headers.len; i++) {
		wsgi_headers_at(&h->headers, i, &name, &value);
		must(is_field(name, value) && !wsgi_is_hop_by_hop(name));
		must(!wsgi_span_is_nocase(name, "Content-Length"));
	}
}

/* What both say of the same bytes is the same. */
static void check_same(const struct wsgi_http_head *a, const struct wsgi_http_head *b)
{
	struct wsgi_span name[2], value[2];

	must(a->whole == b->whole && a->status == b->status);
	must(a->content_length == b->content_length && a->headers.len == b->headers.len);
	for (size_t i = 0; i < a->headers.len; i++) {
		wsgi_headers_at(&a->headers, i, &name[0], &value[0]);
		wsgi_headers_at(&b->headers, i, &name[1], &value[1]);
		must(same(name[0], name[1]) && same(value[0], value[1]));
	}
}

/* Feed it in slices of the given lengths, over and over. Returns as feed() does for all of it. */
static ssize_t feed(struct wsgi_http_head *h, struct wsgi_span data, const size_t slices[2])
{
	struct wsgi_error err = {0};
	ssize_t done = 0;

	for (size_t i = 0; !h->whole && (size_t)done < data.len; i++) {
		size_t len = data.len - (size_t)done;
		ssize_t n;

		if (len > slices[i % 2])
			len = slices[i % 2];
		n = wsgi_http_head_feed(h, data.data + done, len, &err);
		must(n < 0 || n == (ssize_t)len || h->whole);
		must((n < 0) == (err.text[0] != '\0'));
		if (n < 0)
			return n;
		done += n;
	}
	return done;
}

/* Lines with the names that mean something to a server, and others; or any bytes at all. */
static struct wsgi_buf a_head(struct fuzz *f)
{
	static const char *const starts[] = {
		"Status: ",
		"status:",
		"Content-Length: ",
		"Content-Length: 922337203685477580", /* nearly the most there can be */
		"Location: ",
		"Connection: ",
		"X: ",
		""};
	struct wsgi_buf head = {0};

	if (fuzz_byte(f) % 4 == 0) {
		must(wsgi_buf_add(&head, f->data, f->len) == 0);
		return head;
	}
	while (f->len > 0) {
		const uint8_t how = fuzz_byte(f);
		struct wsgi_span rest = fuzz_span(f, 12);

		must(wsgi_buf_adds(&head, starts[how % 8]) == 0);
		must(wsgi_buf_add(&head, rest.data, rest.len) == 0);
		must(wsgi_buf_adds(&head, how & 8 ? "\r\n" : "\n") == 0);
		if (how > 240)
			must(wsgi_buf_adds(&head, "\n") == 0);
		fuzz_free(rest);
	}
	return head;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	const size_t slices[2] = {1 + fuzz_byte(&f), 1 + fuzz_byte(&f)},
		     all[2] = {SIZE_MAX, SIZE_MAX};
	struct wsgi_buf head = a_head(&f);
	const struct wsgi_span text = {head.data, head.len};
	struct wsgi_http_head whole, sliced;
	ssize_t n;

	wsgi_http_head_init(&whole);
	wsgi_http_head_init(&sliced);
	n = feed(&whole, text, all);
	must(n == -EPROTO || n >= 0);
	must(feed(&sliced, text, slices) == n);
	if (n >= 0)
		check_same(&whole, &sliced);
	if (whole.whole)
		check_whole(&whole, head.data, (size_t)n);
	wsgi_http_head_finish(&whole);
	wsgi_http_head_finish(&sliced);
	wsgi_buf_finish(&head);
	return 0;
}
