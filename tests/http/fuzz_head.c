/* The head of a CGI response, whole and in two slices: the same outcome, and no memory error. */
#include <stdint.h>
#include <stdlib.h>

#include "http/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wsgi_http_head whole, sliced;
	size_t cut = size > 0 ? data[0] % size : 0;
	ssize_t n, first, second = 0;

	wsgi_http_head_init(&whole);
	wsgi_http_head_init(&sliced);
	n = wsgi_http_head_feed(&whole, data, size, NULL);
	first = wsgi_http_head_feed(&sliced, data, cut, NULL);
	if (first == (ssize_t)cut && !sliced.whole)
		second = wsgi_http_head_feed(&sliced, data + cut, size - cut, NULL);
	if (n >= 0 && (first + second != n || sliced.whole != whole.whole ||
		       sliced.status != whole.status || sliced.headers.len != whole.headers.len))
		abort();
	wsgi_http_head_finish(&whole);
	wsgi_http_head_finish(&sliced);
	return 0;
}
