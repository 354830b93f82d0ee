#include "fcgi/params.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* More than this is not kept from one request to the next. */
enum { KEPT_BYTES = 64 << 10, KEPT_PARAMS = 1024, FEW = 64 };

/* Bytes beyond a copy that may be touched. */
enum { SLACK = 16 };

struct wsgi_param {
	size_t at; /* in text */
	uint32_t name_len, value_len;
};

void wsgi_params_finish(struct wsgi_params *p)
{
	wsgi_buf_finish(&p->text);
	free(p->list);
	free(p->envp);
	*p = (struct wsgi_params){0};
}

void wsgi_params_clear(struct wsgi_params *p)
{
	if (p->text.cap > KEPT_BYTES || p->cap > KEPT_PARAMS) {
		wsgi_params_finish(p);
		return;
	}
	p->reader = (struct wsgi_pair_reader){0};
	p->bytes = p->text.len = p->len = 0;
}

/* Make room in list. Returns 0 or -ENOMEM. */
static int grow(struct wsgi_params *p)
{
	size_t cap = p->cap > 0 ? p->cap * 2 : FEW;
	struct wsgi_param *list = realloc(p->list, cap * sizeof(*list));

	if (list == NULL)
		return -ENOMEM;
	p->list = list;
	p->cap = cap;
	return 0;
}

/* Note a pair whose text stands at `at`. */
static inline int note(struct wsgi_params *p, size_t at, uint32_t name_len, uint32_t value_len)
{
	if (p->len == p->cap && grow(p) != 0)
		return -ENOMEM;
	p->list[p->len++] = (struct wsgi_param){at, name_len, value_len};
	return 0;
}

/*
 * Copy n bytes where SLACK more may be read and written: names and values are short, and so nearly
 * every copy is one move or two. memcpy() here would be a call, or a string instruction.
 */
static inline char *copy_slack(char *to, const unsigned char *from, size_t n)
{
	for (size_t i = 0; i < n; i += SLACK)
		memcpy(to + i, from + i, SLACK);
	return to + n;
}

/*
 * Take the pairs with short lengths that lie whole in in, and SLACK bytes before its end: nearly
 * all do. Room for their text is there, '=' and NUL take no more than the two lengths did.
 */
static int add_short(struct wsgi_params *p, struct wsgi_span *in)
{
	const unsigned char *at = (const unsigned char *)in->data, *end = at + in->len;
	char *to = p->text.data + p->text.len;
	int rc = 0;

	while (end - at >= 2 + SLACK && ((at[0] | at[1]) & 0x80) == 0 &&
	       end - at >= 2 + SLACK + at[0] + at[1]) {
		uint32_t name_len = at[0], value_len = at[1];

		rc = note(p, (size_t)(to - p->text.data), name_len, value_len);
		if (rc != 0)
			break;
		to = copy_slack(to, at + 2, name_len);
		*to++ = '=';
		to = copy_slack(to, at + 2 + name_len, value_len);
		*to++ = '\0';
		at += 2 + name_len + value_len;
	}
	p->text.len = (size_t)(to - p->text.data);
	in->len = (size_t)(end - at);
	in->data = (const char *)at;
	return rc;
}

/* The '=' goes in when the name is whole, the NUL when the value is. */
static int add_mark(struct wsgi_params *p, char mark)
{
	return wsgi_buf_add(&p->text, &mark, 1);
}

static int add_end(struct wsgi_params *p)
{
	const struct wsgi_pair_reader *r = &p->reader;
	int rc = 0;

	if (r->value_len == 0)
		rc = add_mark(p, '=');
	if (rc == 0)
		rc = add_mark(p, '\0');
	if (rc == 0)
		rc = note(p, p->text.len - r->name_len - r->value_len - 2, r->name_len,
			  r->value_len);
	return rc;
}

/* Take the pair, or the part of one, that in begins with. Returns 0 or -ENOMEM. */
static int add_slowly(struct wsgi_params *p, struct wsgi_span *in)
{
	struct wsgi_span piece;
	int rc = 0;

	while (rc == 0) {
		switch (wsgi_pair_read(&p->reader, in, &piece)) {
		case WSGI_PAIR_NAME:
			rc = wsgi_buf_add(&p->text, piece.data, piece.len);
			break;
		case WSGI_PAIR_VALUE:
			if (p->reader.value_left + piece.len == p->reader.value_len)
				rc = add_mark(p, '=');
			if (rc == 0)
				rc = wsgi_buf_add(&p->text, piece.data, piece.len);
			break;
		case WSGI_PAIR_END:
			return add_end(p);
		default:
			return 0;
		}
	}
	return rc;
}

int wsgi_params_add(struct wsgi_params *p, struct wsgi_span in, size_t limit)
{
	int rc = 0;

	p->bytes += in.len;
	if (p->bytes > limit)
		return -EMSGSIZE;
	while (in.len > 0 && rc == 0) {
		if (wsgi_pair_at_border(&p->reader)) {
			rc = wsgi_buf_reserve(&p->text, in.len + SLACK);
			if (rc == 0)
				rc = add_short(p, &in);
		}
		if (rc == 0)
			rc = add_slowly(p, &in);
	}
	return rc;
}

