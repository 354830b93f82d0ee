/*
 * Whatever a client's query is and however a server makes words of it: none of them is taken for
 * the administrator's, and with no query all of his are.
 */
#include "serve/cgi_line.h"

#include "../fuzz.h"
#include "wsgi/uri.h"

enum { OWN_MAX = 5, WORDS_MAX = 300 };

/* How a server makes words of a query: RFC 3875, 4.4, and what servers make of that. */
struct server {
	bool decodes; /* %XX; a word ends at a NUL */
	bool quotes;  /* a backslash before what a shell would act on, as Apache does */
	bool drops;   /* no empty words, as where a command line is split again */
	bool late;    /* splits what it has decoded, so that "%2B" separates words too */
	char fit;     /* what a code page makes of bytes that are not ASCII, "-"; 0: they stay */
	uint8_t join; /* which words it makes one of with their next: 255, as http.server does */
	size_t most;  /* words at most */
};

static char *words[OWN_MAX + WORDS_MAX + 1];
static int len;

static void add_word(char *word)
{
	must(len < OWN_MAX + WORDS_MAX);
	words[len++] = word;
	words[len] = NULL;
}

/* -- the server -------------------------------------------------------------------------------- */

static void add_char(struct wsgi_buf *b, char c, const struct server *s)
{
	if (s->quotes && strchr("&;`'\"|*?~<>^()[]{}$\\\n", c) != NULL && c != '\0')
		must(wsgi_buf_add(b, "\\", 1) == 0);
	must(wsgi_buf_add(b, &c, 1) == 0);
}

/* Add the character at *at, which is moved behind it, to a word; false: the word ends there. */
static bool take_char(const char **at, struct wsgi_buf *word, const struct server *s)
{
	char c = *(*at)++;
	bool encoded = false;

	if (s->decodes && c == '%' && wsgi_hex_digit((*at)[0]) >= 0 &&
	    wsgi_hex_digit((*at)[1]) >= 0) {
		c = (char)(wsgi_hex_digit((*at)[0]) * 16 + wsgi_hex_digit((*at)[1]));
		*at += 2;
		encoded = true;
	}
	if (c == '\0' && s->late)
		*at += strlen(*at); /* it was a string by then */
	if ((c == '+' && (s->late || !encoded)) || (c == '\0' && s->late))
		return false;
	add_char(word, (c & 0x80) != 0 && s->fit != 0 ? s->fit : c, s);
	return true;
}

/* Add a word of the query, or make it a part of the one before. */
static void end_word(struct wsgi_buf *word, const struct server *s, size_t number)
{
	char *last = number > 0 ? words[len - 1] : NULL, *joined;

	must(wsgi_buf_add(word, "", 1) == 0);
	if (last == NULL || (s->join >> (number % 8) & 1) == 0) {
		add_word(strdup(word->data));
		return;
	}
	must(asprintf(&joined, "%s %s", last, word->data) >= 0);
	free(last);
	words[len - 1] = joined;
}

static void add_words(const char *query, const struct server *s)
{
	struct wsgi_buf word = {0};
	bool is_over = *query == '\0' || strchr(query, '=') != NULL;
	size_t number = 0;

	while (!is_over) {
		word.len = 0;
		while (*query != '\0' && take_char(&query, &word, s))
			;
		is_over = *query == '\0' && (query[-1] != '+' || s->drops);
		if (word.len == 0 && s->drops)
			continue;
		if (number == s->most)
			break;
		end_word(&word, s, number++);
	}
	wsgi_buf_finish(&word);
}

/* -- the administrator ------------------------------------------------------------------------- */

static void add_own(struct fuzz *f)
{
	static const char *const own[] = {"--root", "/srv/www", "app.py",   "--env", "A=1",
					  "/",      "--",       "-h",       "x",     "--python=/x",
					  "demo",   "",         "blog.wsgi"};
	const size_t n = fuzz_below(f, OWN_MAX);

	add_word(strdup("wsgi-cgi"));
	for (size_t i = 0; i < n; i++)
		add_word(strdup(own[fuzz_below(f, sizeof(own) / sizeof(own[0]))]));
}

static struct server a_server(struct fuzz *f)
{
	static const char fits[] = "-?= "; /* and a NUL */
	const uint8_t how = fuzz_byte(f);

	return (struct server){
		.decodes = how & 1,
		.quotes = how & 2,
		.drops = how & 4,
		.late = how & 8,
		.join = how & 16 ? fuzz_byte(f) : 0,
		.most = how & 32 ? fuzz_below(f, 8) : WORDS_MAX,
		.fit = how & 64 ? fits[fuzz_below(f, sizeof(fits))] : 0,
	};
}

/* A wrapper calls the program, and gives it the words that it was called with. */
static void check_wrapper(const char *query, int own)
{
	struct wsgi_cgi_view v = {.argc = len,
				  .argv = words,
				  .exec_name = "/bin/wsgi-cgi",
				  .exec_is_self = true,
				  .is_cgi = true,
				  .query = query};
	struct wsgi_cgi_line line = wsgi_cgi_line(&v);

	must(line.script == NULL && line.argc >= 1 && line.argc <= own);
	if (query[0] == '\0' || strchr(query, '=') != NULL)
		must(line.argc == own);
	v.is_direct = true;
	must(wsgi_cgi_line(&v).argc == 1);
	v.is_cgi = false;
	must(wsgi_cgi_line(&v).argc == len);
}

/* The kernel calls it for a script, whose #! line may have given one word. */
static void check_script(const char *query, bool with_word)
{
	static char program[] = "/bin/wsgi-cgi", word[] = "--env=A=1", script[] = "./app.py";
	char *line[OWN_MAX + WORDS_MAX + 4] = {program};
	int n = 1, at;

	if (with_word)
		line[n++] = word;
	line[at = n++] = script;
	for (int i = 1; i < len; i++)
		line[n++] = words[i];
	for (int is_cgi = 0; is_cgi < 2; is_cgi++) {
		const struct wsgi_cgi_view v = {.argc = n,
						.argv = line,
						.exec_name = "./app.py",
						.is_cgi = is_cgi,
						.query = query};
		const struct wsgi_cgi_line got = wsgi_cgi_line(&v);

		must(got.argc == at && got.script == script);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	struct server server = a_server(&f);
	const bool with_word = fuzz_byte(&f) % 2;
	char *query;
	int own;

	add_own(&f);
	own = len;
	query = fuzz_text(&f, 250);
	add_words(query, &server);
	check_wrapper(query, own);
	check_script(query, with_word);
	while (len > 0)
		free(words[--len]);
	free(query);
	return 0;
}
