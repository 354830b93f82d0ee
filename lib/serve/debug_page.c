#include "serve/debug_page.h"

#include <string.h>

#include "base/span.h"
#include "serve/secrets.h"
#include "serve/visible.h"

/* What is being written. After a failure nothing more is. */
struct page {
	struct wsgi_buf *out;
	const struct wsgi_trace *trace;
	struct wsgi_secrets secrets;
	struct wsgi_buf shown; /* of one value */
	bool html;
	int rc;
};

static void begin(struct page *p, struct wsgi_buf *out, const struct wsgi_trace *trace,
		  const struct wsgi_environ *env, bool html)
{
	*p = (struct page){.out = out, .trace = trace, .html = html};
	p->rc = wsgi_secrets_init(&p->secrets, env);
}

static int end(struct page *p)
{
	wsgi_secrets_finish(&p->secrets);
	wsgi_buf_finish(&p->shown);
	return p->rc;
}

/* Ours, as it stands. */
static void put(struct page *p, const char *text)
{
	if (p->rc == 0)
		p->rc = wsgi_buf_adds(p->out, text);
}

/* Somebody else's. */
static void show_span(struct page *p, struct wsgi_span text)
{
	if (p->rc == 0)
		p->rc = p->html ? wsgi_visible_html(p->out, text) : wsgi_visible_text(p->out, text);
}

static void show(struct page *p, const char *text)
{
	show_span(p, wsgi_span_of(text));
}

static void show_at(struct page *p, size_t at)
{
	show(p, wsgi_trace_text(p->trace, at));
}

/* A value or a message out of the trace, but for secrets: until the next one. */
static struct wsgi_span value_at(struct page *p, size_t at)
{
	p->shown.len = 0;
	if (p->rc == 0)
		p->rc = wsgi_secrets_hide(&p->secrets, &p->shown,
					  wsgi_span_of(wsgi_trace_text(p->trace, at)));
	return (struct wsgi_span){p->shown.data, p->shown.len};
}

static void show_value_at(struct page *p, size_t at)
{
	show_span(p, value_at(p, at));
}

static void put_number(struct page *p, int width, unsigned n)
{
	if (p->rc == 0)
		p->rc = wsgi_buf_addf(p->out, "%*u", width, n);
}

/* -- the request ------------------------------------------------------------------------------- */

static void flag(const char *name, bool value, struct wsgi_span *n, struct wsgi_span *v)
{
	*n = wsgi_span_of(name);
	*v = wsgi_span_of(value ? "true" : "false");
}

/* Fact i of a request: its variables, then what stands under wsgi. Returns false at their end. */
static bool fact(const struct wsgi_environ *env, size_t i, struct wsgi_span *name,
		 struct wsgi_span *value)
{
	if (i < env->len) {
		wsgi_environ_at(env, i, name, value);
		if (wsgi_secrets_has(*name))
			*value = wsgi_span_of("(hidden)");
		return true;
	}
	switch (i - env->len) {
	case 0:
		*name = wsgi_span_of("wsgi.url_scheme");
		*value = wsgi_span_of(env->url_scheme != NULL ? env->url_scheme : "");
		return true;
	case 1:
		flag("wsgi.multithread", env->multithread, name, value);
		return true;
	case 2:
		flag("wsgi.multiprocess", env->multiprocess, name, value);
		return true;
	case 3:
		flag("wsgi.run_once", env->run_once, name, value);
		return true;
	case 4:
		flag("wsgi.input_terminated", env->input_terminated, name, value);
		return true;
	default:
		return false;
	}
}

static const char *variable(const struct wsgi_environ *env, const char *name)
{
	const char *value = wsgi_environ_get(env, name);

	return value != NULL ? value : "";
}

/* "/hello?name=x", without the host. */
static void show_target(struct page *p, const struct wsgi_environ *env)
{
	const char *query = variable(env, "QUERY_STRING");

	show(p, variable(env, "SCRIPT_NAME"));
	show(p, variable(env, "PATH_INFO"));
	if (query[0] != '\0') {
		put(p, "?");
		show(p, query);
	}
}

/* -- what both pages say ----------------------------------------------------------------------- */

static const struct wsgi_trace_error *last_error(const struct wsgi_trace *t)
{
	return &t->errors[t->errors_len - 1];
}

