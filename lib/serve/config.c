#include "serve/config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/contents.h"
#include "serve/option_rules.h"
#include "serve/option_value.h"

enum { MAX_OPTIONS = 128 };

struct reader {
	struct wsgi_options *o;
	struct wsgi_error *err;
	const char *path;
	const char *at; /* where it reads: a NUL is the end */
	unsigned line;
	char *room; /* where the next value goes: values are never longer than what says them */
	unsigned seen[MAX_OPTIONS]; /* the line that an option stands in, or 0 */
};

static const struct {
	const char *gunicorns, *name;
} aliases[] = {
	{"preload-app", "preload"},
	{"raw-env", "env"},
	{"pidfile", "pid"},
	{"accesslog", "access-logfile"},
	{"access-log-format", "access-logformat"},
	{"errorlog", "error-logfile"},
	{"loglevel", "log-level"},
	{"reload-extra-files", "reload-extra-file"},
	{"wsgi-app", "application"},
};

/* Sets the words, with the file and the line before them. Returns -EINVAL. */
#define REFUSE(r, fmt, ...)                                                                        \
	wsgi_fail((r)->err, -EINVAL, "%s:%u: " fmt, (r)->path, (r)->line, __VA_ARGS__)

/* -- the file ---------------------------------------------------------------------------------- */

/* What stands there is no file of options; rc otherwise, which is of where it stands. */
static int is_wrong(int rc)
{
	return rc == -EISDIR || rc == -EFBIG ? -EINVAL : rc;
}

static const char *why(int rc)
{
	return rc == -EISDIR  ? "it is a folder: name a file in it"
	       : rc == -EFBIG ? "it is longer than 1 MiB, and no file of options"
			      : strerror(-rc);
}

static int load(const char *path, struct wsgi_buf *text, struct wsgi_error *err)
{
	int rc, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return wsgi_fail(err, -errno, "--config %s: %s", path, strerror(errno));
	rc = wsgi_contents_read(fd, WSGI_CONFIG_MAX, text);
	close(fd);
	if (rc != 0)
		return wsgi_fail(err, is_wrong(rc), "--config %s: %s", path, why(rc));
	if (strlen(text->data) != text->len)
		return wsgi_fail(err, -EINVAL, "--config %s: it has a NUL in it, and is no text",
				 path);
	return 0;
}

/* -- what stands between values ---------------------------------------------------------------- */

static void skip_blanks(struct reader *r)
{
	while (*r->at == ' ' || *r->at == '\t' || *r->at == '\r')
		r->at++;
}

/* Blanks, and a comment. */
static void skip_rest(struct reader *r)
{
	skip_blanks(r);
	if (*r->at == '#')
		r->at += strcspn(r->at, "\n");
}

/* Lines in which nothing stands, too. */
static void skip_lines(struct reader *r)
{
	for (skip_rest(r); *r->at == '\n'; skip_rest(r)) {
		r->at++;
		r->line++;
	}
}

/* What stands there up to the end of the line, to be shown. */
static struct wsgi_span rest_of(const struct reader *r)
{
	size_t len = strcspn(r->at, "\n");

	while (len > 0 && strchr(" \t\r", r->at[len - 1]) != NULL)
		len--;
	return (struct wsgi_span){r->at, len < 60 ? len : 60};
}

static int end_line(struct reader *r)
{
	struct wsgi_span rest;

	skip_rest(r);
	if (*r->at == '\n' || *r->at == '\0')
		return 0;
	rest = rest_of(r);
	return REFUSE(r, "'%.*s' stands behind the value", (int)rest.len, rest.data);
}

/* -- values ------------------------------------------------------------------------------------ */

static const char *keep(struct reader *r, const char *text, size_t len)
{
	char *value = r->room;

	memcpy(value, text, len);
	value[len] = '\0';
	r->room += len + 1;
	return value;
}

/* The character that a backslash and c are; 0: they are themselves. */
static char escaped(char c)
{
	return c == 'n' ? '\n' : c == '\\' || c == '"' || c == '\'' ? c : '\0';
}

static int read_quoted(struct reader *r, const char **value)
{
	const char quote = *r->at++;
	char *to = r->room;

	*value = to;
	while (*r->at != quote) {
		if (*r->at == '\n' || *r->at == '\0')
			return REFUSE(r, "a %c is missing at the end", quote);
		if (*r->at == '\\' && escaped(r->at[1]) != '\0') {
			*to++ = escaped(r->at[1]);
			r->at += 2;
		} else {
			*to++ = *r->at++;
		}
	}
	r->at++;
	*to++ = '\0';
	r->room = to;
	return 0;
}

static int read_bare(struct reader *r, const char *name, const char *wants, const char **value)
{
	const char *begin = r->at, *end = begin;

	while (*r->at != '\n' && *r->at != '\0') {
		if (*r->at == '#' && (r->at == begin || strchr(" \t", r->at[-1]) != NULL))
			break;
		if (strchr(" \t\r", *r->at++) == NULL)
			end = r->at;
	}
	if (end == begin)
		return REFUSE(r, "%s wants %s behind the '='", name, wants);
	*value = keep(r, begin, (size_t)(end - begin));
	return 0;
}

