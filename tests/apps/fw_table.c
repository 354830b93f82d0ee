/* What file_wrapper is in C, over files of many kinds: the query names one. */
#include <stdio.h>
#include <unistd.h>

#include "reply.h"
#include "wsgi/file.h"

enum { DATA_LEN = 256 * 100 };

static const struct wsgi_header type = {"Content-Type", "application/octet-stream"};

static const char *data(void)
{
	static char all[DATA_LEN];

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	return all;
}

/* -- an object with read() and close() --------------------------------------------------------- */

struct source {
	struct wsgi_reader_body body;
	struct wsgi_reader reader;
	struct wsgi_errors *errors;
	struct wsgi_error *failure;
	struct wsgi_input *input; /* NULL: text is read */
	struct wsgi_span text;
	size_t size; /* of a read, for the log */
	int parts, fails_at, reads;
	bool logs;
};

static ssize_t read_part(struct source *s, char *buf)
{
	if (s->reads == s->fails_at)
		return wsgi_fail(s->failure, -EIO, "read failed");
	if (s->fails_at > 0)
		return snprintf(buf, 16, "part%d ", s->reads);
	buf[0] = 'x';
	return s->reads < s->parts;
}

static ssize_t read_source(struct wsgi_reader *reader, void *buf, size_t len)
{
	struct source *s = container_of(reader, struct source, reader);
	size_t n = len < s->text.len ? len : s->text.len;

	s->size = len;
	s->reads++;
	if (s->parts > 0 || s->fails_at > 0)
		return read_part(s, buf);
	if (s->input != NULL)
		return wsgi_input_read(s->input, buf, len);
	if (n > 0)
		memcpy(buf, s->text.data, n);
	s->text = (struct wsgi_span){s->text.data + n, s->text.len - n};
	return (ssize_t)n;
}

static int close_source(struct wsgi_reader *reader)
{
	struct source *s = container_of(reader, struct source, reader);
	char line[64] = "LOG: close\n";

	if (s->fails_at == 0)
		snprintf(line, sizeof(line), "LOG: close after reads of [%d]\n", (int)s->size);
	if (s->logs) {
		wsgi_errors_puts(s->errors, line);
		wsgi_errors_flush(s->errors);
	}
	free(s);
	return 0;
}

static int return_source(struct source *s, size_t block, struct wsgi_body **body)
{
	struct source *made = malloc(sizeof(*made));
	int rc = -ENOMEM;

	if (made == NULL)
		return rc;
	*made = *s;
	made->reader = (struct wsgi_reader){.read = read_source, .close = close_source};
	rc = wsgi_reader_body_init(&made->body, &made->reader, block);
	if (rc == 0)
		*body = &made->body.body;
	else
		free(made);
	return rc;
}

/* -- a file of the system ---------------------------------------------------------------------- */

