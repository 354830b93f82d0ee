/*
 * Whatever a peer sends: record, session, pair and params take it. In whatever portions the bytes
 * come they say the same; a request's events have their order, its variables are those of a naive
 * reading of its PARAMS, and a good one is told as what it was made of.
 */
#include <errno.h>
#include <stddef.h>

#include "../fuzz.h"
#include "fcgi/params.h"
#include "fcgi/session.h"

enum { LIMIT = 512 };

/* A connection, and what has come of it. */
struct peer {
	struct wsgi_session session;
	struct wsgi_params params;
	struct wsgi_buf stream; /* PARAMS as they came */
	struct wsgi_buf told;   /* all events, pieces of one stream put together */
	int last;               /* the event before */
	bool late;              /* a request is ended only when the next one waits for that */
};

/* -- the variables ----------------------------------------------------------------------------- */

/* FastCGI, 3.4: a length in one byte or four. false: it is cut off. */
static bool take_length(struct wsgi_span *s, size_t *len)
{
	const unsigned char *c = (const unsigned char *)s->data;
	const size_t used = s->len > 0 && c[0] >= 0x80 ? 4 : 1;

	if (s->len < used)
		return false;
	*len = used == 1 ? c[0]
			 : (size_t)(c[0] & 0x7f) << 24 | (size_t)c[1] << 16 | (size_t)c[2] << 8 |
				   c[3];
	*s = (struct wsgi_span){s->data + used, s->len - used};
	return true;
}

static bool take_pair(struct wsgi_span *s, struct wsgi_span *name, struct wsgi_span *value)
{
	size_t name_len, value_len;

	if (!take_length(s, &name_len) || !take_length(s, &value_len) || s->len < name_len ||
	    s->len - name_len < value_len)
		return false;
	*name = (struct wsgi_span){s->data, name_len};
	*value = (struct wsgi_span){s->data + name_len, value_len};
	*s = (struct wsgi_span){s->data + name_len + value_len, s->len - name_len - value_len};
	return true;
}

/* The value that counts of a name: the last one. */
static struct wsgi_span last_value(struct wsgi_span stream, struct wsgi_span wanted)
{
	struct wsgi_span name, value, found = {0};

	while (stream.len > 0 && take_pair(&stream, &name, &value))
		if (same(name, wanted))
			found = value;
	return found;
}

/* A variable is a string: what a pair has behind a NUL is another matter. */
static bool is_string(struct wsgi_span s)
{
	return s.len == 0 || memchr(s.data, '\0', s.len) == NULL;
}

static void check_variables(const struct wsgi_environ *env, struct wsgi_span stream)
{
	struct wsgi_span name, value, left = stream;

	while (left.len > 0) {
		must(take_pair(&left, &name, &value));
		if (is_string(name) && is_string(value) && is_string(last_value(stream, name)))
			must(wsgi_environ_has(env, name));
	}
	for (size_t i = 0; i < env->len; i++) {
		wsgi_environ_at(env, i, &name, &value);
		must(same(value, last_value(stream, name)));
		must(value.data[value.len] == '\0');
	}
}

static int end_params(struct peer *p)
{
	struct wsgi_span stream = {p->stream.data, p->stream.len}, name, value, left = stream;
	struct wsgi_environ env = {0};
	FCGX_ParamArray envp;
	bool whole = true;
	int rc = wsgi_params_end(&p->params, &env, &envp);

	while (whole && left.len > 0)
		whole = take_pair(&left, &name, &value);
	must(rc == (whole ? 0 : -EPROTO));
	if (rc == 0) {
		check_variables(&env, stream);
		for (size_t i = 0; envp[i] != NULL; i++)
			FCGX_GetParam("PATH_INFO", envp + i);
	}
	wsgi_environ_finish(&env);
	return rc;
}

/* -- the events -------------------------------------------------------------------------------- */

static void tell(struct peer *p, int event, struct wsgi_span piece)
{
	const bool goes_on =
		event == p->last && (event == WSGI_SESSION_PARAMS || event == WSGI_SESSION_INPUT);
	const char letter = (char)('A' + event);

	if (!goes_on)
		must(wsgi_buf_add(&p->told, &letter, 1) == 0);
	must(wsgi_buf_add(&p->told, piece.data, piece.len) == 0);
	p->last = event;
}

/* One record, and its length is what its head says. */
static bool is_record(struct wsgi_span s)
{
	const unsigned char *c = (const unsigned char *)s.data;

	return s.len >= 8 && c[0] == 1 && s.len == 8u + (size_t)(c[4] << 8 | c[5]) + c[6];
}

/* What may be said of a request when: last is what was said of it before. */
static void check_order(const struct peer *p, int event, struct wsgi_span piece)
{
	const enum wsgi_session_phase phase = p->session.phase;

	if (event == WSGI_SESSION_PARAMS || event == WSGI_SESSION_INPUT)
		must(piece.len > 0 && p->session.id != 0);
	if (event == WSGI_SESSION_PARAMS)
		must(phase == WSGI_SESSION_IN_PARAMS);
	if (event == WSGI_SESSION_PARAMS_END || event == WSGI_SESSION_INPUT)
		must(phase == WSGI_SESSION_IN_INPUT);
	if (event == WSGI_SESSION_INPUT_END)
		must(phase == WSGI_SESSION_WHOLE);
	if (event == WSGI_SESSION_REPLY || event == WSGI_SESSION_REFUSE)
		must(is_record(piece));
}

