#include "gzip/gzip.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/container.h"
#include "gzip/negotiate.h"
#include "wsgi/body.h"
#include "wsgi/head.h"
#include "wsgi/status.h"

enum {
	PIECE = 64 << 10,  /* of compressed bytes, given to the server at a time */
	WHOLE = 256 << 10, /* a body of one chunk up to this size gets a Content-Length */
	FEED = 1 << 30,    /* zlib counts in unsigned int */
	GZIP_WINDOW = 15 + 16,
	MEM_LEVEL = 8, /* zlib's default */
};

/* What becomes of the response. Until its head is passed on, the application may change it. */
enum mode { UNDECIDED, PLAIN, COMPRESSED };

/* A response on its way through. */
struct gzipped {
	struct wsgi_start start; /* the application's */
	struct wsgi_body body;   /* the server's */
	struct wsgi_start *server;
	struct wsgi_body *inner;
	const struct wsgi_gzip *gzip;
	bool is_head, is_accepted;
	enum mode mode;
	int failed; /* what settling or a write() returned first, if the application did not look */
	struct wsgi_buf status; /* with its NUL; empty: start_response() was not called */
	struct wsgi_headers headers;
	z_stream z;
	bool z_begun;
	struct wsgi_span left; /* of the application's chunk, not given to z yet */
	int flush;             /* what z does once it has that */
	bool due;              /* z is to be called before there is another chunk */
	bool whole;            /* out takes all of the body */
	char *out;
	size_t out_size;
};

/* -- the head ---------------------------------------------------------------------------------- */

/* Remember the head. What is refused is not kept. */
static int keep_head(struct gzipped *g, const char *status, const struct wsgi_header *headers,
		     size_t n)
{
	int rc = wsgi_head_check(status, headers, n, g->server->failure);

	g->status.len = 0;
	wsgi_headers_clear(&g->headers);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = wsgi_headers_add_span(&g->headers, wsgi_span_of(headers[i].name),
					   wsgi_span_of(headers[i].value));
	return rc == 0 ? wsgi_buf_add(&g->status, status, strlen(status) + 1) : rc;
}

static int respond(struct wsgi_start *start, const char *status, const struct wsgi_header *headers,
		   size_t n, const struct wsgi_error *exc)
{
	struct gzipped *g = container_of(start, struct gzipped, start);
	int rc;

	start->error = g->server->failure;
	if (exc == NULL && g->status.len > 0)
		return wsgi_fail(g->server->failure, -EPROTO, "Headers already set!");
	if (g->mode == UNDECIDED)
		return keep_head(g, status, headers, n);
	rc = g->server->respond(g->server, status, headers, n, exc);
	start->error = g->server->error;
	if (rc == 0) { /* nothing had gone out: this is another response */
		g->mode = PLAIN;
		g->failed = 0;
	}
	return rc;
}

static int pass_head(struct gzipped *g)
{
	int rc = wsgi_headers_respond(&g->headers, g->server, g->status.data, NULL);

	g->start.error = g->server->error;
	return rc;
}

static struct wsgi_span status_of(const struct gzipped *g)
{
	return (struct wsgi_span){.data = g->status.data, .len = g->status.len - 1};
}

/* Whether it is worth it. What length the header does not tell, known does; UINT64_MAX: nobody. */
static bool is_long(const struct gzipped *g, uint64_t known)
{
	const char *header = wsgi_headers_get(&g->headers, "Content-Length");

	if (header != NULL && wsgi_length_parse(header, &known) != WSGI_LENGTH_GIVEN)
		return false; /* let the server see it */
	return known >= g->gzip->min_bytes;
}

static void empty_out(struct gzipped *g)
{
	g->z.next_out = (Bytef *)g->out;
	g->z.avail_out = (uInt)g->out_size;
}

static int begin_deflate(struct gzipped *g, uint64_t known)
{
	int rc = deflateInit2(&g->z, g->gzip->level, Z_DEFLATED, GZIP_WINDOW, MEM_LEVEL,
			      Z_DEFAULT_STRATEGY);

	if (rc == Z_STREAM_ERROR)
		return wsgi_fail(g->server->failure, -EINVAL, "gzip: there is no level %d",
				 g->gzip->level);
	if (rc != Z_OK)
		return -ENOMEM;
	g->z_begun = true;
	g->out_size = g->whole ? deflateBound(&g->z, (uLong)known) : PIECE;
	g->out = malloc(g->out_size);
	if (g->out == NULL)
		return -ENOMEM;
	empty_out(g);
	return 0;
}