static bool has_text(const struct wsgi_trace *t, size_t at)
{
	return wsgi_trace_text(t, at)[0] != '\0';
}

/* The next line of a source; *source moves on. */
static struct wsgi_span next_line(const char **source)
{
	struct wsgi_span line = {*source, strcspn(*source, "\n")};

	*source += line.len;
	if (**source == '\n')
		++*source;
	return line;
}

/* The line that a frame stands at, without the blanks before it. */
static struct wsgi_span line_of(const struct wsgi_trace *t, const struct wsgi_trace_frame *f)
{
	const char *source = wsgi_trace_text(t, f->source);

	for (unsigned n = f->source_line; *source != '\0'; n++) {
		struct wsgi_span line = next_line(&source);
		size_t blank = 0;

		if (n != f->line)
			continue;
		while (blank < line.len && (line.data[blank] == ' ' || line.data[blank] == '\t'))
			blank++;
		return (struct wsgi_span){line.data + blank, line.len - blank};
	}
	return (struct wsgi_span){"", 0};
}

static const char no_frames[] = "No frames to show: this was not raised in Python code.";
static const char no_traceback[] =
	"There is no traceback: this comes from C code, the application's or the server's.";

/* Whether an interpreter has taken the exception apart; it says what it is. */
static bool has_traceback(const struct wsgi_trace *t)
{
	return t->frames_len > 0 || t->errors_len > 1 || has_text(t, t->runtime);
}

/* -- HTML -------------------------------------------------------------------------------------- */

static const char style[] =
	":root{color-scheme:light dark;--bg:#fff;--fg:#1c1f23;--dim:#5c6570;--edge:#d9dde3;"
	"--panel:#f5f6f8;--red:#b3261e;--mark:#fde7e4;--link:#0b57a4}"
	"@media(prefers-color-scheme:dark){:root{--bg:#16181b;--fg:#e3e6ea;--dim:#98a1ac;"
	"--edge:#30353c;--panel:#1e2125;--red:#ff8b80;--mark:#4d2421;--link:#8ab8f0}}"
	"*{box-sizing:border-box}"
	"body{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:64rem;background:var(--bg);"
	"color:var(--fg);font:15px/1.5 system-ui,sans-serif}"
	"h1,h2,p,pre{margin:0}"
	"code,pre,.m,td,th{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;"
	"font-size:13px}"
	".type{color:var(--red);font-weight:700;font-size:1.05rem}"
	"h1{font:600 1.35rem/1.35 system-ui,sans-serif;white-space:pre-wrap;"
	"overflow-wrap:anywhere;max-height:60vh;overflow:auto}"
	"h1.long{font:13px/1.5 ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}"
	".about{color:var(--dim);margin-top:.4rem;overflow-wrap:anywhere}"
	".about b{color:var(--fg)}"
	"h2{font-size:1rem;margin:2rem 0 .6rem;font-weight:600}"
	"h2 small{color:var(--dim);font-weight:400;font-size:.85rem;margin-left:.4rem}"
	".earlier{border-left:3px solid var(--red);padding:.1rem 0 .1rem .8rem;margin-bottom:.6rem}"
	".earlier pre{white-space:pre-wrap;overflow-wrap:anywhere}"
	"details{border:1px solid var(--edge);border-radius:6px;margin:.4rem 0;"
	"background:var(--panel);overflow:hidden}"
	"summary{cursor:pointer;padding:.45rem .75rem;overflow-wrap:anywhere}"
	"summary:focus-visible{outline:2px solid var(--link);outline-offset:-2px}"
	"summary i{font-style:normal;color:var(--dim)}"
	"summary code.at{display:block;margin-left:1.1rem;white-space:pre-wrap}"
	"details[open]>summary code.at{display:none}"
	".other>summary,.other>summary b{color:var(--dim);font-weight:400}"
	".source{background:var(--bg);border-top:1px solid var(--edge);overflow-x:auto;"
	"padding:.4rem 0;tab-size:4;display:grid}"
	".source span{padding-right:1rem}"
	".source i{font-style:normal;color:var(--dim);display:inline-block;width:3.5rem;"
	"padding-right:.9rem;text-align:right;user-select:none}"
	".source .at{background:var(--mark)}"
	".source .at i{color:var(--red);font-weight:700}"
	"table{border-collapse:collapse;width:100%;border-top:1px solid var(--edge)}"
	"th,td{text-align:left;vertical-align:top;padding:.25rem .75rem;overflow-wrap:anywhere;"
	"white-space:pre-wrap}"
	"th{font-weight:400;color:var(--link);width:1%;min-width:7rem;white-space:nowrap}"
	"td div{max-height:6.2rem;overflow-y:auto}"
	"tr+tr>*{border-top:1px solid var(--edge)}"
	".left-out{color:var(--dim);padding:.2rem .75rem}"
	"footer{color:var(--dim);margin-top:2rem;font-size:.85rem;overflow-wrap:anywhere}"
	"@media(max-width:36rem){body{padding:1rem .6rem 2rem}.source i{width:2.6rem}"
	"th,td,summary{padding-left:.5rem;padding-right:.5rem}th{white-space:pre-wrap}"
	"th{min-width:5rem;max-width:9rem}.request th,.request td{display:block;width:auto;"
	"max-width:none}.request th{padding-bottom:0}.request td{border:0;padding-top:0}}";

