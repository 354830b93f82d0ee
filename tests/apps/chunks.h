#ifndef TESTS_APPS_CHUNKS_H
#define TESTS_APPS_CHUNKS_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "wsgi/app.h"

/* chunks - a body of constant texts, as a list (eager, with a length) or as a generator. */
struct chunks {
	struct wsgi_body body;
	const char *const *texts; /* NULL at the end */
	size_t at;
};

static int chunks_next(struct wsgi_body *body, const void **data, size_t *len)
{
	struct chunks *c = container_of(body, struct chunks, body);

	if (c->texts[c->at] == NULL)
		return 0;
	*data = c->texts[c->at++];
	*len = strlen(*data);
	return 1;
}

static int chunks_count(struct wsgi_body *body, size_t *count)
{
	const struct chunks *c = container_of(body, struct chunks, body);

	for (*count = 0; c->texts[*count] != NULL; ++*count)
		;
	return 0;
}

static int chunks_close(struct wsgi_body *body)
{
	free(container_of(body, struct chunks, body));
	return 0;
}

/* Answer 200 with these texts. Returns 0 or what start says. */
static inline int chunks_send(const char *const *texts, bool is_list, struct wsgi_start *start,
			      struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain"};
	struct chunks *c = calloc(1, sizeof(*c));
	int rc;

	if (c == NULL)
		return -ENOMEM;
	c->body = (struct wsgi_body){.next = chunks_next,
				     .close = chunks_close,
				     .count = is_list ? chunks_count : NULL,
				     .eager = is_list};
	c->texts = texts;
	rc = start->respond(start, "200 OK", &type, 1, NULL);
	if (rc == 0)
		*body = &c->body;
	else
		free(c);
	return rc;
}

#endif
