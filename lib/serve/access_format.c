#include "serve/access_format.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char atoms[] = "hlutrmUqHsBbfaTDMLp", numbers[] = "BTDM";

struct parser {
	struct wsgi_access_format *f;
	struct wsgi_error *err;
	const char *at; /* what is read */
	char *room;     /* where texts and names go, which are never longer */
};

static int no_such(struct parser *p, const char *begin, const char *why)
{
	int len = (int)strcspn(begin, " ");

	return wsgi_fail(p->err, -EINVAL, "--access-logformat: there is no atom %.*s%s",
			 len < 60 ? len : 60, begin, why);
}

/* A piece of text, which grows the one before it where that is text too. */
static void add_text(struct parser *p, const char *text, size_t len)
{
	struct wsgi_access_item *last = &p->f->items[p->f->len];

	memcpy(p->room, text, len);
	if (p->f->len > 0 && last[-1].kind == WSGI_ACCESS_TEXT)
		last[-1].len += len;
	else
		p->f->items[p->f->len++] = (struct wsgi_access_item){
			.kind = WSGI_ACCESS_TEXT, .text = p->room, .len = len};
	p->room += len;
}

/* "User-Agent" is the variable HTTP_USER_AGENT, but "Content-Type" is CONTENT_TYPE. */
static size_t name_variable(char *to, struct wsgi_span header)
{
	static const char prefix[] = "HTTP_";
	size_t at = 0;

	if (!wsgi_span_is_nocase(header, "Content-Type") &&
	    !wsgi_span_is_nocase(header, "Content-Length")) {
		memcpy(to, prefix, sizeof(prefix) - 1);
		at = sizeof(prefix) - 1;
	}
	for (size_t i = 0; i < header.len; i++)
		to[at++] =
			header.data[i] == '-' ? '_' : (char)toupper((unsigned char)header.data[i]);
	return at;
}

static void add_named(struct parser *p, enum wsgi_access_kind kind, struct wsgi_span name)
{
	struct wsgi_access_item *item = &p->f->items[p->f->len++];

	*item = (struct wsgi_access_item){.kind = kind, .text = p->room, .len = name.len};
	if (kind == WSGI_ACCESS_REQUEST)
		item->len = name_variable(p->room, name);
	else
		memcpy(p->room, name.data, name.len);
	p->room[item->len] = '\0';
	p->room += item->len + 1;
}

/* What stands between the parentheses. Returns 0 or -EINVAL. */
static int add_atom(struct parser *p, const char *begin, struct wsgi_span name, char conversion)
{
	static const char ends[] = "ioe";
	const char *end;

	if (name.len == 1 && strchr(atoms, *name.data) != NULL) {
		if (conversion == 'd' && strchr(numbers, *name.data) == NULL)
			return no_such(p, begin, ": it is no number, write s for d");
		p->f->items[p->f->len++] =
			(struct wsgi_access_item){.kind = WSGI_ACCESS_ATOM, .atom = *name.data};
		return 0;
	}
	if (name.len < 4 || name.data[0] != '{' || name.data[name.len - 2] != '}')
		return no_such(p, begin, "");
	end = strchr(ends, name.data[name.len - 1]);
	if (end == NULL || conversion == 'd')
		return no_such(p, begin, "");
	add_named(p,
		  *end == 'i'   ? WSGI_ACCESS_REQUEST
		  : *end == 'o' ? WSGI_ACCESS_RESPONSE
				: WSGI_ACCESS_VARIABLE,
		  (struct wsgi_span){name.data + 1, name.len - 3});
	return 0;
}

/* At a '%'. */
static int read_atom(struct parser *p)
{
	const char *begin = p->at, *close;
	int rc;

	if (begin[1] == '%') {
		add_text(p, "%", 1);
		p->at += 2;
		return 0;
	}
	close = begin[1] == '(' ? strchr(begin, ')') : NULL;
	if (close == NULL || (close[1] != 's' && close[1] != 'd'))
		return no_such(p, begin, ": it is to be as %(h)s, and a '%' is %%");
	rc = add_atom(p, begin, (struct wsgi_span){begin + 2, (size_t)(close - begin) - 2},
		      close[1]);
	p->at = close + 2;
	return rc;
}

/* Each item is two bytes of format at least; a name takes five more, for HTTP_, and a NUL. */
static int make_room(struct parser *p, size_t len)
{
	p->f->items = calloc(len + 1, sizeof(*p->f->items));
	p->f->text = p->room = malloc(len * 2 + 1);
	if (p->f->items != NULL && p->f->text != NULL)
		return 0;
	return wsgi_fail(p->err, -ENOMEM, "out of memory");
}

int wsgi_access_format_parse(struct wsgi_access_format *f, const char *format,
			     struct wsgi_error *err)
{
	struct parser p = {.f = f, .err = err, .at = format};
	int rc;

	*f = (struct wsgi_access_format){.is_json = strcmp(format, "json") == 0};
	if (f->is_json)
		return 0;
	rc = make_room(&p, strlen(format));
	while (rc == 0 && *p.at != '\0') {
		size_t len = strcspn(p.at, "%");

		if (len > 0)
			add_text(&p, p.at, len);
		p.at += len;
		if (*p.at == '%')
			rc = read_atom(&p);
	}
	return rc;
}

void wsgi_access_format_finish(struct wsgi_access_format *f)
{
	free(f->items);
	free(f->text);
	*f = (struct wsgi_access_format){0};
}