static bool is_library(const char *file)
{
	return strstr(file, "/site-packages/") != NULL || strstr(file, "/dist-packages/") != NULL ||
	       strstr(file, "/lib/python3") != NULL || strncmp(file, "<frozen ", 8) == 0;
}

static void put_row(struct page *p, struct wsgi_span name, struct wsgi_span value)
{
	put(p, "<tr><th scope=\"row\">");
	show_span(p, name);
	put(p, "</th><td><div>");
	show_span(p, value);
	put(p, "</div></td></tr>\n");
}

static void put_source(struct page *p, const struct wsgi_trace_frame *f)
{
	const char *source = wsgi_trace_text(p->trace, f->source);

	if (*source == '\0')
		return;
	put(p, "<pre class=\"source\">");
	for (unsigned n = f->source_line; *source != '\0'; n++) {
		put(p, n == f->line ? "<span class=\"at\"><i>" : "<span><i>");
		put_number(p, 0, n);
		put(p, "</i>");
		show_span(p, next_line(&source));
		put(p, "\n</span>");
	}
	put(p, "</pre>\n");
}

static void put_locals(struct page *p, const struct wsgi_trace_frame *f)
{
	if (f->locals == 0)
		return;
	put(p, "<table>\n");
	for (size_t i = 0; i < f->locals; i++) {
		const struct wsgi_trace_local *l = &p->trace->locals[f->first_local + i];

		put_row(p, wsgi_span_of(wsgi_trace_text(p->trace, l->name)), value_at(p, l->value));
	}
	put(p, "</table>\n");
}

/* The file's name stands out from its folder. */
static void put_place(struct page *p, const struct wsgi_trace_frame *f)
{
	const char *file = wsgi_trace_text(p->trace, f->file), *slash = strrchr(file, '/');
	size_t folder = slash != NULL ? (size_t)(slash + 1 - file) : 0;

	put(p, "<code><i>");
	show_span(p, (struct wsgi_span){file, folder});
	put(p, "</i><b>");
	show(p, file + folder);
	if (f->line > 0) {
		put(p, ":");
		put_number(p, 0, f->line);
	}
	put(p, "</b></code>");
	if (has_text(p->trace, f->function)) {
		put(p, " <i>in</i> <code>");
		show_at(p, f->function);
		put(p, "</code>");
	}
}

static void put_frame(struct page *p, const struct wsgi_trace_frame *f, bool open)
{
	bool library = is_library(wsgi_trace_text(p->trace, f->file));

	if (!has_text(p->trace, f->file)) {
		put(p, "<p class=\"left-out\">");
		show_at(p, f->function);
		put(p, "</p>\n");
		return;
	}
	put(p, library ? "<details class=\"other\"" : "<details");
	put(p, open ? " open><summary>" : "><summary>");
	put_place(p, f);
	put(p, "<code class=\"at\">");
	show_span(p, line_of(p->trace, f));
	put(p, "</code></summary>\n");
	put_source(p, f);
	put_locals(p, f);
	put(p, "</details>\n");
}

/*
 * The most recent call first: that one is open, and the most recent one of the developer's own.
 *   open   whether any is
 */