/* Returns 0, or a negative errno at which a server would close the connection. */
static int on_event(struct peer *p, int event, struct wsgi_span piece)
{
	int rc = 0;

	check_order(p, event, piece);
	switch (event) {
	case WSGI_SESSION_BEGIN:
		wsgi_params_clear(&p->params);
		p->stream.len = 0;
		break;
	case WSGI_SESSION_PARAMS:
		rc = wsgi_params_add(&p->params, piece, LIMIT);
		must(wsgi_buf_add(&p->stream, piece.data, piece.len) == 0);
		must(rc == (p->stream.len > LIMIT ? -EMSGSIZE : 0));
		break;
	case WSGI_SESSION_PARAMS_END:
		rc = end_params(p);
		break;
	case WSGI_SESSION_INPUT_END:
		if (!p->late)
			wsgi_session_end(&p->session);
		break;
	case WSGI_SESSION_ABORT:
	case WSGI_SESSION_HOLD:
		wsgi_session_end(&p->session);
		break;
	case WSGI_SESSION_REFUSE:
		rc = -EPROTO;
		break;
	default:
		break;
	}
	must(p->params.text.cap <= 8 * LIMIT); /* no memory for what has not come */
	return rc;
}

/* What of a piece is the same however the bytes are cut: none that no event is about. */
static struct wsgi_span told_of(const struct peer *p, int event, struct wsgi_span piece)
{
	const size_t room = LIMIT - p->stream.len; /* PARAMS beyond it are refused as they come */

	if (event == WSGI_SESSION_PARAMS && piece.len > room)
		return (struct wsgi_span){piece.data, room};
	if (event == WSGI_SESSION_PARAMS || event == WSGI_SESSION_INPUT ||
	    event == WSGI_SESSION_REPLY || event == WSGI_SESSION_REFUSE)
		return piece;
	return (struct wsgi_span){0};
}

/* Take some bytes. false: the connection is closed. */
static bool take(struct peer *p, struct wsgi_span in)
{
	struct wsgi_span piece = {0};
	int event;

	while ((event = wsgi_session_next(&p->session, &in, &piece)) > 0) {
		tell(p, event, told_of(p, event, piece));
		if (on_event(p, event, piece) < 0)
			return false;
		piece = (struct wsgi_span){0};
	}
	must(event == -EPROTO || in.len == 0);
	return event == 0;
}

/* All of data, so many bytes at a time; each portion is copied, so that reading past it is seen. */
static void talk(struct peer *p, struct wsgi_span data, size_t portion)
{
	bool open = true;

	wsgi_session_init(&p->session, 1, 1);
	for (size_t at = 0; open && at < data.len; at += portion) {
		const size_t n = data.len - at < portion ? data.len - at : portion;
		char *copy = malloc(n);

		must(copy != NULL);
		memcpy(copy, data.data + at, n);
		open = take(p, (struct wsgi_span){copy, n});
		free(copy);
	}
	must(wsgi_buf_adds(&p->told, open ? "." : "!") == 0);
}

static void finish(struct peer *p)
{
	wsgi_params_finish(&p->params);
	wsgi_buf_finish(&p->stream);
	wsgi_buf_finish(&p->told);
}

/* -- what a peer sends ------------------------------------------------------------------------- */

/* Records, most of them as a web server has them. */
static struct wsgi_buf records(struct fuzz *f)
{
	static const uint8_t types[] = {FCGI_BEGIN_REQUEST, FCGI_PARAMS, FCGI_PARAMS,
					FCGI_STDIN,         FCGI_STDIN,  FCGI_ABORT_REQUEST,
					FCGI_GET_VALUES,    FCGI_DATA};
	static const char begin[8] = {0, FCGI_RESPONDER};
	static const char values[] = "\x0e\0" FCGI_MAX_CONNS "\x0f\0" FCGI_MPXS_CONNS;
	struct wsgi_buf out = {0};

	while (f->len > 0) {
		const uint8_t how = fuzz_byte(f), type = types[how % 8];
		const uint8_t padding = how & 8 ? fuzz_byte(f) : 0;
		struct wsgi_span content = fuzz_span(f, how & 16 ? 0 : 60);
		struct wsgi_span sent = content;
		char head[8], zeros[255] = "";

		if (type == FCGI_BEGIN_REQUEST && !(how & 32))
			sent = (struct wsgi_span){begin, sizeof(begin)};
		if (type == FCGI_GET_VALUES && !(how & 32))
			sent = (struct wsgi_span){values, sizeof(values) - 1};
		wsgi_record_put_head(head, how > 250 ? how : type,
				     how & 64 && how & 128 ? fuzz_byte(f) % 3 : 1, sent.len,
				     padding);
		must(wsgi_buf_add(&out, head, 8) == 0);
		must(wsgi_buf_add(&out, sent.data, sent.len) == 0);
		must(wsgi_buf_add(&out, zeros, padding) == 0);
		fuzz_free(content);
	}
	return out;
}