/* Whether it may be compressed, by what its head alone tells. */
static bool may_compress(const struct gzipped *g)
{
	return g->is_accepted && wsgi_gzip_is_fit(status_of(g), &g->headers) &&
	       is_long(g, UINT64_MAX);
}

/*
 * Decide, and pass the head on.
 *   known   the length of the body; UINT64_MAX: not known
 */
static int settle(struct gzipped *g, uint64_t known)
{
	const bool could = wsgi_gzip_is_fit(status_of(g), &g->headers) && is_long(g, known);
	int rc = could ? wsgi_gzip_add_vary(&g->headers) : 0;

	g->mode = could && g->is_accepted ? COMPRESSED : PLAIN;
	if (rc == 0 && g->mode == COMPRESSED)
		rc = wsgi_gzip_relabel(&g->headers);
	if (rc == 0 && g->mode == COMPRESSED)
		rc = begin_deflate(g, known);
	if (rc == 0)
		rc = pass_head(g);
	g->failed = rc;
	return rc;
}

/* -- compressing ------------------------------------------------------------------------------- */

static size_t out_len(const struct gzipped *g)
{
	return g->out_size - g->z.avail_out;
}

/* These bytes are to be compressed next, then z flushed so. */
static void add_input(struct gzipped *g, const void *data, size_t len, int flush)
{
	g->left = (struct wsgi_span){.data = data, .len = len};
	g->flush = flush;
	g->due = true;
}

/*
 * The same with a chunk of the body. One that is sent at once is flushed: the client can read it.
 *   rc   what next returned, not a failure
 */
static void take(struct gzipped *g, int rc, const void *const *data, const size_t *len)
{
	const bool gathers = g->inner->eager || g->whole;

	if (rc == 0)
		add_input(g, NULL, 0, Z_FINISH);
	else
		add_input(g, *data, *len, gathers ? Z_NO_FLUSH : Z_SYNC_FLUSH);
}

static void feed(struct gzipped *g)
{
	const size_t n = g->left.len < FEED ? g->left.len : FEED;

	g->z.next_in = (const Bytef *)g->left.data;
	g->z.avail_in = (uInt)n;
	if (n > 0)
		g->left = (struct wsgi_span){.data = g->left.data + n, .len = g->left.len - n};
}

/* Compress what was taken, as far as there is room in out. */
static void squeeze(struct gzipped *g)
{
	z_stream *z = &g->z;
	int rc;

	do {
		if (z->avail_in == 0)
			feed(g);
		rc = deflate(z, g->left.len > 0 ? Z_NO_FLUSH : g->flush);
		assert(rc != Z_STREAM_ERROR);
	} while (z->avail_out > 0 && (z->avail_in > 0 || g->left.len > 0));
	g->due = z->avail_out == 0 && rc != Z_STREAM_END;
}

/* The application's next chunk, if nothing has failed, and nothing does that it writes there. */
static int next_chunk(struct gzipped *g, const void **data, size_t *len)
{
	int rc = g->failed == 0 ? g->inner->next(g->inner, data, len) : 0;

	return g->failed == 0 ? rc : g->failed;
}

/*
 * The next piece. There is one for each chunk of a body that makes them as it goes, though it be
 * empty; those of a list are gathered.
 */
static int next_piece(struct gzipped *g, const void **data, size_t *len)
{
	int rc;

	do {
		if (!g->due && g->flush == Z_FINISH)
			return 0;
		if (!g->due) {
			rc = next_chunk(g, data, len);
			if (rc < 0 || g->mode == PLAIN)
				return rc;
			take(g, rc, data, len);
		}
		squeeze(g);
	} while (!g->due && g->flush == Z_NO_FLUSH);
	*data = g->out;
	*len = out_len(g);
	return 1;
}

static int write_compressed(struct gzipped *g, const void *data, size_t len)
{
	int rc = 0;

	add_input(g, data, len, Z_SYNC_FLUSH);
	while (g->due && rc == 0) {
		squeeze(g);
		rc = g->server->write(g->server, g->out, out_len(g));
		empty_out(g);
	}
	g->failed = rc;
	return rc;
}

static int write_body(struct wsgi_start *start, const void *data, size_t len)
{
	struct gzipped *g = container_of(start, struct gzipped, start);
	int rc = g->failed;

	if (g->mode == UNDECIDED && g->status.len > 0)
		rc = settle(g, UINT64_MAX);
	if (rc == 0 && g->mode == COMPRESSED)
		rc = write_compressed(g, data, len);
	else if (rc == 0)
		rc = g->server->write(g->server, data, len);
	start->error = g->server->error;
	return rc;
}