static void put_frames(struct page *p, const struct wsgi_trace_error *e, bool open)
{
	bool own = !open;

	for (size_t i = e->frames; i > 0; i--) {
		const struct wsgi_trace_frame *f = &p->trace->frames[e->first_frame + i - 1];
		bool is_own = !is_library(wsgi_trace_text(p->trace, f->file));

		put_frame(p, f, open && (i == e->frames || (is_own && !own)));
		own = own || is_own;
	}
}

static void put_earlier(struct page *p, const struct wsgi_trace_error *e)
{
	put(p, e->relation == WSGI_TRACE_CAUSE
		       ? "<h2>It was caused by</h2>\n"
		       : "<h2>It was raised while this was being handled</h2>\n");
	put(p, "<div class=\"earlier\"><p class=\"type\">");
	show_at(p, e->type);
	put(p, "</p><pre>");
	show_value_at(p, e->message);
	put(p, "</pre></div>\n");
	put_frames(p, e, false);
}

static void put_heading(struct page *p, const struct wsgi_environ *env)
{
	const struct wsgi_trace_error *e = last_error(p->trace);
	const char *message = wsgi_trace_text(p->trace, e->message);
	bool is_long = strlen(message) > 300 || strchr(message, '\n') != NULL;

	put(p, "<header>\n<p class=\"type\">");
	show_at(p, e->type);
	put(p, is_long ? "</p>\n<h1 class=\"long\">" : "</p>\n<h1>");
	show_value_at(p, e->message);
	put(p, "</h1>\n<p class=\"about\"><b>");
	show(p, variable(env, "REQUEST_METHOD"));
	put(p, "</b> <span class=\"m\">");
	show_target(p, env);
	put(p, "</span></p>\n</header>\n");
}

static void put_traceback(struct page *p)
{
	const struct wsgi_trace *t = p->trace;

	if (!has_traceback(t)) {
		put(p, "<p class=\"about\">");
		put(p, no_traceback);
		put(p, "</p>\n");
		return;
	}
	put(p, "<h2>Traceback<small>most recent call first</small></h2>\n");
	if (last_error(t)->frames == 0) {
		put(p, "<p class=\"about\">");
		put(p, no_frames);
		put(p, "</p>\n");
	}
	put_frames(p, last_error(t), true);
	for (size_t i = t->errors_len - 1; i > 0; i--)
		put_earlier(p, &t->errors[i - 1]);
}

static void put_request(struct page *p, const struct wsgi_environ *env)
{
	struct wsgi_span name, value;

	put(p, "<h2>Request</h2>\n"
	       "<details open><summary>variables</summary>\n<table class=\"request\">\n");
	for (size_t i = 0; fact(env, i, &name, &value); i++)
		put_row(p, name, value);
	put(p, "</table>\n</details>\n");
}

static void put_footer(struct page *p, const struct wsgi_environ *env)
{
	put(p, "<footer><p>This page is for the developer, and given under --debug only. The log "
	       "has the error too.</p>\n<p>");
	show(p, variable(env, "SERVER_SOFTWARE"));
	put(p, "</p>\n<p>");
	show_at(p, p->trace->runtime);
	put(p, "</p></footer>\n");
}

