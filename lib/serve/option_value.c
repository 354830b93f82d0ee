#include "serve/option_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"

const struct wsgi_options wsgi_option_defaults = {
	.workers = 1,
	.threads = 1,
	.backlog = 2048, /* gunicorn's */
	.listen_mode = WSGI_MODE_UNSET,
	.umask = WSGI_MODE_UNSET,
	.process_idle_timeout_ms = 10000, /* PHP-FPM's, as the next */
	.max_spawn_rate = 32,
	.emergency_restart_interval_ms = 60000,
	.graceful_timeout_ms = 30000, /* gunicorn's */
	.log_level = WSGI_LOG_INFO,
};

void *wsgi_option_member(const struct wsgi_options *o, size_t at)
{
	union {
		const struct wsgi_options *from;
		char *to; /* whoever has a const o only reads */
	} p = {.from = o};

	return p.to + at;
}

static bool is_list(const struct wsgi_option *option)
{
	return option->kind == WSGI_OPTION_LIST || option->kind == WSGI_OPTION_ASSIGNMENTS;
}

/* -- from text --------------------------------------------------------------------------------- */

static int append(const char ***list, size_t *len, const char *value)
{
	const char **more = realloc(*list, (*len + 1) * sizeof(*more));

	if (more == NULL)
		return -ENOMEM;
	more[(*len)++] = value;
	*list = more;
	return 0;
}

/* A whole number of at most max at the front of text. Returns what follows; NULL: there is none. */
static const char *read_number(uint64_t *number, const char *text, uint64_t max)
{
	const char *c = text;

	*number = 0;
	for (; *c >= '0' && *c <= '9'; c++) {
		*number = *number * 10 + (uint64_t)(*c - '0');
		if (*number > max)
			return NULL;
	}
	return c != text ? c : NULL;
}

static int set_number(unsigned *number, const char *value, unsigned min, unsigned max)
{
	uint64_t n;
	const char *end = read_number(&n, value, max);

	if (end == NULL || *end != '\0' || n < min)
		return -EINVAL;
	*number = (unsigned)n;
	return 0;
}

/* "1.5"; what is below a millisecond is dropped. */
static int set_seconds(int64_t *ms, const char *value)
{
	uint64_t n;
	const char *end = read_number(&n, value, WSGI_OPTION_MAX_SECONDS);
	int64_t unit = 100, read;

	if (end == NULL)
		return -EINVAL;
	read = (int64_t)n * 1000;
	if (*end == '.' && end[1] != '\0')
		for (end++; *end >= '0' && *end <= '9'; end++, unit /= 10)
			read += (*end - '0') * unit;
	if (*end != '\0')
		return -EINVAL;
	*ms = read;
	return 0;
}

static int set_bytes(uint64_t *bytes, const char *value)
{
	static const char units[] = "KMG";
	uint64_t n;
	const char *end = read_number(&n, value, UINT64_C(1) << 50), *unit;

	if (end == NULL)
		return -EINVAL;
	if (*end != '\0') {
		unit = strchr(units, *end);
		if (unit == NULL || end[1] != '\0' || n > UINT64_C(1) << 20)
			return -EINVAL;
		n <<= 10 * (unit - units + 1);
	}
	*bytes = n;
	return 0;
}

/* "22", "022", "0o22": octal in each. */
static int set_mode(unsigned *mode, const char *value)
{
	unsigned n = 0;
	const char *c = value;

	if (c[0] == '0' && (c[1] == 'o' || c[1] == 'O'))
		value = c += 2;
	for (; *c >= '0' && *c <= '7' && n <= 0777; c++)
		n = n * 8 + (unsigned)(*c - '0');
	if (c == value || *c != '\0' || n > 0777)
		return -EINVAL;
	*mode = n;
	return 0;
}

/* Which of "one|two|three" it is. */
static int set_choice(unsigned *choice, const char *words, const char *value)
{
	unsigned i = 0;

	for (const char *at = words; *at != '\0'; i++) {
		size_t len = strcspn(at, "|");

		if (strlen(value) == len && strncasecmp(at, value, len) == 0) {
			*choice = i;
			return 0;
		}
		at += len + (at[len] == '|');
	}
	return -EINVAL;
}

static bool is_good(const struct wsgi_option *option, const char *value)
{
	if (option->kind == WSGI_OPTION_ASSIGNMENTS)
		return *value != '=' && strchr(value, '=') != NULL;
	if (option->value[0] == '/')
		return *value == '/';
	return *value != '\0';
}

static void mark_given(struct wsgi_options *o, const struct wsgi_option *option)
{
	size_t i = wsgi_option_number(option);

	o->given[i / 64] |= UINT64_C(1) << i % 64;
}

static int set_value(struct wsgi_options *o, const struct wsgi_option *option, const char *value)
{
	void *at = wsgi_option_member(o, option->at);

	switch (option->kind) {
	case WSGI_OPTION_FLAG:
		*(bool *)at = strcmp(value, "true") == 0;
		return 0;
	case WSGI_OPTION_TEXT:
		*(const char **)at = value;
		return 0;
	case WSGI_OPTION_LIST:
	case WSGI_OPTION_ASSIGNMENTS:
		return append(at, wsgi_option_member(o, option->len_at), value);
	case WSGI_OPTION_NUMBER:
		return set_number(at, value, 1, WSGI_OPTION_MAX_NUMBER);
	case WSGI_OPTION_COUNT:
		return set_number(at, value, 0, WSGI_OPTION_MAX_COUNT);
	case WSGI_OPTION_SECONDS:
		return set_seconds(at, value);
	case WSGI_OPTION_BYTES:
		return set_bytes(at, value);
	case WSGI_OPTION_MODE:
		return set_mode(at, value);
	case WSGI_OPTION_CHOICE:
		return set_choice(at, option->value, value);
	}
	return -EINVAL;
}

