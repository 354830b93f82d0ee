/*
 * Whatever a format is, and whatever a client sends: a line is one line, of printable ASCII but for
 * what the format itself says; and one of JSON has its quotes in pairs.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "../fuzz.h"
#include "serve/access_log.h"

static void check_text(const char *line, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++)
		must((unsigned char)line[i] >= 0x20 && (unsigned char)line[i] < 0x7f);
}

static void check_json(const char *line, size_t len)
{
	bool in_string = false;

	must(line[0] == '{' && line[len - 2] == '}');
	for (size_t i = 0; i + 1 < len; i++) {
		must((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
		if (in_string && line[i] == '\\')
			must(strchr("\"\\u", line[++i]) != NULL);
		else if (line[i] == '"')
			in_string = !in_string;
		else
			must(in_string || strchr("\\\n", line[i]) == NULL);
	}
	must(!in_string);
}

/* is_ours: the format has nothing but printable ASCII. */
static void check(const char *format, bool is_ours, const struct wsgi_access_log_facts *facts)
{
	struct wsgi_access_log *log;
	int fd = memfd_create("log", MFD_CLOEXEC);
	off_t len;
	char *line;

	must(fd >= 0);
	if (wsgi_access_log_create(&log, format, fd, NULL) == 0) {
		wsgi_access_log_write(log, facts);
		wsgi_access_log_destroy(log);
		len = lseek(fd, 0, SEEK_END);
		must(len > 0);
		line = malloc((size_t)len);
		must(line != NULL && pread(fd, line, (size_t)len, 0) == len);
		must(line[len - 1] == '\n');
		if (strcmp(format, "json") == 0)
			check_json(line, (size_t)len);
		else if (is_ours)
			check_text(line, (size_t)len);
		free(line);
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"REMOTE_ADDR",        "REQUEST_METHOD",  "REQUEST_URI",
					    "HTTP_AUTHORIZATION", "HTTP_USER_AGENT", "REMOTE_USER"};
	static const char all[] = "%(h)s %(u)s \"%(r)s\" %(t)s %(L)s %(a)s %({user-agent}i)s "
				  "%({remote_user}e)s %({x}o)s";
	struct fuzz f = {data, size};
	struct wsgi_environ env;
	struct wsgi_handler handler = {.bytes_sent = fuzz_byte(&f)};
	struct wsgi_access_log_facts facts = {
		.env = &env, .handler = &handler, .took_us = fuzz_byte(&f)};
	char *format = fuzz_text(&f, 60), *value;

	wsgi_environ_init(&env);
	wsgi_headers_init(&handler.headers);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		value = fuzz_maybe(&f, 255);
		must(value == NULL || wsgi_environ_set(&env, names[i], value) == 0);
		free(value);
	}
	check(all, true, &facts);
	check("json", true, &facts);
	wsgi_environ_clear(&env);
	check(format, false, &facts);
	wsgi_environ_finish(&env);
	wsgi_headers_finish(&handler.headers);
	free(format);
	return 0;
}