/* -- the body ---------------------------------------------------------------------------------- */

/*
 * The length of a body from its first chunk.
 *   rc   what next returned
 */
static int learn_length(struct gzipped *g, int rc, size_t len, uint64_t *known)
{
	const uint64_t if_empty = g->is_head ? UINT64_MAX : 0; /* to GET it would not have been */
	size_t chunks = 0;

	*known = rc == 0 ? if_empty : UINT64_MAX;
	if (rc == 0 || g->inner->count == NULL)
		return 0;
	rc = g->inner->count(g->inner, &chunks);
	if (rc != 0)
		return rc == -ENOTSUP ? 0 : rc;
	if (chunks == 1)
		*known = len > 0 ? len : if_empty;
	g->whole = *known <= WHOLE;
	return 0;
}

/* The first chunk is there, or the end: now it can be decided. */
static int settle_at_first(struct gzipped *g, int rc, size_t len)
{
	uint64_t known;

	rc = learn_length(g, rc, len, &known);
	return rc == 0 ? settle(g, known) : rc;
}

static int next(struct wsgi_body *body, const void **data, size_t *len)
{
	struct gzipped *g = container_of(body, struct gzipped, body);
	int rc, settled = 0;

	if (g->mode == COMPRESSED && g->failed == 0) {
		empty_out(g);
		return next_piece(g, data, len);
	}
	rc = next_chunk(g, data, len);
	if (rc < 0 || g->status.len == 0)
		return rc;
	if (g->mode == UNDECIDED)
		settled = settle_at_first(g, rc, rc > 0 ? *len : 0);
	if (settled != 0 || g->mode == PLAIN)
		return settled != 0 ? settled : rc;
	take(g, rc, data, len);
	return next_piece(g, data, len);
}

static int count(struct wsgi_body *body, size_t *chunks)
{
	struct gzipped *g = container_of(body, struct gzipped, body);

	if (g->mode == PLAIN && g->inner->count != NULL)
		return g->inner->count(g->inner, chunks);
	*chunks = 1;
	return g->whole ? 0 : -ENOTSUP;
}

static void destroy(struct gzipped *g)
{
	if (g->z_begun)
		deflateEnd(&g->z);
	free(g->out);
	wsgi_buf_finish(&g->status);
	wsgi_headers_finish(&g->headers);
	free(g);
}

static int close_body(struct wsgi_body *body)
{
	struct gzipped *g = container_of(body, struct gzipped, body);
	int rc = wsgi_body_close(g->inner);

	destroy(g);
	return rc;
}

/* -- the application --------------------------------------------------------------------------- */

static struct gzipped *create(const struct wsgi_gzip *gzip, const struct wsgi_environ *env,
			      struct wsgi_start *server)
{
	const char *method = wsgi_environ_get(env, "REQUEST_METHOD");
	struct wsgi_span accept = {0};
	struct gzipped *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	wsgi_environ_find(env, "HTTP_ACCEPT_ENCODING", &accept);
	g->start = (struct wsgi_start){.respond = respond,
				       .write = write_body,
				       .error = server->error,
				       .failure = server->failure};
	g->server = server;
	g->gzip = gzip;
	g->is_head = method != NULL && strcmp(method, "HEAD") == 0;
	g->is_accepted = wsgi_gzip_is_accepted(accept);
	wsgi_headers_init(&g->headers);
	return g;
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	const struct wsgi_gzip *gzip = container_of(app, struct wsgi_gzip, app);
	struct gzipped *g = create(gzip, env, start);
	int rc;

	if (g == NULL)
		return -ENOMEM;
	rc = gzip->application->call(gzip->application, env, &g->start, &g->inner);
	if (rc == 0 && g->mode == UNDECIDED && g->status.len > 0 && !may_compress(g))
		rc = settle(g, UINT64_MAX);
	if (rc != 0 || g->inner == NULL) { /* no body: the server has a word for that */
		wsgi_body_close(g->inner);
		destroy(g);
		return rc;
	}
	g->body = (struct wsgi_body){
		.next = next,
		.close = close_body,
		.count = count,
		.eager = g->inner->eager,
		.file = g->mode == PLAIN ? g->inner->file : NULL,
	};
	*body = &g->body;
	return 0;
}

void wsgi_gzip_init(struct wsgi_gzip *g, struct wsgi_app *application)
{
	*g = (struct wsgi_gzip){
		.app = {.call = call},
		.application = application,
		.level = 6,
		.min_bytes = 200,
	};
}
