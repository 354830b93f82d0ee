#include "serve/option_words.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "serve/option_value.h"

struct words {
	char **list; /* NULL at its end, once there is one */
	size_t len;
};

/* Append a word, which is the list's from then on, whatever comes of it. */
static int add(struct words *w, struct wsgi_buf *word)
{
	char **more = NULL;
	int rc = wsgi_buf_add(word, "", 1);

	if (rc == 0)
		more = realloc(w->list, (w->len + 2) * sizeof(*more));
	if (more == NULL) {
		wsgi_buf_finish(word);
		return -ENOMEM;
	}
	w->list = more;
	more[w->len++] = word->data;
	more[w->len] = NULL;
	return 0;
}

static int add_text(struct words *w, const char *text)
{
	struct wsgi_buf word = {0};
	int rc = wsgi_buf_adds(&word, text);

	if (rc == 0)
		return add(w, &word);
	wsgi_buf_finish(&word);
	return rc;
}

/* "--name", or "--name=value" with value number i. */
static int add_value(struct words *w, const struct wsgi_options *o,
		     const struct wsgi_option *option, size_t i)
{
	struct wsgi_buf word = {0};
	int rc = wsgi_buf_addf(&word, "--%s", option->name);

	if (rc == 0 && option->kind != WSGI_OPTION_FLAG) {
		rc = wsgi_buf_adds(&word, "=");
		if (rc == 0)
			rc = wsgi_option_write(o, option, i, &word);
	}
	if (rc == 0)
		return add(w, &word);
	wsgi_buf_finish(&word);
	return rc;
}

static int add_option(struct words *w, const struct wsgi_options *o,
		      const struct wsgi_option *option)
{
	size_t n = wsgi_option_values(o, option);
	int rc = 0;

	if (!option->inside || (option->gateways & o->gateway) == 0 ||
	    wsgi_option_is_default(o, option))
		return 0;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = add_value(w, o, option, i);
	return rc;
}

char **wsgi_options_words(const struct wsgi_options *o, const char *application)
{
	const struct wsgi_option *option;
	struct words w = {0};
	int rc = add_text(&w, o->program);

	for (size_t i = 0; rc == 0 && (option = wsgi_option_at(i)) != NULL; i++)
		rc = add_option(&w, o, option);
	/* The application's name may begin with a hyphen. */
	if (rc == 0)
		rc = add_text(&w, "--");
	if (rc == 0)
		rc = add_text(&w, application);
	if (rc == 0)
		return w.list;
	wsgi_options_free_words(w.list);
	return NULL;
}

void wsgi_options_free_words(char **words)
{
	for (size_t i = 0; words != NULL && words[i] != NULL; i++)
		free(words[i]);
	free(words);
}
