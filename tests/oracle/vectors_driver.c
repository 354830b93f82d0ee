/*
 * vectors_driver - answers questions about the library, for a tester that knows the answers.
 *
 * A question is a line on standard input: a function and its arguments, tabs between them. The
 * answer is a line on standard output. Bytes outside 0x21 to 0x7e, and "%", are written %XX; an
 * argument that is not there is "-". What would be an exception in Python is "!" and its name.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/container.h"
#include "handler/cgi.h"
#include "handler/read_environ.h"
#include "wsgi/date.h"
#include "wsgi/demo.h"
#include "wsgi/environ.h"
#include "wsgi/file.h"
#include "wsgi/headers.h"
#include "wsgi/hop.h"
#include "wsgi/input.h"
#include "wsgi/query.h"
#include "wsgi/status.h"
#include "wsgi/uri.h"

enum { ARGS_MAX = 12, PARAMS_MAX = 8, PIECES_MAX = 16 };

static void must(int ok)
{
	if (!ok) {
		perror("vectors_driver");
		exit(2);
	}
}

/* ---- arguments and answers ---- */

static int hex(char c)
{
	const char *digits = "0123456789ABCDEF", *at = strchr(digits, c);

	return at != NULL ? (int)(at - digits) : 0;
}

/* Decode an argument where it stands, with a NUL after it. data is NULL for "-". */
static struct wsgi_span decode(char *raw)
{
	char *to = raw;

	if (raw == NULL || strcmp(raw, "-") == 0)
		return (struct wsgi_span){0};
	for (char *from = raw; *from != '\0'; from++) {
		if (*from == '%') {
			*to++ = (char)(hex(from[1]) << 4 | hex(from[2]));
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return (struct wsgi_span){.data = raw, .len = (size_t)(to - raw)};
}

static struct wsgi_span span_of(const struct wsgi_buf *b)
{
	return (struct wsgi_span){.data = b->len > 0 ? b->data : "", .len = b->len};
}

/* Write a span as an argument is written; the bytes in also are written %XX too. */
static void say(struct wsgi_span s, const char *also)
{
	if (s.data == NULL || wsgi_span_is(s, "-")) {
		fputs(s.data == NULL ? "-" : "%2D", stdout);
		return;
	}
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if (c > 0x20 && c < 0x7f && c != '%' && strchr(also, c) == NULL)
			putchar(c);
		else
			printf("%%%02X", c);
	}
}

static void say_exception(int rc)
{
	must(rc == -ENOENT || rc == -EINVAL);
	fputs(rc == -ENOENT ? "!KeyError" : "!IndexError", stdout);
}

static void set(struct wsgi_environ *env, const char *name, char *raw)
{
	const struct wsgi_span value = decode(raw);

	if (value.data != NULL)
		must(wsgi_environ_set_span(env, wsgi_span_of(name), value) == 0);
}

static struct wsgi_span get(const struct wsgi_environ *env, const char *name)
{
	struct wsgi_span value = {0};

