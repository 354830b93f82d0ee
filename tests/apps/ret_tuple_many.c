/* Several chunks that are there already. */
#include "chunks.h"

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const char *const texts[] = {"a", "bb", "ccc", NULL};

	(void)app;
	(void)env;
	return chunks_send(texts, true, start, body);
}

struct wsgi_app application = {.call = call};