int wsgi_debug_page_html(struct wsgi_buf *out, const struct wsgi_trace *trace,
			 const struct wsgi_environ *env)
{
	struct page p;

	begin(&p, out, trace, env, true);
	put(&p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<title>");
	show_at(&p, last_error(trace)->type);
	put(&p, " at ");
	show_target(&p, env);
	put(&p, "</title>\n<style>");
	put(&p, style);
	put(&p, "</style>\n</head>\n<body>\n");
	put_heading(&p, env);
	put(&p, "<main>\n");
	put_traceback(&p);
	put_request(&p, env);
	put(&p, "</main>\n");
	put_footer(&p, env);
	put(&p, "</body>\n</html>\n");
	return end(&p);
}

/* -- plain text -------------------------------------------------------------------------------- */

static void write_name(struct page *p, const struct wsgi_trace_error *e)
{
	show_at(p, e->type);
	if (has_text(p->trace, e->message)) {
		put(p, ": ");
		show_value_at(p, e->message);
	}
	put(p, "\n");
}

static void write_frame(struct page *p, const struct wsgi_trace_frame *f)
{
	const char *source = wsgi_trace_text(p->trace, f->source);

	put(p, "\n  ");
	show_at(p, f->file);
	if (f->line > 0) {
		put(p, ":");
		put_number(p, 0, f->line);
	}
	put(p, has_text(p->trace, f->file) && has_text(p->trace, f->function) ? " in " : "");
	show_at(p, f->function);
	put(p, "\n");
	for (unsigned n = f->source_line; *source != '\0'; n++) {
		put(p, n == f->line ? "  > " : "    ");
		put_number(p, 5, n);
		put(p, "  ");
		show_span(p, next_line(&source));
		put(p, "\n");
	}
	for (size_t i = 0; i < f->locals; i++) {
		const struct wsgi_trace_local *l = &p->trace->locals[f->first_local + i];

		put(p, "      ");
		show_at(p, l->name);
		put(p, " = ");
		show_value_at(p, l->value);
		put(p, "\n");
	}
}

static void write_error(struct page *p, const struct wsgi_trace_error *e)
{
	if (!has_traceback(p->trace)) {
		put(p, "\n");
		put(p, no_traceback);
		put(p, "\n\n");
		write_name(p, e);
		return;
	}
	put(p, "\nTraceback (most recent call last):\n");
	for (size_t i = 0; i < e->frames; i++)
		write_frame(p, &p->trace->frames[e->first_frame + i]);
	if (e->frames == 0) {
		put(p, "\n  ");
		put(p, no_frames);
		put(p, "\n");
	}
	put(p, "\n");
	write_name(p, e);
	if (e->relation == WSGI_TRACE_CAUSE)
		put(p, "\nThat caused the next one:\n");
	if (e->relation == WSGI_TRACE_CONTEXT)
		put(p, "\nWhile that was being handled, the next one was raised:\n");
}

/* What matters most stands last: that is what a terminal still shows. */
int wsgi_debug_page_text(struct wsgi_buf *out, const struct wsgi_trace *trace,
			 const struct wsgi_environ *env)
{
	struct page p;
	struct wsgi_span name, value;

	begin(&p, out, trace, env, false);
	write_name(&p, last_error(trace));
	put(&p, "\n");
	show(&p, variable(env, "REQUEST_METHOD"));
	put(&p, " ");
	show_target(&p, env);
	put(&p, "\n");
	for (size_t i = 0; fact(env, i, &name, &value); i++) {
		put(&p, "  ");
		show_span(&p, name);
		put(&p, " = ");
		show_span(&p, value);
		put(&p, "\n");
	}
	if (has_text(trace, trace->runtime)) {
		put(&p, "\n");
		show_at(&p, trace->runtime);
		put(&p, "\n");
	}
	for (size_t i = 0; i < trace->errors_len; i++)
		write_error(&p, &trace->errors[i]);
	return end(&p);
}

/* -- the choice -------------------------------------------------------------------------------- */

static struct wsgi_span trimmed(struct wsgi_span s)
{
	while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = (struct wsgi_span){s.data + 1, s.len - 1};
	while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* Up to a separator; *rest moves behind it. */
static struct wsgi_span item(struct wsgi_span *rest, char separator)
{
	const char *end = memchr(rest->data, separator, rest->len);
	struct wsgi_span found = {rest->data, end != NULL ? (size_t)(end - rest->data) : rest->len};
	size_t used = found.len + (end != NULL);

	*rest = (struct wsgi_span){rest->data + used, rest->len - used};
	return trimmed(found);
}

/* RFC 9110, 12.4.2: a weight of 0 is "not this one". */
static bool is_refused(struct wsgi_span parameters)
{
	while (parameters.len > 0) {
		struct wsgi_span weight = item(&parameters, ';');

		if (weight.len >= 3 && (weight.data[0] | 0x20) == 'q' && weight.data[1] == '=')
			return strspn(weight.data + 2, "0.") >= weight.len - 2;
	}
	return false;
}

bool wsgi_debug_page_wants_html(const char *accept)
{
	struct wsgi_span rest = wsgi_span_of(accept != NULL ? accept : "");

	while (rest.len > 0) {
		struct wsgi_span range = item(&rest, ',');
		struct wsgi_span type = item(&range, ';');

		if (wsgi_span_is_nocase(type, "text/html") && !is_refused(range))
			return true;
	}
	return false;
}
