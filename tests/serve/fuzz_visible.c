/*
 * Whatever bytes are to be shown: nothing that is shown is markup or a command to a terminal, it is
 * UTF-8, and showing it once more changes nothing on a terminal. And whatever Host and Accept
 * are, they can be looked at.
 */
#include "serve/visible.h"

#include <strings.h>

#include "../fuzz.h"
#include "serve/debug_page.h"
#include "serve/local.h"

static void check_bytes(const struct wsgi_buf *shown)
{
	for (size_t i = 0; i < shown->len; i++) {
		unsigned char c = (unsigned char)shown->data[i];

		must(c >= 0x20 || c == '\n' || c == '\t');
		must(c != 0x7f);
		/* U+0080 to U+009F, controls too, are C2 80 to C2 9F */
		must(c != 0xc2 || (unsigned char)shown->data[i + 1] >= 0xa0);
	}
}

/* What is good once is good for ever: only good UTF-8 stays as it is. */
static void check_text(struct wsgi_span input)
{
	struct wsgi_buf once = {0}, twice = {0};

	must(wsgi_visible_text(&once, input) == 0);
	check_bytes(&once);
	must(wsgi_visible_text(&twice, (struct wsgi_span){once.data, once.len}) == 0);
	must(once.len == twice.len);
	must(once.len == 0 || memcmp(once.data, twice.data, once.len) == 0);
	wsgi_buf_finish(&once);
	wsgi_buf_finish(&twice);
}

static void check_html(struct wsgi_span input)
{
	struct wsgi_buf shown = {0};

	must(wsgi_visible_html(&shown, input) == 0);
	check_bytes(&shown);
	for (size_t i = 0; i < shown.len; i++)
		must(strchr("<>\"'", shown.data[i]) == NULL);
	wsgi_buf_finish(&shown);
}

/* What is local says so in its first characters. */
static void check_headers(const char *text)
{
	wsgi_debug_page_wants_html(text);
	must(!wsgi_local_host(text) || strncasecmp(text, "localhost", 9) == 0 ||
	     strncmp(text, "127.", 4) == 0 || strncmp(text, "[::1]", 5) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wsgi_span input = {(const char *)data, size};
	char *text = strndup((const char *)data, size);

	must(text != NULL);
	check_text(input);
	check_html(input);
	check_headers(text);
	free(text);
	return 0;
}