	wsgi_environ_find(env, name, &value);
	return value;
}

static void say_pair(size_t i, struct wsgi_span name, struct wsgi_span value)
{
	fputs(i > 0 ? ";" : "", stdout);
	say(name, ";:=");
	putchar('=');
	say(value, ";:=");
}

static void say_items(const struct wsgi_environ *env)
{
	struct wsgi_span name, value;

	for (size_t i = 0; i < env->len; i++) {
		wsgi_environ_at(env, i, &name, &value);
		say_pair(i, name, value);
	}
}

/* A list of texts, which are put together one by one. */
struct list {
	struct wsgi_buf texts;
	size_t lens[64], len;
};

static void list_add(struct list *list, struct wsgi_span s)
{
	must(list->len < sizeof(list->lens) / sizeof(list->lens[0]));
	must(wsgi_buf_add(&list->texts, s.data, s.len) == 0);
	list->lens[list->len++] = s.len;
}

/* "2:a,b", and the list is empty again. */
static void say_list(struct list *list)
{
	const char *at = list->texts.data;

	printf("%zu:", list->len);
	for (size_t i = 0; i < list->len; i++) {
		fputs(i > 0 ? "," : "", stdout);
		say((struct wsgi_span){at != NULL ? at : "", list->lens[i]}, ",");
		at = at != NULL ? at + list->lens[i] : NULL;
	}
	wsgi_buf_finish(&list->texts);
	list->len = 0;
}

static struct wsgi_span or_none(const char *text)
{
	return text != NULL ? wsgi_span_of(text) : (struct wsgi_span){0};
}

/* ---- wsgiref.util ---- */

static void guess_scheme(char **args)
{
	struct wsgi_environ env = {0};

	set(&env, "HTTPS", args[0]);
	fputs(wsgi_guess_scheme(&env), stdout);
	wsgi_environ_finish(&env);
}

static void set_address(struct wsgi_environ *env, char **args)
{
	env->url_scheme = decode(args[0]).data;
	set(env, "HTTP_HOST", args[1]);
	set(env, "SERVER_NAME", args[2]);
	set(env, "SERVER_PORT", args[3]);
	set(env, "SCRIPT_NAME", args[4]);
}

static void application_uri(char **args)
{
	struct wsgi_environ env = {0};
	struct wsgi_buf out = {0};
	int rc;

	set_address(&env, args);
	rc = wsgi_application_uri(&env, &out);
	if (rc == 0)
		say(span_of(&out), "");
	else
		say_exception(rc);
	wsgi_buf_finish(&out);
	wsgi_environ_finish(&env);
}

static void request_uri(char **args)
{
	struct wsgi_environ env = {0};
	struct wsgi_buf out = {0};
	int rc;

	set_address(&env, args);
	set(&env, "PATH_INFO", args[5]);
	set(&env, "QUERY_STRING", args[6]);
	rc = wsgi_request_uri(&env, args[7][0] == '1', &out);
	if (rc == 0)
		say(span_of(&out), "");
	else
		say_exception(rc);
	wsgi_buf_finish(&out);
	wsgi_environ_finish(&env);
}

static void shift_path_info(char **args)
{
	struct wsgi_environ env = {0};
	struct wsgi_buf segment = {0};
	int rc;

	set(&env, "SCRIPT_NAME", args[0]);
	set(&env, "PATH_INFO", args[1]);
	rc = wsgi_shift_path_info(&env, &segment);
	if (rc >= 0) {
		say(rc > 0 ? span_of(&segment) : (struct wsgi_span){0}, "");
		putchar(' ');
		say(get(&env, "SCRIPT_NAME"), "");
		putchar(' ');
		say(get(&env, "PATH_INFO"), "");
	} else {
		say_exception(rc);
	}
	wsgi_buf_finish(&segment);
	wsgi_environ_finish(&env);
}

/* SCRIPT_NAME PATH_INFO -> all segments, until there is none; SCRIPT_NAME PATH_INFO */
static void shift_all(char **args)
{
	struct wsgi_environ env = {0};
	struct wsgi_buf segment = {0};
	struct list names = {0};
	int rc;

	set(&env, "SCRIPT_NAME", args[0]);
	set(&env, "PATH_INFO", args[1]);
	for (; (rc = wsgi_shift_path_info(&env, &segment)) == 1; segment.len = 0)
		list_add(&names, span_of(&segment));
	if (rc == 0) {
		say_list(&names);
		putchar(' ');
		say(get(&env, "SCRIPT_NAME"), "");
		putchar(' ');
		say(get(&env, "PATH_INFO"), "");
	} else {
		say_exception(rc);
	}
	wsgi_buf_finish(&names.texts);
	wsgi_buf_finish(&segment);
	wsgi_environ_finish(&env);
}

static void is_hop_by_hop(char **args)
{
	putchar(wsgi_is_hop_by_hop(decode(args[0])) ? '1' : '0');
}

/* The length of each chunk and the sum of its bytes. */
static void say_chunks(struct wsgi_body *body)
{
	const char *comma = "";
	const void *data;
	size_t len;
	int rc;

	for (; (rc = body->next(body, &data, &len)) > 0; comma = ",") {
		const unsigned char *bytes = data;
		unsigned long sum = 0;

		for (size_t i = 0; i < len; i++)
			sum += bytes[i];
		printf("%s%zu.%lu", comma, len, sum);
	}
	must(rc == 0);
	must(body->next(body, &data, &len) == 0);
}

/* LENGTH BLKSIZE -> the length of each chunk of a file of zeros */
static void file_sizes(char **args)
{
	const int fd = memfd_create("file", MFD_CLOEXEC);
	struct wsgi_file_body f;
	const char *comma = "";
	const void *data;
	size_t len;
	int rc;

	must(fd >= 0 && ftruncate(fd, atol(args[0])) == 0);
	must(wsgi_file_body_init(&f, fd, (size_t)atol(args[1])) == 0);
	for (; (rc = f.body.next(&f.body, &data, &len)) > 0; comma = ",")
		printf("%s%zu", comma, len);
	must(rc == 0 && f.body.close(&f.body) == 0);
	close(fd);
}

/* LENGTH OFFSET BLOCK */
static void file_wrapper(char **args)
{
	const int fd = memfd_create("file", MFD_CLOEXEC);
	struct wsgi_file_body f;

	must(fd >= 0);
	for (long i = 0, n = atol(args[0]); i < n; i++) {
		static char block[251];

		block[i % 251] = (char)(i % 251);
		if (i % 251 == 250 || i == n - 1)
			must(write(fd, block, (size_t)(i % 251) + 1) == i % 251 + 1);
	}
	must(lseek(fd, atol(args[1]), SEEK_SET) >= 0);
	must(wsgi_file_body_init(&f, fd, (size_t)atol(args[2])) == 0);
	say_chunks(&f.body);
	must(f.body.close(&f.body) == 0);
	close(fd);
}

/* Gives so many bytes at a time, those of a piece all of one letter; an empty piece is the end. */
struct pieces {
	struct wsgi_reader reader;
	size_t sizes[PIECES_MAX], len, at;
	size_t asked, times;
	int closed;
};

static ssize_t read_piece(struct wsgi_reader *r, void *buf, size_t len)
{
	struct pieces *p = container_of(r, struct pieces, reader);
	const size_t at = p->at;

	must(p->times++ == 0 || p->asked == len);
	p->asked = len;
	if (at == p->len)
		return 0;
	if (len >= p->sizes[at]) {
		len = p->sizes[at];
		p->at++;
	}
	p->sizes[at] -= len;
	memset(buf, (int)('A' + at % 26), len);
	return (ssize_t)len;
}

static int close_pieces(struct wsgi_reader *r)
{
	container_of(r, struct pieces, reader)->closed++;
	return 0;
}

/* SIZES BLOCK CLOSES -> the chunks; how often what was asked for; how often it was closed */
static void reader_body(char **args)
{
	struct pieces p = {.reader = {.read = read_piece}};
	struct wsgi_reader_body b;
	char *size;

	while ((size = strsep(&args[0], ",")) != NULL && size[0] != '\0') {
		must(p.len < PIECES_MAX);
		p.sizes[p.len++] = (size_t)atol(size);
	}
	if (args[2][0] == '1')
		p.reader.close = close_pieces;
	must(wsgi_reader_body_init(&b, &p.reader, (size_t)atol(args[1])) == 0);
	say_chunks(&b.body);
	must(b.body.close(&b.body) == 0);
	printf(" %zu times %zu %d", p.times, p.asked, p.closed);
}

/* What a caller put there himself. */
static char heard[64];

static ssize_t read_mine(struct wsgi_input *in, void *buf, size_t len)
{
	(void)in;
	must(len >= 4);
	memcpy(buf, "mine", 4);
	return 4;
}

static int hear(struct wsgi_errors *errors, const char *data, size_t len)
{
	(void)errors;
	must(len < sizeof(heard));
	memcpy(heard, data, len);
	heard[len] = '\0';
	return 0;
}

static void say_streams(struct wsgi_environ *env)
{
	struct wsgi_buf body = {0};

	heard[0] = '\0';
	must(wsgi_errors_puts(env->errors, "lost, unless it is mine") == 0);
	must(wsgi_errors_flush(env->errors) == 0);
	must(wsgi_input_read_all(env->input, &body) == 0);
	say(span_of(&body), "");
	putchar(' ');
	say(wsgi_span_of(heard), "");
	wsgi_buf_finish(&body);
}

/* The variables below, SCHEME, OWN streams -> scheme, flags, what the streams say, the items */
static void setup_testing_defaults(char **args)
{
	static const char *const names[] = {"SERVER_NAME",     "HTTP_HOST", "SERVER_PORT",
					    "SCRIPT_NAME",     "PATH_INFO", "REQUEST_METHOD",
					    "SERVER_PROTOCOL", "HTTPS"};
	enum { LEN = sizeof(names) / sizeof(names[0]) };
	struct wsgi_errors errors = {.write = hear};
	struct wsgi_environ env = {0};
	struct wsgi_input input;

	wsgi_input_init(&input, read_mine, 4);
	for (size_t i = 0; i < LEN; i++)
		set(&env, names[i], args[i]);
	env.url_scheme = decode(args[LEN]).data;
	if (args[LEN + 1][0] == '1') {
		env.input = &input;
		env.errors = &errors;
	}
	must(wsgi_setup_testing_defaults(&env) == 0);
	printf("%s %d%d%d ", env.url_scheme, env.multithread, env.multiprocess, env.run_once);
	say_streams(&env);
	putchar(' ');
	say_items(&env);
	wsgi_input_finish(&input);
	wsgi_environ_finish(&env);
}

/* TEXT -> the text, decoded once */
static void percent_decode(char **args)
{
	struct wsgi_buf out = {0};

	must(wsgi_percent_decode(decode(args[0]), &out) == 0);
	say(span_of(&out), "");
	wsgi_buf_finish(&out);
}

/* TEXT -> the fields */
static void query(char **args)
{
	struct wsgi_span name, value;
	struct wsgi_query q;
	size_t i = 0;
	int rc;

	wsgi_query_init(&q, decode(args[0]));
	while ((rc = wsgi_query_next(&q, &name, &value)) == 1)
		say_pair(i++, name, value);
	must(rc == 0);
	wsgi_query_finish(&q);
}

/* TEXT NAME -> the first value */
static void query_get(char **args)
{
	struct wsgi_buf out = {0};
	int rc = wsgi_query_get(decode(args[0]), decode(args[1]).data, &out);

	must(rc >= 0);
	say(rc == 1 ? span_of(&out) : (struct wsgi_span){0}, "");
	wsgi_buf_finish(&out);
}

/* ---- wsgiref.handlers ---- */

static void iis_path(char **args)
{
	struct wsgi_environ env = {0};

	set(&env, "SCRIPT_NAME", args[0]);
	set(&env, "PATH_INFO", args[1]);
	must(wsgi_iis_fix_path(&env) == 0);
	say(get(&env, "PATH_INFO"), "");
	wsgi_environ_finish(&env);
}

static void transcodes(char **args)
{
	putchar(wsgi_needs_transcode(decode(args[0])) ? '1' : '0');
}

static void format_date_time(char **args)
{
	char text[WSGI_DATE_SIZE];

	wsgi_date_format(atoll(args[0]), text);
	say(wsgi_span_of(text), "");
}

/* STATUS -> "ok", or why not */
static void status(char **args)
{
	struct wsgi_error err = {0};

	if (wsgi_status_check(decode(args[0]), &err) == 0)
		fputs("ok", stdout);
	else
		say(wsgi_span_of(err.text), "");
}

/* ---- wsgiref.headers ---- */

static int add_header(struct wsgi_headers *h, const char *name, const char *value, char *rest)
{
	struct wsgi_header_param params[PARAMS_MAX];
	size_t n = 0;
	char *one;

	while ((one = strsep(&rest, ":")) != NULL) {
		char *key = strsep(&one, "=");

		must(n < PARAMS_MAX);
		params[n].name = decode(key).data;
		params[n++].value = decode(one).data;
	}
	return wsgi_headers_add_header(h, name, value, params, n);
}

/* said   what setdefault() says */
static int headers_step(struct wsgi_headers *h, char *step, struct list *said)
{
	const char *op = strsep(&step, ":");
	char *first = strsep(&step, ":"), *raw_name = strsep(&first, "=");
	const struct wsgi_header field = {decode(raw_name).data, decode(first).data};
	int rc;

	if (strcmp(op, "list") == 0)
		return wsgi_headers_add_all(h, &field, 1);
	if (strcmp(op, "set") == 0)
		return wsgi_headers_set(h, field.name, field.value);
	if (strcmp(op, "add") == 0)
		return add_header(h, field.name, field.value, step);
	if (strcmp(op, "default") == 0) {
		rc = wsgi_headers_setdefault(h, field.name, field.value);
		if (rc == 0)
			list_add(said, wsgi_span_of(wsgi_headers_get(h, field.name)));
		return rc;
	}
	must(strcmp(op, "del") == 0);
	wsgi_headers_delete(h, field.name);
	return 0;
}

static void say_block(const struct wsgi_headers *h)
{
	struct wsgi_buf out = {0};

	must(wsgi_headers_bytes(h, &out) == 0);
	say(span_of(&out), "");
	wsgi_buf_finish(&out);
}

/* len, contains, get twice ([] and get() are one here), get_all, keys, values, items */
static void say_headers(const struct wsgi_headers *h, const char *asked)
{
	const struct wsgi_span first = or_none(wsgi_headers_get(h, asked));
	struct list all = {0}, keys = {0}, values = {0};
	struct wsgi_span name, value;
	const char *one;

	printf("%zu %d ", wsgi_headers_len(h), wsgi_headers_contains(h, asked));
	say(first, "");
	putchar(' ');
	say(first, "");
	putchar(' ');
	for (size_t i = 0; (one = wsgi_headers_get_all(h, asked, i)) != NULL; i++)
		list_add(&all, wsgi_span_of(one));
	for (size_t i = 0; i < wsgi_headers_len(h); i++) {
		wsgi_headers_at(h, i, &name, &value);
		list_add(&keys, name);
		list_add(&values, value);
	}
	say_list(&all);
	putchar(' ');
	say_list(&keys);
	putchar(' ');
	say_list(&values);
	putchar(' ');
	for (size_t i = 0; i < wsgi_headers_len(h); i++) {
		wsgi_headers_at(h, i, &name, &value);
		say_pair(i, name, value);
	}
}

/* LIST STEPS NAME -> all that Headers can be asked, of NAME too; its text and bytes */
/* STEPS -> bytes() after them */
static void header_block(char **args)
{
	struct wsgi_headers h = {0};
	struct list said = {0};
	char *step;

	while ((step = strsep(&args[0], ";")) != NULL)
		if (step[0] != '\0')
			must(headers_step(&h, step, &said) == 0);
	wsgi_buf_finish(&said.texts);
	say_block(&h);
	wsgi_headers_finish(&h);
}

static void headers(char **args)
{
	struct wsgi_header list[PARAMS_MAX];
	struct wsgi_headers h = {0};
	struct list said = {0};
	size_t n = 0;
	char *step;

	while ((step = strsep(&args[0], ";")) != NULL && step[0] != '\0') {
		char *name = strsep(&step, "=");

		must(n < PARAMS_MAX);
		list[n++] = (struct wsgi_header){decode(name).data, decode(step).data};
	}
	must(wsgi_headers_add_all(&h, list, n) == 0);
	while ((step = strsep(&args[1], ";")) != NULL)
		if (step[0] != '\0')
			must(headers_step(&h, step, &said) == 0);
	say_list(&said);
	putchar(' ');
	say_headers(&h, decode(args[2]).data);
	putchar(' ');
	say_block(&h);
	putchar(' ');
	say_block(&h);
	wsgi_headers_finish(&h);
}

/* STEP, which may hold a bad character -> the bytes */
static void bad_header(char **args)
{
	struct wsgi_headers h = {0};
	struct list said = {0};
	int rc = headers_step(&h, args[0], &said);

	must(rc == 0 || (rc == -EINVAL && h.len == 0));
	if (rc == 0)
		say_block(&h);
	else
		fputs("!ValueError", stdout);
	wsgi_buf_finish(&said.texts);
	wsgi_headers_finish(&h);
}

/* ---- a dict, a stream, int(), repr() ---- */

static void environ_step(struct wsgi_environ *env, struct wsgi_environ *more, char *step)
{
	const char *op = strsep(&step, ":");
	const struct wsgi_span name = decode(strsep(&step, "=")), value = decode(step);

	if (strcmp(op, "set") == 0)
		must(wsgi_environ_set_span(env, name, value) == 0);
	else if (strcmp(op, "del") == 0)
		wsgi_environ_delete(env, name.data);
	else if (strcmp(op, "default") == 0)
		must(wsgi_environ_setdefault(env, name.data, value.data) == 0);
	else
		must(wsgi_environ_set_span(more, name, value) == 0);
}

/* STEPS set:N=V del:N default:N=V more:N=V -> the items, those of more by update() at the end */
static void dict(char **args)
{
	struct wsgi_environ env = {0}, more = {0};
	char *steps = args[0], *step;

	while ((step = strsep(&steps, ";")) != NULL)
		if (step[0] != '\0')
			environ_step(&env, &more, step);
	must(wsgi_environ_update(&env, &more) == 0);
	say_items(&env);
	wsgi_environ_finish(&env);
	wsgi_environ_finish(&more);
}

struct text_input {
	struct wsgi_input input;
	struct wsgi_span rest;
	size_t chunk; /* bytes at a time */
};

static ssize_t read_text(struct wsgi_input *in, void *buf, size_t len)
{
	struct text_input *t = container_of(in, struct text_input, input);

	if (len > t->chunk)
		len = t->chunk;
	if (len > t->rest.len)
		len = t->rest.len;
	memcpy(buf, t->rest.data, len);
	t->rest.data += len;
	t->rest.len -= len;
	return (ssize_t)len;
}

static void input_step(struct wsgi_input *in, char op, long n)
{
	struct wsgi_buf out = {0};
	ssize_t got = 0;

	if (op == 'r') {
		must(wsgi_buf_reserve(&out, (size_t)n + 1) == 0);
		got = wsgi_input_read(in, out.data, (size_t)n);
		out.len = got > 0 ? (size_t)got : 0;
	} else if (op == 'l') {
		got = wsgi_input_readline(in, &out, n < 0 ? SIZE_MAX : (size_t)n);
		must(got == (ssize_t)out.len);
	} else {
		got = wsgi_input_read_all(in, &out);
	}
	must(got >= 0);
	say(span_of(&out), ",");
	wsgi_buf_finish(&out);
}

/* BODY LENGTH CHUNK STEPS rN lN a -> what read(N), readline(N), read() give, in order */
static void input(char **args)
{
	struct text_input t = {.rest = decode(args[0]), .chunk = (size_t)atol(args[2])};
	const char *comma = "";
	char *steps = args[3], *step;

	wsgi_input_init(&t.input, read_text,
			strcmp(args[1], "-") == 0 ? UINT64_MAX : (uint64_t)atol(args[1]));
	while ((step = strsep(&steps, ",")) != NULL) {
		fputs(comma, stdout);
		input_step(&t.input, step[0], step[1] != '\0' ? atol(step + 1) : -1);
		comma = ",";
	}
	wsgi_input_finish(&t.input);
}

/* TEXT -> the number, "none" or "bad" */
static void length(char **args)
{
	uint64_t n;

	switch (wsgi_length_parse(decode(args[0]).data, &n)) {
	case WSGI_LENGTH_GIVEN:
		printf("%llu", (unsigned long long)n);
		break;
	case WSGI_LENGTH_NONE:
		fputs("none", stdout);
		break;
	case WSGI_LENGTH_BAD:
		fputs("bad", stdout);
	}
}

static int respond(struct wsgi_start *start, const char *line, const struct wsgi_header *fields,
		   size_t n, const struct wsgi_error *exc)
{
	(void)start;
	must(exc == NULL);
	say(wsgi_span_of(line), "");
	putchar(' ');
	for (size_t i = 0; i < n; i++)
		say_pair(i, wsgi_span_of(fields[i].name), wsgi_span_of(fields[i].value));
	putchar(' ');
	return 0;
}

/* The lines of a page that are not those of wsgi.* */
static void say_page(char *page)
{
	char *line;

	while ((line = strsep(&page, "\n")) != NULL)
		if (strncmp(line, "wsgi.", 5) != 0) {
			say(wsgi_span_of(line), "");
			fputs(page != NULL ? "%0A" : "", stdout);
		}
}

/* STEPS as for dict -> status, headers, and the page of demo_app without its lines of wsgi.* */
static void demo(char **args)
{
	struct wsgi_start start = {.respond = respond};
	struct wsgi_environ env = {0}, more = {0};
	struct wsgi_app *app = wsgi_demo_app();
	struct wsgi_body *body;
	char *steps = args[0], *step, *page;
	const void *data;
	size_t len;

	while ((step = strsep(&steps, ";")) != NULL)
		if (step[0] != '\0')
			environ_step(&env, &more, step);
	must(app->call(app, &env, &start, &body) == 0 && body->next(body, &data, &len) == 1);
	page = strndup(data, len);
	must(page != NULL && strlen(page) == len);
	say_page(page);
	free(page);
	body->close(body);
	wsgi_environ_finish(&env);
	wsgi_environ_finish(&more);
}

static const struct {
	const char *name;
	void (*answer)(char **args);
	int args;
} functions[] = {
	{"guess_scheme", guess_scheme, 1},
	{"application_uri", application_uri, 5},
	{"request_uri", request_uri, 8},
	{"shift_path_info", shift_path_info, 2},
	{"shift_all", shift_all, 2},
	{"is_hop_by_hop", is_hop_by_hop, 1},
	{"file_wrapper", file_wrapper, 3},
	{"file_wrapper", file_sizes, 2},
	{"reader_body", reader_body, 3},
	{"setup_testing_defaults", setup_testing_defaults, 10},
	{"percent_decode", percent_decode, 1},
	{"query", query, 1},
	{"query_get", query_get, 2},
	{"iis_path", iis_path, 2},
	{"transcodes", transcodes, 1},
	{"format_date_time", format_date_time, 1},
	{"status", status, 1},
	{"headers", headers, 3},
	{"headers", header_block, 1},
	{"bad_header", bad_header, 1},
	{"dict", dict, 1},
	{"input", input, 4},
	{"length", length, 1},
	{"demo", demo, 1},
};

static void answer(char *line)
{
	const char *name = strsep(&line, "\t");
	char *args[ARGS_MAX];
	int n = 0;

	while (n < ARGS_MAX && (args[n] = strsep(&line, "\t")) != NULL)
		n++;
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strcmp(functions[i].name, name) == 0 && functions[i].args == n) {
			functions[i].answer(args);
			return;
		}
	printf("!%s with %d arguments", name, n);
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	while ((len = getline(&line, &cap, stdin)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		answer(line);
		putchar('\n');
	}
	free(line);
	return fflush(stdout) == 0 ? 0 : 2;
}
