/* So many bytes as the query says (1048576), made a block at a time, of a length nobody knows. */
#include "reply.h"

enum { BLOCK = 65536 };

struct stream {
	struct wsgi_body body;
	uint64_t left;
};

static int next(struct wsgi_body *body, const void **data, size_t *len)
{
	static const char block[BLOCK] = "stream\n";
	struct stream *s = container_of(body, struct stream, body);

	if (s->left == 0)
		return 0;
	*data = block;
	*len = s->left < BLOCK ? (size_t)s->left : BLOCK;
	s->left -= *len;
	return 1;
}

static int close_stream(struct wsgi_body *body)
{
	free(container_of(body, struct stream, body));
	return 0;
}

static int stream(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		  struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "application/octet-stream"};
	const char *query = value_of(env, "QUERY_STRING");
	struct stream *s = calloc(1, sizeof(*s));
	int rc;

	(void)app;
	if (s == NULL)
		return -ENOMEM;
	s->body = (struct wsgi_body){.next = next, .close = close_stream};
	s->left = *query != '\0' ? strtoull(query, NULL, 10) : 1048576;
	rc = start->respond(start, "200 OK", &type, 1, NULL);
	if (rc == 0)
		*body = &s->body;
	else
		free(s);
	return rc;
}

struct wsgi_app application = {.call = stream};
