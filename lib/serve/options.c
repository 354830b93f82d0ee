#include "serve/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve/config.h"
#include "serve/option_rules.h"
#include "serve/option_value.h"

enum {
	CGI = WSGI_GATEWAY_CGI | WSGI_GATEWAY_IIS,
	ALL = CGI | WSGI_GATEWAY_FCGI | WSGI_GATEWAY_SERVE,
};

static const struct {
	enum wsgi_gateway gateway;
	const char *name;
} commands[] = {
	{WSGI_GATEWAY_CGI, "wsgi-cgi"},
	{WSGI_GATEWAY_IIS, "wsgi-iis"},
	{WSGI_GATEWAY_FCGI, "wsgi-fcgi"},
	{WSGI_GATEWAY_SERVE, "wsgi-serve"},
};

const char *wsgi_gateway_name(enum wsgi_gateway gateway)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].gateway == gateway)
			return commands[i].name;
	return "wsgi";
}

/* -- a word ------------------------------------------------------------------------------------ */

/* What a word is: an option's name and, perhaps, its value. */
struct word {
	struct wsgi_span name; /* without hyphens; of length 1 for a letter */
	bool is_letter;
	const char *value; /* NULL: none in this word */
};

static struct word split(const char *text)
{
	const char *equals = strchr(text, '=');

	if (text[1] != '-')
		return (struct word){{text + 1, 1}, true, text[2] != '\0' ? text + 2 : NULL};
	if (equals == NULL)
		return (struct word){wsgi_span_of(text + 2), false, NULL};
	return (struct word){{text + 2, (size_t)(equals - text) - 2}, false, equals + 1};
}

/* Names of commands as a sentence has them: "wsgi-cgi, wsgi-iis and wsgi-fcgi". */
static void name_commands(unsigned takers, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if ((takers & commands[i].gateway) == 0)
			continue;
		takers &= ~(unsigned)commands[i].gateway;
		len += (size_t)snprintf(out + len, size - len, "%s%s",
					len == 0      ? ""
					: takers == 0 ? " and "
						      : ", ",
					commands[i].name);
	}
}

static int no_such(const struct word *w, const char *program, struct wsgi_error *err)
{
	const char *hyphens = w->is_letter ? "-" : "--";
	const struct wsgi_option *other = wsgi_option_find(w->name, w->is_letter, ALL);
	char takers[80];

	if (other == NULL)
		return wsgi_fail(err, -EINVAL, "no option %s%.*s: see %s --help", hyphens,
				 (int)w->name.len, w->name.data, program);
	name_commands(wsgi_option_takers(other->name), takers, sizeof(takers));
	return wsgi_fail(err, -EINVAL, "--%s is an option of %s, not of %s", other->name, takers,
			 program);
}

static int set(struct wsgi_options *o, const struct wsgi_option *option, const char *value,
	       struct wsgi_error *err)
{
	int rc = wsgi_option_set(o, option, value);

	if (rc == -ENOMEM)
		return wsgi_fail(err, rc, "out of memory");
	if (rc != 0)
		return wsgi_fail(err, rc, "--%s wants %s, not '%s'", option->name,
				 wsgi_option_wants(option), value);
	return 0;
}

/* -- a line ------------------------------------------------------------------------------------ */

/* A line that is read: which lists of it stand in o, in place of what stood there before. */
struct line {
	struct wsgi_options *o;
	int at; /* the word that is read */
	uint64_t begun[2];
};

/* The first value of a list on this line takes the place of those that a file gave. */
static void begin_list(struct line *l, const struct wsgi_option *option)
{
	size_t i = wsgi_option_number(option);

	if ((l->begun[i / 64] >> i % 64 & 1) != 0)
		return;
	l->begun[i / 64] |= UINT64_C(1) << i % 64;
	wsgi_option_reset(l->o, option);
}

/* Take the option at l->at, and the word after it where that is its value. */
static int take_word(struct line *l, int argc, char *const *argv, struct wsgi_error *err)
{
	struct word w = split(argv[l->at]);
	const struct wsgi_option *option = wsgi_option_find(w.name, w.is_letter, l->o->gateway);

	if (option == NULL)
		return no_such(&w, l->o->program, err);
	if (option->kind == WSGI_OPTION_FLAG) {
		if (w.value != NULL)
			return wsgi_fail(err, -EINVAL, "--%s takes no value", option->name);
		return set(l->o, option, "true", err);
	}
	if (w.value == NULL && ++l->at < argc)
		w.value = argv[l->at];
	if (w.value == NULL)
		return wsgi_fail(err, -EINVAL, "--%s wants %s after it", option->name,
				 option->value);
	begin_list(l, option);
	return set(l->o, option, w.value, err);
}

/*
 * Nobody reads what stands behind the application. In a CGI program a client may have written it;
 * elsewhere it is a mistake.
 */
static int refuse_behind(const struct wsgi_options *o, const char *word, struct wsgi_error *err)
{
	bool is_option = word[0] == '-' && word[1] != '\0';

	if ((o->gateway & CGI) != 0)
		return 0;
	return wsgi_fail(err, -EINVAL, "'%s' stands behind the application: %s", word,
			 is_option ? "options come first" : "give one application");
}

