/* Any body, however it is cut and written: what the client unpacks is what the application made. */
#include "gzip/gzip.h"

#include <errno.h>
#include <zlib.h>

#include "../fuzz.h"
#include "base/container.h"
#include "wsgi/body.h"

enum { CHUNKS_MAX = 8, PAGE_MAX = 1 << 20, FAILURE = -EIO };

/* -- a server that keeps what it gets ---------------------------------------------------------- */

static struct wsgi_headers headers;
static struct wsgi_buf sent;

static int respond(struct wsgi_start *start, const char *status, const struct wsgi_header *list,
		   size_t n, const struct wsgi_error *exc)
{
	(void)start;
	must(strcmp(status, "200 OK") == 0 && exc == NULL && wsgi_headers_len(&headers) == 0);
	return wsgi_headers_add_all(&headers, list, n);
}

static int take(struct wsgi_start *start, const void *data, size_t len)
{
	(void)start;
	return wsgi_buf_add(&sent, data, len);
}

/* -- an application ---------------------------------------------------------------------------- */

static struct {
	struct wsgi_body body;
	struct wsgi_span chunks[CHUNKS_MAX];
	size_t len, at;
	bool counts, writes;
	int end;
} page;
static char bytes[PAGE_MAX];

static int next(struct wsgi_body *body, const void **data, size_t *len)
{
	(void)body;
	if (page.at == page.len)
		return page.end;
	*data = page.chunks[page.at].data;
	*len = page.chunks[page.at++].len;
	return 1;
}

static int count(struct wsgi_body *body, size_t *chunks)
{
	(void)body;
	*chunks = page.len;
	return page.counts ? 0 : -ENOTSUP;
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain"};

	(void)app;
	(void)env;
	must(start->respond(start, "200 OK", &type, 1, NULL) == 0);
	for (; page.writes && page.at < page.len / 2; page.at++)
		must(start->write(start, page.chunks[page.at].data, page.chunks[page.at].len) == 0);
	*body = &page.body;
	return 0;
}

/* Chunks of the bytes there are, some of them many times over. */
static void given_a_page(struct fuzz *f)
{
	const uint8_t flags = fuzz_byte(f);
	size_t used = 0;

	page.len = fuzz_below(f, CHUNKS_MAX + 1);
	page.at = 0;
	page.body = (struct wsgi_body){.next = next, .count = count, .eager = flags & 1};
	page.counts = flags & 2;
	page.writes = flags & 4;
	page.end = flags & 8 ? FAILURE : 0;
	for (size_t i = 0; i < page.len; i++) {
		struct wsgi_span some = fuzz_span(f, 255);
		const size_t times = 1 + fuzz_below(f, 256) * (flags & 16 ? 2 : 0), begin = used;

		for (size_t k = 0; k < times && used + some.len <= PAGE_MAX; k++, used += some.len)
			if (some.len > 0)
				memcpy(bytes + used, some.data, some.len);
		page.chunks[i] = (struct wsgi_span){bytes + begin, used - begin};
		fuzz_free(some);
	}
}

/* -- the client -------------------------------------------------------------------------------- */

static struct wsgi_span all_of_it(void)
{
	size_t len = 0;

	for (size_t i = 0; i < page.len; i++)
		len += page.chunks[i].len;
	return (struct wsgi_span){bytes, len};
}

static void check_packed(struct wsgi_span whole, bool failed)
{
	static char plain[PAGE_MAX + 1];
	z_stream z = {.next_in = (Bytef *)sent.data, .avail_in = (uInt)sent.len};
	int rc;

	must(inflateInit2(&z, 15 + 16) == Z_OK);
	z.next_out = (Bytef *)plain;
	z.avail_out = sizeof(plain);
	rc = inflate(&z, Z_SYNC_FLUSH);
	must(z.total_out <= whole.len && memcmp(plain, whole.data, z.total_out) == 0);
	must(failed ? rc != Z_STREAM_END : rc == Z_STREAM_END && z.total_out == whole.len);
	must(z.avail_in == 0);
	inflateEnd(&z);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wsgi_start start = {.respond = respond, .write = take};
	struct wsgi_app app = {.call = call};
	struct fuzz f = {data, size};
	struct wsgi_environ env;
	struct wsgi_body *body = NULL;
	struct wsgi_gzip gzip;
	const void *piece;
	size_t len, pieces = 0;
	int rc;

	given_a_page(&f);
	wsgi_headers_init(&headers);
	wsgi_environ_init(&env);
	must(wsgi_environ_set(&env, "HTTP_ACCEPT_ENCODING", "gzip") == 0);
	wsgi_gzip_init(&gzip, &app);
	must(gzip.app.call(&gzip.app, &env, &start, &body) == 0);
	for (; (rc = body->next(body, &piece, &len)) == 1; pieces++)
		must(wsgi_buf_add(&sent, piece, len) == 0);
	must(rc == page.end);
	must(body->count(body, &len) != 0 || len == pieces || page.writes || rc != 0);
	if (wsgi_headers_contains(&headers, "Content-Encoding"))
		check_packed(all_of_it(), rc != 0);
	else
		must(same((struct wsgi_span){sent.data, sent.len}, all_of_it()));
	wsgi_body_close(body);
	wsgi_environ_finish(&env);
	wsgi_headers_finish(&headers);
	wsgi_buf_finish(&sent);
	return 0;
}