static bool is_list(const struct wsgi_option *option)
{
	return option != NULL &&
	       (option->kind == WSGI_OPTION_LIST || option->kind == WSGI_OPTION_ASSIGNMENTS);
}

/* Whether a '[' begins a list, and not the address [::]:80. */
static bool begins_list(const struct reader *r)
{
	const char *next;

	if (*r->at != '[')
		return false;
	next = r->at + 1 + strspn(r->at + 1, " \t\r\n");
	return *next != '\0' && strchr("\"'#]", *next) != NULL;
}

static const char *flag_of(const char *value)
{
	static const char *const yes[] = {"true", "yes", "on", "1"};
	static const char *const no[] = {"false", "no", "off", "0"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(value, yes[i]) == 0)
			return "true";
		if (strcasecmp(value, no[i]) == 0)
			return "false";
	}
	return NULL;
}

/* -- options ----------------------------------------------------------------------------------- */

/* option NULL: the application */
static int set(struct reader *r, const char *name, const struct wsgi_option *option,
	       const char *value)
{
	const char *taken = value;
	int rc;

	if (option == NULL) {
		r->o->application = value;
		return *value != '\0' ? 0 : REFUSE(r, "%s wants its name, not ''", name);
	}
	if (option->kind == WSGI_OPTION_FLAG)
		taken = flag_of(value);
	rc = taken != NULL ? wsgi_option_set(r->o, option, taken) : -EINVAL;
	if (rc == -ENOMEM)
		return wsgi_fail(r->err, rc, "out of memory");
	if (rc != 0)
		return REFUSE(r, "%s wants %s, not '%s'", name, wsgi_option_wants(option), value);
	return 0;
}

static int read_list(struct reader *r, const char *name, const struct wsgi_option *option)
{
	const char *value;
	int rc;

	if (!is_list(option))
		return REFUSE(r, "%s takes one value, and no list", name);
	r->at++;
	for (skip_lines(r); *r->at != ']'; skip_lines(r)) {
		if (*r->at != '"' && *r->at != '\'')
			return REFUSE(r, "in the list of %s a quoted value or a ']' is to stand",
				      name);
		rc = read_quoted(r, &value);
		if (rc == 0)
			rc = set(r, name, option, value);
		if (rc != 0)
			return rc;
		skip_lines(r);
		if (*r->at == ',')
			r->at++;
		else if (*r->at != ']')
			return REFUSE(r, "in the list of %s a ',' or a ']' is to stand", name);
	}
	r->at++;
	return 0;
}

static int read_value(struct reader *r, const char *name, const struct wsgi_option *option)
{
	const char *value;
	int rc;

	skip_blanks(r);
	if (begins_list(r))
		return read_list(r, name, option);
	if (*r->at == '"' || *r->at == '\'')
		rc = read_quoted(r, &value);
	else
		rc = read_bare(r, name, option != NULL ? wsgi_option_wants(option) : "a name",
			       &value);
	return rc == 0 ? set(r, name, option, value) : rc;
}

/* The option's name in the table. */
static void normalize(char *name, size_t size, struct wsgi_span given)
{
	size_t i;

	for (i = 0; i < given.len && i + 1 < size; i++)
		name[i] = given.data[i] == '_' ? '-' : given.data[i];
	name[i] = '\0';
	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcmp(name, aliases[i].gunicorns) == 0)
			snprintf(name, size, "%s", aliases[i].name);
}

/* Sets *option; NULL: the application. */
static int find(struct reader *r, struct wsgi_span given, const struct wsgi_option **option)
{
	char name[64];
	size_t i = MAX_OPTIONS - 1; /* the application's */

	normalize(name, sizeof(name), given);
	*option = NULL;
	if (strcmp(name, "application") != 0) {
		*option = wsgi_option_find(wsgi_span_of(name), false, r->o->gateway);
		if (*option == NULL || (*option)->help == NULL)
			return REFUSE(r, "no option %.*s: see %s --help", (int)given.len,
				      given.data, r->o->program);
		if ((*option)->group == WSGI_OPTION_ASKED)
			return REFUSE(r, "%s can stand on the command line only", name);
		i = wsgi_option_number(*option);
	}
	if (r->seen[i] != 0 && !is_list(*option))
		return REFUSE(r, "%s stands in line %u already", name, r->seen[i]);
	r->seen[i] = r->line;
	return 0;
}

static int read_section(struct reader *r)
{
	struct wsgi_span rest = rest_of(r);
	size_t len = strlen(r->o->program);

	if (rest.len < len + 2 || strncmp(r->at + 1, r->o->program, len) != 0 ||
	    r->at[len + 1] != ']')
		return REFUSE(r, "'%.*s': there is no section but [%s]", (int)rest.len, rest.data,
			      r->o->program);
	r->at += len + 2;
	return end_line(r);
}