/* -- headers that are repeated ----------------------------------------------------------------- */

/* A variable of a header: its name, in text, and its place in list. */
struct header {
	struct wsgi_span name;
	size_t i;
};

/* By name, those of one name as they came. */
static int compare(const void *a, const void *b)
{
	const struct header *x = a, *y = b;
	int order;

	if (x->name.len != y->name.len)
		return x->name.len < y->name.len ? -1 : 1;
	order = memcmp(x->name.data, y->name.data, x->name.len);
	return order != 0 ? order : x->i < y->i ? -1 : 1;
}

static size_t find_headers(const struct wsgi_params *p, struct header *headers)
{
	size_t n = 0;

	for (size_t i = 0; i < p->len; i++) {
		struct wsgi_span name = {p->text.data + p->list[i].at, p->list[i].name_len};

		if (name.len > 5 && memcmp(name.data, "HTTP_", 5) == 0)
			headers[n++] = (struct header){name, i};
	}
	return n;
}

/* n headers of one name: the last one becomes all of them. There is room in text. */
static void join(struct wsgi_params *p, const struct header *same, size_t n)
{
	const bool cookie = wsgi_span_is(same->name, "HTTP_COOKIE"); /* RFC 6265, 5.4 */
	const size_t at = p->text.len, name_len = same->name.len;
	struct wsgi_param *last = &p->list[same[n - 1].i];

	wsgi_buf_add(&p->text, same->name.data, name_len + 1);
	for (size_t k = 0; k < n; k++) {
		const struct wsgi_param *one = &p->list[same[k].i];

		if (k > 0)
			wsgi_buf_adds(&p->text, cookie ? "; " : ", ");
		wsgi_buf_add(&p->text, p->text.data + one->at + name_len + 1, one->value_len);
	}
	last->at = at;
	last->value_len = (uint32_t)(p->text.len - at - name_len - 1);
	wsgi_buf_add(&p->text, "", 1);
}

/*
 * RFC 3875, 4.1.18: a header that was repeated is one variable. nginx before 1.23, HAProxy and H2O
 * leave that to us.
 */
static int join_headers(struct wsgi_params *p)
{
	struct header *headers = malloc(p->len * sizeof(*headers));
	size_t n, first = 0;
	int rc = headers != NULL ? wsgi_buf_reserve(&p->text, p->text.len + 2 * p->len) : -ENOMEM;

	n = rc == 0 ? find_headers(p, headers) : 0;
	qsort(headers, n, sizeof(*headers), compare);
	for (size_t i = 1; i <= n; i++) {
		const struct wsgi_span *name = &headers[first].name;

		if (i < n && headers[i].name.len == name->len &&
		    memcmp(headers[i].name.data, name->data, name->len) == 0)
			continue;
		if (i - first > 1)
			join(p, headers + first, i - first);
		first = i;
	}
	free(headers);
	return rc;
}

/* -- the end ----------------------------------------------------------------------------------- */

static int make_envp(struct wsgi_params *p, const struct wsgi_environ *env)
{
	const bool unique = env->len == p->len;
	struct wsgi_span name, value;
	char **envp;

	if (p->envp_cap < env->len + 1) {
		envp = realloc(p->envp, (env->len + 1) * sizeof(*envp));
		if (envp == NULL)
			return -ENOMEM;
		p->envp = envp;
		p->envp_cap = env->len + 1;
	}
	for (size_t i = 0; unique && i < p->len; i++)
		p->envp[i] = p->text.data + p->list[i].at;
	for (size_t i = 0; !unique && i < env->len; i++) {
		wsgi_environ_at(env, i, &name, &value);
		p->envp[i] = p->text.data + (name.data - p->text.data);
	}
	p->envp[env->len] = NULL;
	return 0;
}

static int borrow_all(const struct wsgi_params *p, struct wsgi_environ *env)
{
	int rc = 0;

	for (size_t i = 0; i < p->len && rc == 0; i++)
		rc = wsgi_environ_borrow(env, p->text.data + p->list[i].at, p->list[i].name_len,
					 p->list[i].value_len);
	return rc;
}

int wsgi_params_end(struct wsgi_params *p, struct wsgi_environ *env, FCGX_ParamArray *envp)
{
	int rc;

	if (!wsgi_pair_at_border(&p->reader))
		return -EPROTO;
	rc = borrow_all(p, env);
	if (rc == 0 && env->len < p->len) { /* two of one name: rare, so the more costly way */
		wsgi_environ_clear(env);
		rc = join_headers(p);
		rc = rc == 0 ? borrow_all(p, env) : rc;
	}
	if (rc == 0)
		rc = make_envp(p, env);
	*envp = p->envp;
	return rc;
}