/* -- a request as it should be ----------------------------------------------------------------- */

/* A record with some of text, padded; text is moved behind that. */
static void put_record(struct fuzz *f, struct wsgi_buf *out, uint8_t type, struct wsgi_span *text)
{
	const uint8_t padding = fuzz_byte(f);
	size_t n = text->len > 0 ? 1 + fuzz_byte(f) % text->len : 0;
	char head[8], zeros[255] = "";

	wsgi_record_put_head(head, type, 1, n, padding);
	must(wsgi_buf_add(out, head, 8) == 0 && wsgi_buf_add(out, text->data, n) == 0);
	must(wsgi_buf_add(out, zeros, padding) == 0);
	if (n > 0)
		*text = (struct wsgi_span){text->data + n, text->len - n};
}

/* All of text, and the empty record after it. */
static void put_stream(struct fuzz *f, struct wsgi_buf *out, uint8_t type, struct wsgi_span text)
{
	while (text.len > 0)
		put_record(f, out, type, &text);
	put_record(f, out, type, &text);
}

static void put_length(struct wsgi_buf *b, size_t len, bool is_long)
{
	const char four[4] = {(char)0x80, 0, 0, (char)len};

	must(wsgi_buf_add(b, is_long || len > 127 ? four : four + 3,
			  is_long || len > 127 ? 4 : 1) == 0);
}

static struct wsgi_buf some_pairs(struct fuzz *f)
{
	struct wsgi_buf b = {0};

	for (size_t n = fuzz_below(f, 3); n > 0; n--) {
		const uint8_t how = fuzz_byte(f);
		struct wsgi_span name = fuzz_span(f, 20), value = fuzz_span(f, 200);

		put_length(&b, name.len, how & 1);
		put_length(&b, value.len, how & 2);
		must(wsgi_buf_add(&b, name.data, name.len) == 0);
		must(wsgi_buf_add(&b, value.data, value.len) == 0);
		fuzz_free(name);
		fuzz_free(value);
	}
	return b;
}

/* It is told as what it was made of. */
static void check_request(struct fuzz *f, size_t portion)
{
	static const char begin[8] = {0, FCGI_RESPONDER};
	struct wsgi_buf pairs = some_pairs(f), sent = {0}, want = {0};
	struct wsgi_span body = fuzz_span(f, 200), first = {begin, sizeof(begin)};
	struct peer p = {.late = false};
	char head[8];

	wsgi_record_put_head(head, FCGI_BEGIN_REQUEST, 1, first.len, 0);
	must(wsgi_buf_add(&sent, head, 8) == 0 && wsgi_buf_add(&sent, first.data, first.len) == 0);
	put_stream(f, &sent, FCGI_PARAMS, (struct wsgi_span){pairs.data, pairs.len});
	put_stream(f, &sent, FCGI_STDIN, body);
	tell(&p, WSGI_SESSION_BEGIN, (struct wsgi_span){0});
	if (pairs.len > 0)
		tell(&p, WSGI_SESSION_PARAMS, (struct wsgi_span){pairs.data, pairs.len});
	tell(&p, WSGI_SESSION_PARAMS_END, (struct wsgi_span){0});
	if (body.len > 0)
		tell(&p, WSGI_SESSION_INPUT, body);
	tell(&p, WSGI_SESSION_INPUT_END, (struct wsgi_span){0});
	want = p.told;
	must(wsgi_buf_adds(&want, ".") == 0);
	p = (struct peer){.late = false};
	talk(&p, (struct wsgi_span){sent.data, sent.len}, portion);
	must(same((struct wsgi_span){p.told.data, p.told.len},
		  (struct wsgi_span){want.data, want.len}));
	finish(&p);
	wsgi_buf_finish(&want);
	wsgi_buf_finish(&sent);
	wsgi_buf_finish(&pairs);
	fuzz_free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	const size_t portion = 1 + fuzz_byte(&f);
	const uint8_t how = fuzz_byte(&f);
	struct wsgi_buf made = {0};
	struct peer whole = {.late = how & 1}, parts = {.late = how & 1};
	struct wsgi_span sent;

	if (how % 8 == 4) {
		check_request(&f, portion);
		return 0;
	}
	if (how & 2)
		must(wsgi_buf_add(&made, f.data, f.len) == 0);
	else
		made = records(&f);
	sent = (struct wsgi_span){made.data, made.len};
	talk(&whole, sent, SIZE_MAX / 2);
	talk(&parts, sent, portion);
	must(same((struct wsgi_span){whole.told.data, whole.told.len},
		  (struct wsgi_span){parts.told.data, parts.told.len}));
	finish(&whole);
	finish(&parts);
	wsgi_buf_finish(&made);
	return 0;
}
