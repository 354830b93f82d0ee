#include "fcgi/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What may come between two requests that nobody asked for: the rest of a body, as a rule. */
#define IDLE_BYTES_MAX (64u << 20)

enum sink {
	NOTHING,
	BEGIN,  /* of a new request */
	SECOND, /* a BEGIN_REQUEST that cannot be had now */
	ABORT,  /* of the request under way */
	PARAMS, /* as those that follow */
	INPUT,
	VALUES,  /* GET_VALUES */
	UNKNOWN, /* a management record of a type that is not known */
};

static const char *const names[] = {FCGI_MAX_CONNS, FCGI_MAX_REQS, FCGI_MPXS_CONNS};
#define NAMES (sizeof(names) / sizeof(names[0]))

void wsgi_session_init(struct wsgi_session *s, unsigned max_conns, unsigned max_reqs)
{
	*s = (struct wsgi_session){.max_conns = max_conns, .max_reqs = max_reqs};
}

static enum sink management_sink(struct wsgi_session *s)
{
	switch (s->reader.type) {
	case FCGI_GET_VALUES:
		s->pairs = (struct wsgi_pair_reader){0};
		s->asked = 0;
		return VALUES;
	case FCGI_GET_VALUES_RESULT: /* an answer is never answered: two servers would go on */
	case FCGI_UNKNOWN_TYPE:
		return NOTHING;
	default:
		return UNKNOWN;
	}
}

static enum sink stream_sink(const struct wsgi_session *s)
{
	switch (s->reader.type) {
	case FCGI_ABORT_REQUEST:
		return ABORT;
	case FCGI_PARAMS:
		return s->phase == WSGI_SESSION_IN_PARAMS ? PARAMS : NOTHING;
	case FCGI_STDIN:
		return s->phase == WSGI_SESSION_IN_INPUT ? INPUT : NOTHING;
	default:
		return NOTHING;
	}
}

/* A record begins. Returns 0, WSGI_SESSION_HOLD, -EPROTO. */
static int on_head(struct wsgi_session *s)
{
	const struct wsgi_record_reader *r = &s->reader;

	s->held = false;
	if (r->id == FCGI_NULL_REQUEST_ID) {
		s->sink = management_sink(s);
	} else if (r->type == FCGI_BEGIN_REQUEST) {
		s->held = s->phase == WSGI_SESSION_WHOLE;
		if (s->held)
			return WSGI_SESSION_HOLD;
		if (r->id == s->id || r->content_len != sizeof(s->begin))
			return -EPROTO;
		s->sink = s->phase == WSGI_SESSION_IDLE ? BEGIN : SECOND;
	} else if (r->id == s->id) {
		s->sink = stream_sink(s);
		/* STDIN before PARAMS have ended: the sender is confused, or nobody we know. */
		if (r->type == FCGI_STDIN && s->phase == WSGI_SESSION_IN_PARAMS)
			return -EPROTO;
	} else {
		s->sink = NOTHING;
	}
	if (s->phase == WSGI_SESSION_IDLE)
		s->idle_bytes += FCGI_HEADER_LEN + r->content_len;
	return s->idle_bytes > IDLE_BYTES_MAX ? -EPROTO : 0;
}

/* Of the names that GET_VALUES asks for, only so many bytes are kept as the longest known has. */
static void on_values(struct wsgi_session *s, struct wsgi_span in)
{
	struct wsgi_span piece;
	size_t at, n;
	int event;

	while ((event = wsgi_pair_read(&s->pairs, &in, &piece)) != WSGI_PAIR_MORE) {
		if (event == WSGI_PAIR_NAME && s->pairs.name_len <= sizeof(s->name)) {
			n = piece.len;
			at = s->pairs.name_len - s->pairs.name_left - n;
			memcpy(s->name + at, piece.data, n);
		}
		for (size_t i = 0; event == WSGI_PAIR_END && i < NAMES; i++)
			if (s->pairs.name_len == strlen(names[i]) &&
			    memcmp(s->name, names[i], s->pairs.name_len) == 0)
				s->asked |= 1u << i;
	}
}

/* Some content of the present record. Returns an event or 0. */
static int on_data(struct wsgi_session *s, struct wsgi_span piece)
{
	switch (s->sink) {
	case PARAMS:
		return WSGI_SESSION_PARAMS;
	case INPUT:
		return WSGI_SESSION_INPUT;
	case BEGIN:
	case SECOND:
		memcpy(s->begin + sizeof(s->begin) - s->reader.content_left - piece.len, piece.data,
		       piece.len);
		return 0;
	case VALUES:
		on_values(s, piece);
		return 0;
	default:
		return 0;
	}
}