static int read_setting(struct reader *r)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_";
	struct wsgi_span rest = rest_of(r), name = {r->at, strspn(r->at, letters)};
	const struct wsgi_option *option;
	char shown[64];
	int rc;

	r->at += name.len;
	skip_blanks(r);
	if (name.len == 0 || *r->at != '=')
		return REFUSE(r, "'%.*s' is not NAME = VALUE", (int)rest.len, rest.data);
	r->at++;
	rc = find(r, name, &option);
	if (rc != 0)
		return rc;
	snprintf(shown, sizeof(shown), "%.*s", (int)name.len, name.data);
	rc = read_value(r, shown, option);
	return rc == 0 ? end_line(r) : rc;
}

static int read_lines(struct reader *r)
{
	int rc = 0;

	for (skip_lines(r); rc == 0 && *r->at != '\0'; skip_lines(r))
		rc = *r->at == '[' ? read_section(r) : read_setting(r);
	return rc;
}

int wsgi_config_read(const char *path, struct wsgi_options *o, char **text, struct wsgi_error *err)
{
	static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, by some editors */
	struct reader r = {.o = o, .err = err, .path = path, .line = 1};
	struct wsgi_buf file = {0};
	int rc = load(path, &file, err);

	*text = NULL;
	if (rc == 0) {
		r.at = file.data;
		if (strncmp(r.at, mark, strlen(mark)) == 0)
			r.at += strlen(mark);
		*text = r.room = malloc(file.len + 1);
		rc = *text != NULL ? read_lines(&r) : wsgi_fail(err, -ENOMEM, "out of memory");
		assert(*text == NULL || r.room <= *text + file.len);
	}
	wsgi_buf_finish(&file);
	return rc;
}

/* -- writing ----------------------------------------------------------------------------------- */

static int write_quoted(struct wsgi_buf *out, const char *value)
{
	const bool plain = strpbrk(value, "'\\\n") == NULL;
	const char *quote = plain && strchr(value, '"') != NULL ? "'" : "\"";
	int rc = wsgi_buf_adds(out, quote);

	for (const char *c = value; rc == 0 && *c != '\0'; c++) {
		if (*c == '\n')
			rc = wsgi_buf_adds(out, "\\n");
		else if (*c == '\\' || *c == *quote)
			rc = wsgi_buf_addf(out, "\\%c", *c);
		else
			rc = wsgi_buf_add(out, c, 1);
	}
	return rc == 0 ? wsgi_buf_adds(out, quote) : rc;
}

static bool is_quoted(const struct wsgi_option *option)
{
	return option->kind == WSGI_OPTION_TEXT || is_list(option);
}

static int write_value(const struct wsgi_options *o, const struct wsgi_option *option, size_t i,
		       struct wsgi_buf *out)
{
	struct wsgi_buf value = {0};
	int rc = wsgi_option_write(o, option, i, &value);

	if (rc == 0)
		rc = wsgi_buf_add(&value, "", 1);
	if (rc == 0)
		rc = is_quoted(option) ? write_quoted(out, value.data)
				       : wsgi_buf_adds(out, value.data);
	wsgi_buf_finish(&value);
	return rc;
}

static int write_option(const struct wsgi_options *o, const struct wsgi_option *option,
			struct wsgi_buf *out)
{
	const size_t n = wsgi_option_values(o, option);
	const bool is_comment = n == 0 || wsgi_option_idle(o, option) != NULL;
	int rc = wsgi_buf_addf(out, "%s%s = %s", is_comment ? "#" : "", option->name,
			       n > 1 ? "[" : "");

	if (rc == 0 && n == 0)
		rc = wsgi_buf_adds(out, option->value);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = wsgi_buf_adds(out, i > 0 ? ", " : "");
		if (rc == 0)
			rc = write_value(o, option, i, out);
	}
	return rc == 0 ? wsgi_buf_adds(out, n > 1 ? "]\n" : "\n") : rc;
}

static int write_application(const struct wsgi_options *o, struct wsgi_buf *out)
{
	int rc;

	if (o->application == NULL)
		return wsgi_buf_adds(out, "#application = blog:app\n");
	rc = wsgi_buf_adds(out, "application = ");
	if (rc == 0)
		rc = write_quoted(out, o->application);
	return rc == 0 ? wsgi_buf_adds(out, "\n") : rc;
}

int wsgi_config_write(const struct wsgi_options *o, FILE *out)
{
	const struct wsgi_option *option;
	struct wsgi_buf text = {0};
	int rc = write_application(o, &text);

	for (size_t i = 0; rc == 0 && (option = wsgi_option_at(i)) != NULL; i++)
		if ((option->gateways & o->gateway) != 0 && option->help != NULL &&
		    option->group != WSGI_OPTION_ASKED)
			rc = write_option(o, option, &text);
	if (rc == 0 && (fwrite(text.data, 1, text.len, out) != text.len || fflush(out) != 0))
		rc = -EIO;
	wsgi_buf_finish(&text);
	return rc;
}