int wsgi_options_operand(enum wsgi_gateway gateway, int argc, char *const *argv)
{
	int at = 1;

	for (; at < argc && argv[at][0] == '-' && argv[at][1] != '\0'; at++) {
		const struct word w = split(argv[at]);
		const struct wsgi_option *option = wsgi_option_find(w.name, w.is_letter, gateway);

		if (strcmp(argv[at], "--") == 0)
			return at + 1;
		if (option != NULL && option->kind != WSGI_OPTION_FLAG && w.value == NULL)
			at++;
	}
	return at < argc ? at : argc;
}

static int read_line(struct wsgi_options *o, int argc, char *const *argv, struct wsgi_error *err)
{
	struct line l = {.o = o};
	int rc;

	for (l.at = 1; l.at < argc && argv[l.at][0] == '-' && argv[l.at][1] != '\0'; l.at++) {
		if (strcmp(argv[l.at], "--") == 0) {
			l.at++;
			break;
		}
		rc = take_word(&l, argc, argv, err);
		if (rc != 0 || o->help || o->version)
			return rc;
	}
	if (l.at < argc)
		o->application = argv[l.at];
	if (l.at + 1 < argc)
		return refuse_behind(o, argv[l.at + 1], err);
	return 0;
}

/* -- a line and a file ------------------------------------------------------------------------- */

/* A name, from the folder in which the program was started; to be freed. NULL: no memory. */
static char *from_start(const char *start_dir, const char *name)
{
	char *path;

	if (name[0] == '/' || start_dir == NULL)
		return strdup(name);
	return asprintf(&path, "%s/%s", start_dir, name) >= 0 ? path : NULL;
}

static void begin(struct wsgi_options *o, enum wsgi_gateway gateway, int argc, char *const *argv)
{
	*o = wsgi_option_defaults;
	o->gateway = gateway;
	o->program = wsgi_gateway_name(gateway);
	o->argc = argc;
	o->argv = argv;
}

/* The line was read, and names a file: read that, then the line once more, on top of it. */
static int read_file(struct wsgi_options *o, const char *start_dir, struct wsgi_error *err)
{
	char *path = from_start(start_dir, o->config);
	const enum wsgi_gateway gateway = o->gateway;
	char *const *argv = o->argv;
	int rc, argc = o->argc;

	wsgi_options_finish(o);
	begin(o, gateway, argc, argv);
	if (path == NULL)
		return wsgi_fail(err, -ENOMEM, "out of memory");
	rc = wsgi_config_read(path, o, &o->config_text, err);
	free(path);
	return rc == 0 ? read_line(o, argc, argv, err) : rc;
}

static int read_all(struct wsgi_options *o, const char *start_dir, struct wsgi_error *err)
{
	int rc = read_line(o, o->argc, o->argv, err);

	if (rc != 0 || o->help || o->version)
		return rc;
	if (o->config != NULL)
		rc = read_file(o, start_dir, err);
	return rc == 0 ? wsgi_option_rules_apply(o, err) : rc;
}

int wsgi_options_parse(struct wsgi_options *o, enum wsgi_gateway gateway, int argc,
		       char *const *argv, struct wsgi_error *err)
{
	int rc;

	begin(o, gateway, argc, argv);
	rc = read_all(o, NULL, err);
	if (rc == 0 && gateway == WSGI_GATEWAY_FCGI && o->zygote == NULL)
		o->start_dir = getcwd(NULL, 0);
	return rc;
}

int wsgi_options_again(struct wsgi_options *o, const struct wsgi_options *first,
		       struct wsgi_error *err)
{
	/* Who has not left that folder needs no path to it, which may lead by where he may not go.
	 */
	const char *start_dir = first->chdir != NULL ? first->start_dir : NULL;
	int rc;

	begin(o, first->gateway, first->argc, first->argv);
	rc = read_all(o, start_dir, err);
	if (rc != 0 || start_dir == NULL)
		return rc;
	o->start_dir = strdup(start_dir);
	if (o->start_dir == NULL)
		return wsgi_fail(err, -ENOMEM, "out of memory");
	o->full_chdir = from_start(start_dir, o->chdir != NULL ? o->chdir : o->start_dir);
	if (o->full_chdir == NULL)
		return wsgi_fail(err, -ENOMEM, "out of memory");
	o->chdir = o->full_chdir;
	return 0;
}

void wsgi_options_finish(struct wsgi_options *o)
{
	free(o->env);
	free(o->bind);
	free(o->reload_extra);
	free(o->allowed_clients);
	free(o->found);
	free(o->start_dir);
	free(o->config_text);
	free(o->full_chdir);
	*o = (struct wsgi_options){.gateway = o->gateway, .program = o->program};
}

struct wsgi_log wsgi_options_log(const struct wsgi_options *o)
{
	const bool is_file = o->error_logfile != NULL && strcmp(o->error_logfile, "-") != 0;

	return (struct wsgi_log){.fd = STDERR_FILENO,
				 .program = is_file ? NULL : o->program,
				 .level = (enum wsgi_log_level)o->log_level};
}