static int reply_end(struct wsgi_session *s, uint8_t protocol_status, struct wsgi_span *piece)
{
	piece->data = s->reply;
	piece->len = wsgi_record_put_end(s->reply, s->reader.id, 0, protocol_status);
	return WSGI_SESSION_REPLY;
}

static int end_begin(struct wsgi_session *s, struct wsgi_span *piece)
{
	const bool keep_conn = s->begin[2] & FCGI_KEEP_CONN;
	const uint16_t role = (uint16_t)(s->begin[0] << 8 | s->begin[1]);

	if (role != FCGI_RESPONDER && role != FCGI_AUTHORIZER) {
		reply_end(s, FCGI_UNKNOWN_ROLE, piece);
		return keep_conn ? WSGI_SESSION_REPLY : WSGI_SESSION_REFUSE;
	}
	s->id = s->reader.id;
	s->role = role;
	s->keep_conn = keep_conn;
	s->phase = WSGI_SESSION_IN_PARAMS;
	s->idle_bytes = 0;
	return WSGI_SESSION_BEGIN;
}

static int end_values(struct wsgi_session *s, struct wsgi_span *piece)
{
	const unsigned values[NAMES] = {s->max_conns, s->max_reqs, 0};
	char *p = s->reply + FCGI_HEADER_LEN;

	if (!wsgi_pair_at_border(&s->pairs))
		return -EPROTO;
	for (size_t i = 0; i < NAMES; i++) {
		char text[12];
		int n = snprintf(text, sizeof(text), "%u", values[i]);

		if (!(s->asked & 1u << i))
			continue;
		p += wsgi_pair_put_head(p, strlen(names[i]), (size_t)n);
		p = stpcpy(stpcpy(p, names[i]), text);
	}
	piece->data = s->reply;
	piece->len = (size_t)(p - s->reply);
	wsgi_record_put_head(s->reply, FCGI_GET_VALUES_RESULT, FCGI_NULL_REQUEST_ID,
			     piece->len - FCGI_HEADER_LEN, 0);
	return WSGI_SESSION_REPLY;
}

/* The present record is whole. Returns an event, 0, -EPROTO. */
static int on_end(struct wsgi_session *s, struct wsgi_span *piece)
{
	switch (s->sink) {
	case BEGIN:
		return end_begin(s, piece);
	case SECOND:
		return reply_end(s, FCGI_CANT_MPX_CONN, piece);
	case ABORT:
		return WSGI_SESSION_ABORT;
	case VALUES:
		return end_values(s, piece);
	case UNKNOWN:
		piece->data = s->reply;
		piece->len = wsgi_record_put_unknown(s->reply, s->reader.type);
		return WSGI_SESSION_REPLY;
	default:
		break;
	}
	if (s->reader.content_len > 0 || s->sink == NOTHING)
		return 0;
	if (s->sink == PARAMS) {
		s->phase = s->role == FCGI_RESPONDER ? WSGI_SESSION_IN_INPUT : WSGI_SESSION_WHOLE;
		return WSGI_SESSION_PARAMS_END;
	}
	s->phase = WSGI_SESSION_WHOLE;
	return WSGI_SESSION_INPUT_END;
}

int wsgi_session_next(struct wsgi_session *s, struct wsgi_span *in, struct wsgi_span *piece)
{
	int rc = 0;

	while (rc == 0) {
		int event = s->held ? WSGI_RECORD_HEAD : wsgi_record_read(&s->reader, in, piece);

		if (event == WSGI_RECORD_HEAD)
			rc = on_head(s);
		else if (event == WSGI_RECORD_DATA)
			rc = on_data(s, *piece);
		else if (event == WSGI_RECORD_END)
			rc = on_end(s, piece);
		else
			return event; /* WSGI_RECORD_MORE is WSGI_SESSION_MORE, 0 */
	}
	return rc;
}

void wsgi_session_end(struct wsgi_session *s)
{
	s->phase = WSGI_SESSION_IDLE;
	s->id = 0;
	if (s->sink == PARAMS || s->sink == INPUT || s->sink == ABORT)
		s->sink = NOTHING; /* the rest of a record may still come */
}

bool wsgi_session_is_idle(const struct wsgi_session *s)
{
	return s->phase == WSGI_SESSION_IDLE && wsgi_record_at_border(&s->reader);
}
