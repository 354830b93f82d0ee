#include "serve/access_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"
#include "serve/access_format.h"
#include "serve/access_line.h"

struct wsgi_access_log {
	struct wsgi_access_format format;
	int fd;
	_Atomic uint64_t lost; /* lines, since one was written */
	_Atomic int why;       /* errno of the last of them */
	atomic_bool is_torn;   /* a part of a line was written, without its end */
};

/* -- the time ---------------------------------------------------------------------------------- */

/* The second that a thread wrote last, in both forms: local time, in no language but English. */
struct second {
	time_t at;
	char text[WSGI_WHEN_SIZE + 2], iso[64], zone[8];
};

static void set_second(struct second *s, time_t at)
{
	struct wsgi_when when;
	const struct tm *tm = &when.tm;
	char text[WSGI_WHEN_SIZE];

	wsgi_when_read(&when, at);
	wsgi_when_clf(&when, text);
	snprintf(s->text, sizeof(s->text), "[%s]", text);
	snprintf(s->iso, sizeof(s->iso), "%04d-%02d-%02dT%02d:%02d:%02d", tm->tm_year + 1900,
		 tm->tm_mon + 1, tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec);
	snprintf(s->zone, sizeof(s->zone), "%.3s:%.2s", when.zone, when.zone + 3);
	s->at = at;
}

/* When the line is written, as far as the facts tell: gunicorn asks its clock then. */
static int64_t end_us(const struct wsgi_access_log_facts *f)
{
	return f->began_at_us + f->took_us;
}

static const struct second *second_of(const struct wsgi_access_log_facts *f)
{
	static _Thread_local struct second last;
	time_t at = (time_t)(end_us(f) / 1000000);

	if (last.at != at || last.text[0] == '\0')
		set_second(&last, at);
	return &last;
}

/* -- facts ------------------------------------------------------------------------------------- */

/* Whether there is one; *value is then its, else "-". */
static bool find(const struct wsgi_access_log_facts *f, const char *name, struct wsgi_span *value)
{
	if (wsgi_environ_find(f->env, name, value))
		return true;
	*value = wsgi_span_of("-");
	return false;
}

/* HEAD, 204 and 304 have a body that is counted, and not sent. */
static uint64_t body_bytes(const struct wsgi_access_log_facts *f)
{
	return f->handler->no_body ? 0 : f->handler->bytes_sent;
}

/* "200"; "-" if the application gave none. */
static struct wsgi_span status_of(const struct wsgi_access_log_facts *f)
{
	const struct wsgi_buf *status = &f->handler->status;
	size_t len = 0;

	while (len < status->len && status->data[len] != ' ' && status->data[len] != '\0')
		len++;
	if (len == 0)
		return wsgi_span_of("-");
	return (struct wsgi_span){status->data, len};
}

static unsigned status_number(const struct wsgi_access_log_facts *f)
{
	struct wsgi_span status = status_of(f);
	unsigned n = 0;

	for (size_t i = 0; i < status.len && i < 3; i++)
		if (status.data[i] >= '0' && status.data[i] <= '9')
			n = n * 10 + (unsigned)(status.data[i] - '0');
	return n;
}

