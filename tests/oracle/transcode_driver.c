/*
 * transcode_driver - reads Unicode environments, for a tester that knows what becomes of them.
 *
 * A line on standard input is fields with tabs between them, text in UTF-16 as four hexadecimal
 * digits a unit, bytes as two each. E is answered by a line.
 *
 *   P UNIT=BYTES ...   the code page from now on: what it has beyond ASCII
 *   U UNIT=UNIT ...    the letters that are put into upper case, and what becomes of them
 *   E ENTRY ...        an environment's block -> NAME=VALUE ... in bytes
 *
 * The block is made of units as on Windows, by wsgi_wtf8_string().
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codepage.h"
#include "base/wtf8.h"
#include "handler/unicode_environ.h"

enum { UNITS = 0x10000, ENTRIES_MAX = 64 };

static char *bytes_of[UNITS]; /* in hexadecimal; NULL: the page has it not */
static uint16_t upper_of[UNITS];

static void must(int ok)
{
	if (!ok) {
		perror("transcode_driver");
		exit(2);
	}
}

/* ---- the page that was told ---- */

static int encode_unit(const char *hex, struct wsgi_buf *out)
{
	int rc = 0;

	for (; rc == 0 && *hex != '\0'; hex += 2) {
		const char two[] = {hex[0], hex[1], '\0'};

		rc = wsgi_buf_add(out, &(const char){(char)strtoul(two, NULL, 16)}, 1);
	}
	return rc;
}

static int is_pair(const uint16_t *units)
{
	return (units[0] & 0xfc00) == 0xd800 && (units[1] & 0xfc00) == 0xdc00;
}

static int encode(const struct wsgi_codepage *page, struct wsgi_span text, struct wsgi_buf *out)
{
	uint16_t *units = wsgi_wtf8_decode(text, NULL);

	(void)page;
	must(units != NULL);
	for (const uint16_t *at = units; *at != 0; at += is_pair(at) ? 2 : 1)
		if (*at < 0x80)
			must(wsgi_buf_add(out, &(const char){(char)*at}, 1) == 0);
		else
			must(encode_unit(bytes_of[*at] != NULL ? bytes_of[*at] : "3F", out) == 0);
	free(units);
	return 0;
}

static int upper(const struct wsgi_codepage *page, struct wsgi_span text, struct wsgi_buf *out)
{
	uint16_t *units;
	size_t len;

	(void)page;
	units = wsgi_wtf8_decode(text, &len);
	must(units != NULL);
	for (size_t i = 0; i < len; i++)
		if (upper_of[units[i]] != 0)
			units[i] = upper_of[units[i]];
	must(wsgi_wtf8_encode(units, len, out) == 0);
	free(units);
	return 0;
}

static void set_page(char *fields)
{
	char *field;

	for (size_t i = 0; i < UNITS; i++) {
		free(bytes_of[i]);
		bytes_of[i] = NULL;
	}
	while ((field = strsep(&fields, "\t")) != NULL) {
		const char *unit = strsep(&field, "=");

		must(field != NULL && (bytes_of[strtoul(unit, NULL, 16)] = strdup(field)) != NULL);
	}
}

static void set_letters(char *fields)
{
	char *field;

	while ((field = strsep(&fields, "\t")) != NULL) {
		const char *unit = strsep(&field, "=");

		must(field != NULL);
		upper_of[strtoul(unit, NULL, 16)] = (uint16_t)strtoul(field, NULL, 16);
	}
}

/* ---- an environment ---- */

static char *entry_of(const char *hex)
{
	const size_t len = strlen(hex) / 4;
	uint16_t *units = calloc(len + 1, sizeof(*units));
	char *entry;

	must(units != NULL);
	for (size_t i = 0; i < len; i++, hex += 4) {
		const char four[] = {hex[0], hex[1], hex[2], hex[3], '\0'};

		units[i] = (uint16_t)strtoul(four, NULL, 16);
	}
	entry = wsgi_wtf8_string(units);
	must(entry != NULL);
	free(units);
	return entry;
}

static void say(struct wsgi_span s)
{
	for (size_t i = 0; i < s.len; i++)
		printf("%02X", (unsigned char)s.data[i]);
}

static void read_block(char *fields)
{
	static const struct wsgi_codepage page = {.encode = encode, .upper = upper};
	char *block[ENTRIES_MAX + 1] = {NULL}, *field;
	struct wsgi_environ env;
	size_t n = 0;

	while ((field = strsep(&fields, "\t")) != NULL) {
		must(n < ENTRIES_MAX);
		block[n++] = entry_of(field);
	}
	wsgi_environ_init(&env);
	must(wsgi_read_unicode_environ(&env, block, &page) == 0);
	for (size_t i = 0; i < env.len; i++) {
		struct wsgi_span name, value;

		wsgi_environ_at(&env, i, &name, &value);
		fputs(i > 0 ? "\t" : "", stdout);
		say(name);
		putchar('=');
		say(value);
	}
	putchar('\n');
	wsgi_environ_finish(&env);
	while (n > 0)
		free(block[--n]);
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	while ((len = getline(&line, &cap, stdin)) > 0) {
		char *fields = line;
		const char *what = strsep(&fields, "\t");

		line[len - 1] = '\0';
		must(fields != NULL && what[1] == '\0' && strchr("PUE", what[0]) != NULL);
		if (what[0] == 'P')
			set_page(fields);
		else if (what[0] == 'U')
			set_letters(fields);
		else
			read_block(fields);
	}
	for (size_t i = 0; i < UNITS; i++)
		free(bytes_of[i]);
	free(line);
	return 0;
}
