/* Accept-Encoding, Vary and the rest of a response's headers, whatever stands in them. */
#include "gzip/negotiate.h"

#include <strings.h>

#include "../fuzz.h"

static const char *const names[] = {"Content-Type", "Vary",          "Cache-Control",   "ETag",
				    "vary",         "Content-Range", "Content-Encoding"};

static void given(struct fuzz *f, struct wsgi_headers *h)
{
	const size_t n = fuzz_below(f, 6);

	for (size_t i = 0; i < n; i++) {
		const char *name = names[fuzz_below(f, sizeof(names) / sizeof(names[0]))];
		char *value = fuzz_text(f, 60);

		must(wsgi_headers_add_span(h, wsgi_span_of(name), wsgi_span_of(value)) == 0);
		free(value);
	}
}

/* Nobody gets gzip who did not name it, or everything. */
static bool has_gzip(struct wsgi_span accept)
{
	for (size_t i = 0; i < accept.len; i++)
		if (accept.data[i] == '*' ||
		    (accept.len - i >= 4 && strncasecmp(accept.data + i, "gzip", 4) == 0))
			return true;
	return false;
}

/* What add_vary and relabel leave to be said when they are called again: nothing. */
static void check_twice(struct wsgi_headers *h)
{
	struct wsgi_buf once = {0}, twice = {0};

	if (wsgi_gzip_add_vary(h) != 0) { /* a control character in what was joined */
		must(wsgi_headers_contains(h, "Vary"));
		return;
	}
	must(wsgi_headers_contains(h, "Vary"));
	must(wsgi_headers_bytes(h, &once) == 0);
	must(wsgi_gzip_add_vary(h) == 0);
	must(wsgi_headers_bytes(h, &twice) == 0);
	must(same((struct wsgi_span){once.data, once.len},
		  (struct wsgi_span){twice.data, twice.len}));
	wsgi_buf_finish(&once);
	wsgi_buf_finish(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	struct wsgi_span accept = fuzz_span(&f, 80);
	struct wsgi_headers h;
	bool fit;

	wsgi_headers_init(&h);
	given(&f, &h);
	if (wsgi_gzip_is_accepted(accept))
		must(has_gzip(accept));
	fit = wsgi_gzip_is_fit(wsgi_span_of("200 OK"), &h);
	must(!fit || !wsgi_headers_contains(&h, "Content-Encoding"));
	must(!wsgi_gzip_is_fit(wsgi_span_of("206 Partial Content"), &h));
	check_twice(&h);
	if (fit && wsgi_gzip_relabel(&h) == 0) {
		must(!wsgi_gzip_is_fit(wsgi_span_of("200 OK"), &h));
		must(!wsgi_headers_contains(&h, "Content-Length"));
	}
	wsgi_headers_finish(&h);
	fuzz_free(accept);
	return 0;
}
