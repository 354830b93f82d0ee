/*
 * A form and what was filled in: by GET it comes in the query, by POST in the body.
 *
 *	cc -shared -fPIC -o form.so form.c $(pkg-config --cflags --libs libwsgi)
 *	wsgi-serve ./form.so
 */
#include <errno.h>
#include <wsgi.h>

enum { FORM_MAX = 65536 };

/* What a client wrote is text, never markup. */
static int add_escaped(struct wsgi_buf *page, struct wsgi_span text)
{
	static const char *const escapes[] = {
		['&'] = "&amp;",  ['<'] = "&lt;",    ['>'] = "&gt;",
		['"'] = "&quot;", ['\''] = "&#x27;",
	};
	int rc = 0;

	for (size_t i = 0; i < text.len && rc == 0; i++) {
		const unsigned char c = (unsigned char)text.data[i];
		const char *escape = c < sizeof(escapes) / sizeof(escapes[0]) ? escapes[c] : NULL;

		rc = escape != NULL ? wsgi_buf_adds(page, escape)
				    : wsgi_buf_add(page, text.data + i, 1);
	}
	return rc;
}

static int add_fields(struct wsgi_buf *page, const char *title, struct wsgi_span text)
{
	struct wsgi_span name, value;
	struct wsgi_query query;
	int rc = wsgi_buf_addf(page, "<h2>%s</h2>\n<dl>\n", title), more;

	wsgi_query_init(&query, text);
	while (rc == 0 && (more = wsgi_query_next(&query, &name, &value)) != 0) {
		rc = more < 0 ? more : wsgi_buf_adds(page, "<dt>");
		if (rc == 0)
			rc = add_escaped(page, name);
		if (rc == 0)
			rc = wsgi_buf_adds(page, "</dt><dd>");
		if (rc == 0)
			rc = add_escaped(page, value);
		if (rc == 0)
			rc = wsgi_buf_adds(page, "</dd>\n");
	}
	wsgi_query_finish(&query);
	return rc == 0 ? wsgi_buf_adds(page, "</dl>\n") : rc;
}

static int add_page(struct wsgi_buf *page, struct wsgi_span query, struct wsgi_span form)
{
	int rc = wsgi_buf_adds(page,
			       "<!DOCTYPE html>\n<title>Form</title>\n"
			       "<form method=\"post\">\n<label>Name <input name=\"name\"></label>\n"
			       "<label>Text <textarea name=\"text\"></textarea></label>\n"
			       "<button>Send</button>\n</form>\n");

	if (rc == 0)
		rc = add_fields(page, "Query", query);
	return rc == 0 ? add_fields(page, "Form", form) : rc;
}

static int answer(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		  struct wsgi_body **body)
{
	static const struct wsgi_header html = {"Content-Type", "text/html; charset=utf-8"};
	struct wsgi_buf form = {0}, page = {0};
	struct wsgi_span query = {"", 0}, method = {"", 0};
	int rc = 0;

	(void)app;
	wsgi_environ_find(env, "QUERY_STRING", &query);
	wsgi_environ_find(env, "REQUEST_METHOD", &method);
	if (wsgi_span_is(method, "POST"))
		rc = wsgi_input_read_max(env->input, &form, FORM_MAX);
	if (rc == 0)
		rc = add_page(&page, query, (struct wsgi_span){form.data, form.len});
	if (rc == 0)
		rc = wsgi_reply_bytes(start, body, "200 OK", &html, 1, page.data, page.len);
	else if (rc == -EFBIG)
		rc = wsgi_reply(start, body, "413 Content Too Large", "text/plain", "too large\n");
	wsgi_buf_finish(&form);
	wsgi_buf_finish(&page);
	return rc;
}

struct wsgi_app application = {.call = answer};