int wsgi_option_set(struct wsgi_options *o, const struct wsgi_option *option, const char *value)
{
	int rc = -EINVAL;

	if (option->kind == WSGI_OPTION_FLAG || is_good(option, value))
		rc = set_value(o, option, value);
	if (rc == 0)
		mark_given(o, option);
	return rc;
}

const char *wsgi_option_wants(const struct wsgi_option *option)
{
	_Static_assert(WSGI_OPTION_MAX_NUMBER == 1024 && WSGI_OPTION_MAX_COUNT == 1000000000,
		       "as the words below");

	switch (option->kind) {
	case WSGI_OPTION_FLAG:
		return "true or false";
	case WSGI_OPTION_NUMBER:
		return "a number from 1 to 1024";
	case WSGI_OPTION_COUNT:
		return "a number from 0 to 1000000000";
	case WSGI_OPTION_SECONDS:
		return "a number of seconds, as in 30 or 0.5";
	case WSGI_OPTION_BYTES:
		return "a number of bytes, as in 200M";
	case WSGI_OPTION_MODE:
		return "an octal number up to 0777, as in 0660";
	default:
		return option->value;
	}
}

bool wsgi_option_given(const struct wsgi_options *o, const struct wsgi_option *option)
{
	size_t i = wsgi_option_number(option);

	return (o->given[i / 64] >> i % 64 & 1) != 0;
}

static size_t size_of(const struct wsgi_option *option)
{
	switch (option->kind) {
	case WSGI_OPTION_FLAG:
		return sizeof(bool);
	case WSGI_OPTION_SECONDS:
		return sizeof(int64_t);
	case WSGI_OPTION_BYTES:
		return sizeof(uint64_t);
	case WSGI_OPTION_TEXT:
	case WSGI_OPTION_LIST:
	case WSGI_OPTION_ASSIGNMENTS:
		return sizeof(const char *);
	default:
		return sizeof(unsigned);
	}
}

void wsgi_option_reset(struct wsgi_options *o, const struct wsgi_option *option)
{
	size_t i = wsgi_option_number(option);

	if (is_list(option)) {
		free(*(const char ***)wsgi_option_member(o, option->at));
		*(size_t *)wsgi_option_member(o, option->len_at) = 0;
	}
	memcpy(wsgi_option_member(o, option->at),
	       wsgi_option_member(&wsgi_option_defaults, option->at), size_of(option));
	o->given[i / 64] &= ~(UINT64_C(1) << i % 64);
}

/* -- to text ----------------------------------------------------------------------------------- */

size_t wsgi_option_values(const struct wsgi_options *o, const struct wsgi_option *option)
{
	const void *at = wsgi_option_member(o, option->at);

	if (is_list(option))
		return *(const size_t *)wsgi_option_member(o, option->len_at);
	if (option->kind == WSGI_OPTION_TEXT)
		return *(const char *const *)at != NULL;
	if (option->kind == WSGI_OPTION_MODE)
		return *(const unsigned *)at != WSGI_MODE_UNSET;
	if (option->kind ==
	    WSGI_OPTION_NUMBER) /* 0: it was not given, and has no value of its own */
		return *(const unsigned *)at != 0;
	return 1;
}

static int write_seconds(int64_t ms, struct wsgi_buf *out)
{
	char fraction[8];
	size_t len;

	snprintf(fraction, sizeof(fraction), ".%03d", (int)(ms % 1000));
	for (len = strlen(fraction); len > 0 && strchr("0.", fraction[len - 1]) != NULL; len--)
		;
	return wsgi_buf_addf(out, "%" PRId64 "%.*s", ms / 1000, (int)len, fraction);
}

static int write_choice(const char *words, unsigned choice, struct wsgi_buf *out)
{
	for (unsigned i = 0; i < choice; i++)
		words = strchr(words, '|') + 1;
	return wsgi_buf_add(out, words, strcspn(words, "|"));
}

int wsgi_option_write(const struct wsgi_options *o, const struct wsgi_option *option, size_t i,
		      struct wsgi_buf *out)
{
	const void *at = wsgi_option_member(o, option->at);

	switch (option->kind) {
	case WSGI_OPTION_FLAG:
		return wsgi_buf_adds(out, *(const bool *)at ? "true" : "false");
	case WSGI_OPTION_TEXT:
		return wsgi_buf_adds(out, *(const char *const *)at);
	case WSGI_OPTION_LIST:
	case WSGI_OPTION_ASSIGNMENTS:
		return wsgi_buf_adds(out, (*(const char **const *)at)[i]);
	case WSGI_OPTION_NUMBER:
	case WSGI_OPTION_COUNT:
		return wsgi_buf_addf(out, "%u", *(const unsigned *)at);
	case WSGI_OPTION_SECONDS:
		return write_seconds(*(const int64_t *)at, out);
	case WSGI_OPTION_BYTES:
		return wsgi_buf_addf(out, "%" PRIu64, *(const uint64_t *)at);
	case WSGI_OPTION_MODE:
		return wsgi_buf_addf(out, "0%03o", *(const unsigned *)at);
	case WSGI_OPTION_CHOICE:
		return write_choice(option->value, *(const unsigned *)at, out);
	}
	return 0;
}

bool wsgi_option_is_default(const struct wsgi_options *o, const struct wsgi_option *option)
{
	if (is_list(option))
		return wsgi_option_values(o, option) == 0;
	return memcmp(wsgi_option_member(o, option->at),
		      wsgi_option_member(&wsgi_option_defaults, option->at), size_of(option)) == 0;
}
