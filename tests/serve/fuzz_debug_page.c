/* The page for the developer has the same markup whatever the texts in it say. */
#include "serve/debug_page.h"

#include "../fuzz.h"

/* The same text without what could be markup, as long and with as many lines. */
static char *tamed(const char *text)
{
	char *copy = strdup(text);

	must(copy != NULL);
	for (char *c = copy; *c != '\0'; c++)
		if (strchr("<>&\"'", *c) != NULL || ((unsigned char)*c < ' ' && *c != '\n') ||
		    (unsigned char)*c > 126)
			*c = 'x';
	return copy;
}

static char *a_text(struct fuzz *f, bool tame)
{
	char *text = fuzz_text(f, 40), *copy;

	if (!tame)
		return text;
	copy = tamed(text);
	free(text);
	return copy;
}

static void add_error(struct fuzz *f, struct wsgi_trace *t, bool tame)
{
	char *texts[4];

	for (size_t i = 0; i < 4; i++)
		texts[i] = a_text(f, tame);
	must(wsgi_trace_add_error(t, texts[0], texts[1], fuzz_byte(f) % 3) == 0);
	for (size_t frames = fuzz_below(f, 3); frames > 0; frames--) {
		const unsigned line = fuzz_byte(f) % 4, source_line = 1 + fuzz_byte(f) % 3;

		must(wsgi_trace_add_frame(t, texts[2], texts[3], line, texts[1], source_line) == 0);
		for (size_t locals = fuzz_below(f, 3); locals > 0; locals--)
			must(wsgi_trace_add_local(t, texts[0], texts[3]) == 0);
	}
	for (size_t i = 0; i < 4; i++)
		free(texts[i]);
}

/* The page of what f says; or of the same where no text could be markup. */
static struct wsgi_buf page_of(struct fuzz f, bool tame)
{
	static const char *const names[] = {"REQUEST_METHOD", "PATH_INFO",   "QUERY_STRING",
					    "HTTP_HOST",      "HTTP_COOKIE", "SCRIPT_NAME",
					    "REQUEST_URI"};
	struct wsgi_environ env = {0};
	struct wsgi_buf out = {0};
	struct wsgi_trace t;

	wsgi_trace_init(&t);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *value = a_text(&f, tame);

		must(wsgi_environ_set(&env, names[i], value) == 0);
		free(value);
	}
	for (size_t n = 1 + fuzz_below(&f, 3); n > 0; n--)
		add_error(&f, &t, tame);
	must(wsgi_debug_page_html(&out, &t, &env) == 0);
	must(wsgi_buf_add(&out, "", 1) == 0 && strlen(out.data) == out.len - 1);
	wsgi_trace_finish(&t);
	wsgi_environ_finish(&env);
	return out;
}

/* What stands between "<" and ">", alone. */
static void keep_tags(char *page)
{
	bool in_tag = false;
	char *to = page;

	for (char *c = page; *c != '\0'; c++) {
		in_tag = in_tag || *c == '<';
		if (in_tag)
			*to++ = *c;
		in_tag = in_tag && *c != '>';
	}
	*to = '\0';
}

static void check_html(struct fuzz f)
{
	struct wsgi_buf page = page_of(f, false), tame = page_of(f, true);

	keep_tags(page.data);
	keep_tags(tame.data);
	must(strcmp(page.data, tame.data) == 0);
	wsgi_buf_finish(&page);
	wsgi_buf_finish(&tame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};

	check_html(f);
	return 0;
}