/* A descriptor of its own, which outlives the FILE. */
static int temporary(size_t at)
{
	FILE *file = tmpfile();
	int fd = -1;

	if (file != NULL && fwrite(data(), 1, DATA_LEN, file) == DATA_LEN && fflush(file) == 0)
		fd = dup(fileno(file));
	if (file != NULL)
		fclose(file);
	if (fd >= 0 && lseek(fd, (long)at, SEEK_SET) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int return_file(size_t at, size_t block, struct wsgi_body **body)
{
	struct wsgi_file_body *f;
	int fd = temporary(at);
	int rc = fd >= 0 ? wsgi_file_body_create(&f, fd, block) : -EIO;

	if (rc == 0)
		*body = &f->body;
	else if (fd >= 0)
		close(fd);
	return rc;
}

/* -- other uses -------------------------------------------------------------------------------- */

/* The first block is taken by the application, which returns the rest. */
static int partial(const struct wsgi_environ *env, struct wsgi_body *body)
{
	const void *block;
	size_t len = 0;
	char line[32];
	int rc = body->next(body, &block, &len);

	snprintf(line, sizeof(line), "LOG: took %d\n", (int)len);
	wsgi_errors_puts(env->errors, line);
	wsgi_errors_flush(env->errors);
	return rc < 0 ? rc : 0;
}

static int written_first(struct wsgi_start *start)
{
	static const struct wsgi_header again = {"X-Again", "1"};
	static const struct wsgi_error error = {.code = -EIO, .text = "an error"};
	int rc = start->respond(start, "200 OK", &again, 1, &error);

	return rc == 0 ? start->write(start, "written first ", 14) : rc;
}

static int iterated(struct wsgi_body **body)
{
	const struct wsgi_span chunks[] = {{"<", 1}, {data(), DATA_LEN}, {">", 1}};

	*body = wsgi_list_body(chunks, 3);
	return *body != NULL ? 0 : -ENOMEM;
}

/* -- the kinds --------------------------------------------------------------------------------- */

static const struct kind {
	const char *query;
	bool file, logs;
	size_t at, block;
	int parts, fails_at;
	const char *text; /* NULL: the data, from at on */
} kinds[] = {
	{.query = "default", .logs = true},
	{.query = "keyword", .logs = true, .block = 1000},
	{.query = "noclose"},
	{.query = "empty", .logs = true, .text = ""},
	{.query = "bytesio"},
	{.query = "seeked", .at = 25000},
	{.query = "real", .file = true},
	{.query = "realseek", .file = true, .at = 20001, .block = 4096},
	{.query = "realend", .file = true, .at = DATA_LEN},
	{.query = "realbuffered", .file = true, .at = 10},
	{.query = "pipe", .text = "through a pipe"},
	{.query = "unbuffered", .text = "raw pipe"},
	{.query = "fail1", .logs = true, .fails_at = 1},
	{.query = "fail3", .logs = true, .fails_at = 3},
	{.query = "none", .parts = 3},
	{.query = "partial", .logs = true, .block = 1000},
	{.query = "filewrite", .text = "then the file"},
};

static int return_kind(const struct kind *k, const struct wsgi_environ *env,
		       struct wsgi_start *start, struct wsgi_body **body)
{
	struct source s = {.errors = env->errors,
			   .failure = start->failure,
			   .text = {data() + k->at, DATA_LEN - k->at},
			   .logs = k->logs,
			   .parts = k->parts,
			   .fails_at = k->fails_at};
	int rc = 0;

	if (k->text != NULL)
		s.text = wsgi_span_of(k->text);
	if (strcmp(k->query, "filewrite") == 0)
		rc = written_first(start);
	if (rc == 0)
		rc = k->file ? return_file(k->at, k->block, body)
			     : return_source(&s, k->block, body);
	if (rc == 0 && strcmp(k->query, "partial") == 0)
		rc = partial(env, *body);
	return rc;
}

static int return_blocks(size_t size, const struct wsgi_environ *env, struct wsgi_start *start,
			 struct wsgi_body **body)
{
	const struct kind k = {.query = "blk", .logs = true, .block = size};

	return return_kind(&k, env, start, body);
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	const char *query = value_of(env, "QUERY_STRING");
	struct source input = {.errors = env->errors, .input = env->input};
	int rc = start->respond(start, "200 OK", &type, 1, NULL);

	(void)app;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && rc == 0; i++)
		if (strcmp(kinds[i].query, query) == 0)
			return return_kind(&kinds[i], env, start, body);
	if (rc != 0)
		return rc;
	if (strcmp(query, "self") == 0)
		return return_source(&input, 0, body);
	if (strcmp(query, "iterated") == 0)
		return iterated(body);
	if (strncmp(query, "blk", 3) == 0 && atoi(query + 3) > 0)
		return return_blocks((size_t)atoi(query + 3), env, start, body);
	return wsgi_fail(start->failure, -EINVAL, "no such file in C");
}

struct wsgi_app application = {.call = call};
