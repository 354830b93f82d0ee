/* The line that is logged for a request, whatever its environ says and however short the line. */
#include "server/request_line.h"

#include <time.h>

#include "../fuzz.h"

enum { LEAST = 128 };

/* What the line says of a text: "-" for none, and no control character of it. */
static void add_shown(char *line, const char *text)
{
	for (line += strlen(line); text != NULL && *text != '\0'; text++) {
		const unsigned char c = (unsigned char)*text;

		line += sprintf(line, c < 32 || c == 127 || c == '\\' ? "\\x%02x" : "%c", c);
	}
}

static void set_zone(void)
{
	static bool is_set;

	if (is_set)
		return;
	setenv("TZ", "UTC0", 1);
	tzset();
	is_set = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"REMOTE_ADDR", "REQUEST_METHOD", "REQUEST_URI",
					    "SERVER_PROTOCOL"};
	struct fuzz f = {data, size};
	const size_t room = LEAST + (fuzz_byte(&f) % 2 ? 4096 : fuzz_byte(&f));
	const int status = fuzz_byte(&f) * 4;
	const uint64_t bytes = fuzz_byte(&f) % 2 ? UINT64_MAX : fuzz_byte(&f);
	struct wsgi_environ env = {0};
	char *line = malloc(room), *at, want[8192] = "";
	size_t len;

	set_zone();
	for (size_t i = 0; i < 4; i++) {
		char *text = fuzz_maybe(&f, 255);

		if (text != NULL)
			must(wsgi_environ_set(&env, names[i], text) == 0);
		add_shown(want, text != NULL && text[0] != '\0' ? text : "-");
		strcat(want, i == 0 ? " - - [01/Jan/1970 00:00:00] \"" : i < 3 ? " " : "\" ");
		free(text);
	}
	if (status == 0)
		strcat(want, "- -\n");
	else
		sprintf(want + strlen(want), "%d %llu\n", status, (unsigned long long)bytes);
	len = wsgi_request_line(&env, status, bytes, 0, line, room);
	must(len > 0 && len <= room && line[len - 1] == '\n');
	for (at = line; at < line + len - 1; at++)
		must((unsigned char)*at >= 32 && *at != 127);
	if (room > 4096)
		must(strncmp(line, want, len) == 0 && strlen(want) == len);
	wsgi_environ_finish(&env);
	free(line);
	return 0;
}