static int base64_value(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* The name in "Basic BASE64(NAME:PASSWORD)", as far as it fits. Returns whether there is one. */
static bool decode_user(struct wsgi_span auth, char name[64], struct wsgi_span *user)
{
	size_t len = 0;
	unsigned bits = 0, n = 0;

	if (auth.len < 6 || !wsgi_span_is_nocase((struct wsgi_span){auth.data, 6}, "basic "))
		return false;
	for (size_t i = 6; i < auth.len && len < 64; i++) {
		int value = base64_value(auth.data[i]);

		if (value < 0)
			break;
		bits = (bits << 6 | (unsigned)value) & 0xffff;
		n += 6;
		if (n < 8)
			continue;
		n -= 8;
		name[len] = (char)(bits >> n & 0xff);
		if (name[len] == ':')
			break;
		len++;
	}
	*user = (struct wsgi_span){name, len};
	return len > 0;
}

/* Whom the front end has let in; else, as gunicorn, who it says it is. */
static bool find_user(const struct wsgi_access_log_facts *f, char room[64], struct wsgi_span *user)
{
	struct wsgi_span auth;

	if (find(f, "REMOTE_USER", user) && user->len > 0)
		return true;
	if (find(f, "HTTP_AUTHORIZATION", &auth) && decode_user(auth, room, user))
		return true;
	*user = wsgi_span_of("-");
	return false;
}

typedef void escape(struct wsgi_access_line *l, struct wsgi_span text);

/* The request's target, as it came; where the front end does not say that, made of its parts. */
static void add_uri(struct wsgi_access_line *l, const struct wsgi_access_log_facts *f, escape *add)
{
	struct wsgi_span part;

	if (find(f, "REQUEST_URI", &part)) {
		add(l, part);
		return;
	}
	if (find(f, "SCRIPT_NAME", &part))
		add(l, part);
	if (find(f, "PATH_INFO", &part))
		add(l, part);
	if (find(f, "QUERY_STRING", &part) && part.len > 0) {
		wsgi_access_line_add(l, "?", 1);
		add(l, part);
	}
}

/* -- a line of text ---------------------------------------------------------------------------- */

static void add_variable(struct wsgi_access_line *l, const struct wsgi_access_log_facts *f,
			 const char *name)
{
	struct wsgi_span value;

	find(f, name, &value);
	wsgi_access_line_escape(l, value);
}

static void add_request(struct wsgi_access_line *l, const struct wsgi_access_log_facts *f)
{
	add_variable(l, f, "REQUEST_METHOD");
	wsgi_access_line_add(l, " ", 1);
	add_uri(l, f, wsgi_access_line_escape);
	wsgi_access_line_add(l, " ", 1);
	add_variable(l, f, "SERVER_PROTOCOL");
}

static void add_user(struct wsgi_access_line *l, const struct wsgi_access_log_facts *f)
{
	struct wsgi_span user;
	char room[64];

	find_user(f, room, &user);
	wsgi_access_line_escape(l, user);
}

static void add_seconds(struct wsgi_access_line *l, const struct wsgi_access_log_facts *f)
{
	wsgi_access_line_addf(l, "%" PRId64 ".%06" PRId64, f->took_us / 1000000,
			      f->took_us % 1000000);
}

/* gunicorn's atoms. */
static void add_atom(struct wsgi_access_line *l, const struct wsgi_access_log_facts *f, char atom)
{
	static const char *const variables[128] = {
		['h'] = "REMOTE_ADDR",    ['m'] = "REQUEST_METHOD",  ['U'] = "PATH_INFO",
		['q'] = "QUERY_STRING",   ['H'] = "SERVER_PROTOCOL", ['f'] = "HTTP_REFERER",
		['a'] = "HTTP_USER_AGENT"};
	const char *time;

	switch (atom) {
	case 'l':
		wsgi_access_line_add(l, "-", 1);
		break;
	case 'u':
		add_user(l, f);
		break;
	case 't':
		time = second_of(f)->text;
		wsgi_access_line_add(l, time, strlen(time));
		break;
	case 'r':
		add_request(l, f);
		break;
	case 's':
		wsgi_access_line_escape(l, status_of(f));
		break;
	case 'b':
	case 'B':
		wsgi_access_line_addf(l, "%" PRIu64, body_bytes(f));
		break;
	case 'T':
		wsgi_access_line_addf(l, "%" PRId64, f->took_us / 1000000);
		break;
	case 'D':
		wsgi_access_line_addf(l, "%" PRId64, f->took_us);
		break;
	case 'M':
		wsgi_access_line_addf(l, "%" PRId64, f->took_us / 1000);
		break;
	case 'L':
		add_seconds(l, f);
		break;
	case 'p':
		wsgi_access_line_addf(l, "<%d>", (int)getpid());
		break;
	default:
		add_variable(l, f, variables[(unsigned char)atom & 127]);
	}
}

/* Of several headers of a name the last one, as in gunicorn's dict. */
static void add_response_header(struct wsgi_access_line *l, const struct wsgi_access_log_facts *f,
				const char *name)
{
	const char *value, *last = "-";

	for (size_t i = 0; (value = wsgi_headers_get_all(&f->handler->headers, name, i)) != NULL;
	     i++)
		last = value;
	wsgi_access_line_escape(l, wsgi_span_of(last));
}

/* A variable by its name in any case. */
static void add_any_case(struct wsgi_access_line *l, const struct wsgi_access_log_facts *f,
			 const char *name)
{
	struct wsgi_span found, value;

	if (wsgi_environ_find(f->env, name, &value)) {
		wsgi_access_line_escape(l, value);
		return;
	}
	for (size_t i = 0; i < f->env->len; i++) {
		wsgi_environ_at(f->env, i, &found, &value);
		if (wsgi_span_is_nocase(found, name)) {
			wsgi_access_line_escape(l, value);
			return;
		}
	}
	wsgi_access_line_add(l, "-", 1);
}

static void add_item(struct wsgi_access_line *l, const struct wsgi_access_log_facts *f,
		     const struct wsgi_access_item *item)
{
	switch (item->kind) {
	case WSGI_ACCESS_TEXT:
		wsgi_access_line_add(l, item->text, item->len);
		break;
	case WSGI_ACCESS_ATOM:
		add_atom(l, f, item->atom);
		break;
	case WSGI_ACCESS_REQUEST:
		add_variable(l, f, item->text);
		break;
	case WSGI_ACCESS_RESPONSE:
		add_response_header(l, f, item->text);
		break;
	case WSGI_ACCESS_VARIABLE:
		add_any_case(l, f, item->text);
		break;
	}
}

/* -- a line of JSON ---------------------------------------------------------------------------- */

static void add_string(struct wsgi_access_line *l, const char *name, bool is_there,
		       struct wsgi_span value)
{
	if (!is_there) {
		wsgi_access_line_addf(l, ",\"%s\":null", name);
		return;
	}
	wsgi_access_line_addf(l, ",\"%s\":\"", name);
	wsgi_access_line_json(l, value);
	wsgi_access_line_add(l, "\"", 1);
}

static void add_json_variables(struct wsgi_access_line *l, const struct wsgi_access_log_facts *f)
{
	static const struct {
		const char *name, *variable;
	} members[] = {
		{"remote_addr", "REMOTE_ADDR"}, {"method", "REQUEST_METHOD"},
		{"host", "HTTP_HOST"},          {"path", "PATH_INFO"},
		{"query", "QUERY_STRING"},      {"protocol", "SERVER_PROTOCOL"},
		{"referer", "HTTP_REFERER"},    {"user_agent", "HTTP_USER_AGENT"},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		struct wsgi_span value;
		bool is_there = find(f, members[i].variable, &value);

		add_string(l, members[i].name, is_there, value);
	}
}

static void add_json(struct wsgi_access_line *l, const struct wsgi_access_log_facts *f)
{
	const struct second *second = second_of(f);
	struct wsgi_span user;
	char room[64];
	bool is_there;

	wsgi_access_line_addf(l, "{\"time\":\"%s.%06d%s\",\"pid\":%d", second->iso,
			      (int)(end_us(f) % 1000000), second->zone, (int)getpid());
	add_json_variables(l, f);
	wsgi_access_line_add(l, ",\"uri\":\"", 8);
	add_uri(l, f, wsgi_access_line_json);
	wsgi_access_line_add(l, "\"", 1);
	is_there = find_user(f, room, &user);
	add_string(l, "user", is_there, user);
	wsgi_access_line_addf(l,
			      ",\"status\":%u,\"bytes\":%" PRIu64 ",\"seconds\":", status_number(f),
			      body_bytes(f));
	add_seconds(l, f);
	wsgi_access_line_add(l, "}", 1);
}

/* -- the log ----------------------------------------------------------------------------------- */

int wsgi_access_log_create(struct wsgi_access_log **log, const char *format, int fd,
			   struct wsgi_error *err)
{
	struct wsgi_access_log *made = calloc(1, sizeof(*made));
	int rc;

	if (made == NULL)
		return wsgi_fail(err, -ENOMEM, "out of memory");
	made->fd = fd;
	rc = wsgi_access_format_parse(&made->format,
				      format != NULL ? format : WSGI_ACCESS_LOG_FORMAT, err);
	if (rc != 0) {
		wsgi_access_log_destroy(made);
		return rc;
	}
	*log = made;
	return 0;
}

void wsgi_access_log_destroy(struct wsgi_access_log *log)
{
	if (log == NULL)
		return;
	wsgi_access_format_finish(&log->format);
	free(log);
}

/* What is said of lost lines, before the first one that may go out again. */
static size_t say_lost(const struct wsgi_access_log *log, char text[160], uint64_t lost,
		       bool is_torn)
{
	const char *first = is_torn ? "\n" : "", *why = strerror(log->why);
	int n;

	if (lost == 0)
		n = snprintf(text, 160, "%s", first);
	else if (log->format.is_json)
		n = snprintf(text, 160, "%s{\"lost\":%" PRIu64 ",\"why\":\"%.80s\"}\n", first, lost,
			     why);
	else
		n = snprintf(text, 160, "%slost: %" PRIu64 " lines: %.80s\n", first, lost, why);
	return (size_t)n;
}

static void put(struct wsgi_access_log *log, struct wsgi_access_line *line)
{
	char note[160];
	uint64_t lost = atomic_exchange(&log->lost, 0);
	bool is_torn = atomic_exchange(&log->is_torn, false);
	struct iovec parts[2] = {{.iov_base = note}, {.iov_base = line->data}};
	ssize_t n;

	parts[0].iov_len = lost > 0 || is_torn ? say_lost(log, note, lost, is_torn) : 0;
	parts[1].iov_len = line->len;
	do
		n = parts[0].iov_len > 0 ? writev(log->fd, parts, 2)
					 : write(log->fd, line->data, line->len);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)(parts[0].iov_len + parts[1].iov_len))
		return;
	log->why = n < 0 ? errno : ENOSPC;
	if (n > 0 && (size_t)n >= parts[0].iov_len)
		lost = 0; /* it was said */
	atomic_fetch_add(&log->lost, lost + 1);
	if (n > 0 || is_torn)
		log->is_torn = true;
}

void wsgi_access_log_write(struct wsgi_access_log *log, const struct wsgi_access_log_facts *facts)
{
	int saved = errno;
	struct wsgi_access_line line;

	wsgi_access_line_init(&line);
	if (log->format.is_json)
		add_json(&line, facts);
	for (size_t i = 0; i < log->format.len; i++)
		add_item(&line, facts, &log->format.items[i]);
	wsgi_access_line_add(&line, "\n", 1);
	if (line.failed) {
		log->why = ENOMEM;
		atomic_fetch_add(&log->lost, 1);
	} else {
		put(log, &line);
	}
	wsgi_access_line_finish(&line);
	errno = saved;
}
