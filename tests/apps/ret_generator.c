/* Chunks that are made as they are asked for. */
#include "chunks.h"

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const char *const texts[] = {"chunk 0\n", "chunk 1\n", "chunk 2\n", NULL};

	(void)app;
	(void)env;
	return chunks_send(texts, false, start, body);
}

struct wsgi_app application = {.call = call};
