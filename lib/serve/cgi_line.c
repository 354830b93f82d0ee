#include "serve/cgi_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/program.h"
#include "serve/cgi_file.h"
#include "serve/cgi_log.h"
#include "serve/cgi_mapping.h"
#include "serve/cgi_query.h"
#include "serve/cgi_relative.h"

/* How many words at the start of argv are not the query's. */
static int without_query(const struct wsgi_cgi_view *v)
{
	if (v->query == NULL || *v->query == '\0' || strchr(v->query, '=') != NULL)
		return v->argc;
	for (int i = v->sure > 1 ? v->sure : 1; i < v->argc; i++)
		if (wsgi_cgi_query_is(v->argv + i, v->query))
			return i;
	return v->argc;
}

struct wsgi_cgi_line wsgi_cgi_line(const struct wsgi_cgi_view *v)
{
	/* The kernel puts one word of the #! line, then the script's path, in front of the rest. */
	for (int i = 1; !v->exec_is_self && v->exec_name != NULL && i <= 2 && i < v->argc; i++)
		if (strcmp(v->argv[i], v->exec_name) == 0)
			return (struct wsgi_cgi_line){.argc = i, .script = v->argv[i]};
	if (!v->is_cgi)
		return (struct wsgi_cgi_line){.argc = v->argc};
	if (v->is_direct)
		return (struct wsgi_cgi_line){.argc = v->argc > 0 ? 1 : 0};
	return (struct wsgi_cgi_line){.argc = without_query(v)};
}

/* -- what the process was given ---------------------------------------------------------------- */

static bool is_iis(void)
{
	static const char name[] = "Microsoft-IIS/";
	const char *software = getenv("SERVER_SOFTWARE");

	return software != NULL && strncmp(software, name, sizeof(name) - 1) == 0;
}

static bool is_direct(enum wsgi_gateway gateway)
{
	const char *file = getenv("SCRIPT_FILENAME");

	if (gateway == WSGI_GATEWAY_IIS)
		return wsgi_cgi_mapping_is_direct();
	return file != NULL && wsgi_program_is(file);
}

/*
 * Behind a script mapping the options in front of the script are the administrator's, though a
 * query be made of the same words: a client is not to take them away.
 */
static int sure_words(enum wsgi_gateway gateway, int argc, char *const *argv)
{
	const int at = wsgi_options_operand(gateway, argc, argv);
	const char *word = at < argc ? argv[at] : NULL;

	if (gateway != WSGI_GATEWAY_IIS ||
	    !wsgi_cgi_mapping_started(word, at + 1 < argc ? argv[at + 1] : NULL))
		return 0;
	return at;
}

static struct wsgi_cgi_view look(enum wsgi_gateway gateway, int argc, char *const *argv)
{
	const char *name = wsgi_program_started_as();

	return (struct wsgi_cgi_view){
		.argc = argc,
		.argv = argv,
		.exec_name = name,
		.exec_is_self = name == NULL || wsgi_program_is(name),
		.is_cgi = getenv("GATEWAY_INTERFACE") != NULL,
		.is_direct = is_direct(gateway),
		.query = getenv("QUERY_STRING"),
		.sure = sure_words(gateway, argc, argv),
	};
}

/* What SetEnv says. Apache renames a variable at an internal redirect, as Action makes one. */
static const char *setting(const char *name)
{
	const char *value = getenv(name);
	char renamed[64];

	if (value == NULL) {
		snprintf(renamed, sizeof(renamed), "REDIRECT_%s", name);
		value = getenv(renamed);
	}
	return value != NULL && *value != '\0' ? value : NULL;
}

/* The application beside blog.cgi: blog.wsgi, blog.py or blog.so. Sets *name, NULL: none. */
static int find_beside(char **name, const char *program)
{
	const char *dot = strrchr(wsgi_path_last(program), '.');
	const size_t stem = dot != NULL ? (size_t)(dot - program) : strlen(program);

	*name = NULL;
	for (size_t i = 0; wsgi_cgi_endings[i] != NULL; i++) {
		char *file;
		bool there;

		if (asprintf(&file, "%.*s%s", (int)stem, program, wsgi_cgi_endings[i]) < 0)
			return -ENOMEM;
		there = wsgi_path_is_file(file) && !wsgi_program_is(file);
		free(file);
		if (there)
			return wsgi_cgi_file_name(name, program, stem, wsgi_cgi_endings[i]);
	}
	return 0;
}

/* Where no word names the application: what SetEnv says, else the file beside us. */
static int by_setting(const char **said, char **found, const char *program)
{
	*said = setting("WSGI_APPLICATION");
	return *said == NULL && program != NULL ? find_beside(found, program) : 0;
}

/* What options are left open, SetEnv may say. */
static void fill_in(struct wsgi_options *o)
{
	if (o->python == NULL)
		o->python = setting("WSGI_PYTHON");
	if (o->pythonpath == NULL)
		o->pythonpath = setting("WSGI_PYTHONPATH");
	if (o->error_logfile == NULL)
		o->error_logfile = setting("WSGI_ERROR_LOGFILE");
	if (setting("WSGI_VALIDATE") != NULL)
		o->validate = true;
}

/*
 * What a word names stands, but with a root: there PATH_TRANSLATED names it, or for IIS a word of
 * its script mapping does.
 */
static void settle(struct wsgi_options *o, bool is_cgi, const char *said)
{
	if (said != NULL)
		o->application = said;
	else if (is_cgi && o->root == NULL)
		o->root = setting("WSGI_ROOT"); /* whatever words there are, a client's may be */
	if (o->root != NULL && (said != NULL || o->gateway != WSGI_GATEWAY_IIS))
		o->application = NULL;
}

/* The word behind the application, less those of the query; NULL: none. */
static char *word_behind(const struct wsgi_options *o, const struct wsgi_cgi_line *line)
{
	for (int i = 1; i + 1 < line->argc; i++)
		if (o->argv[i] == o->application)
			return o->argv[i + 1];
	return NULL;
}

/* Whether a word could be the first of the query's. */
static bool is_of_query(char *word)
{
	char *const words[] = {word, NULL};
	const char *query = getenv("QUERY_STRING");

	return query != NULL && wsgi_cgi_query_is(words, query);
}

/*
 * A script mapping without --root serves the application that it names. One that names none would
 * run whatever file is asked for, wherever it is. Returns 0; -EINVAL with words.
 */
static int check_mapping(const struct wsgi_options *o, const struct wsgi_cgi_line *line,
			 struct wsgi_error *err)
{
	char *behind;

	if (o->gateway != WSGI_GATEWAY_IIS || o->root != NULL || o->application == NULL ||
	    !wsgi_cgi_mapping_is_script(o->application))
		return 0;
	behind = word_behind(o, line);
	if (behind != NULL && wsgi_cgi_mapping_is_script(behind) && !is_of_query(behind))
		return 0;
	return wsgi_fail(err, -EINVAL,
			 "a script mapping needs --root FOLDER or an application: \"%s\" is only "
			 "what the request names",
			 o->application);
}

/*
 * The number of the first word in front of the application with a quote and a blank in it; 0: there
 * is none. Of --root "C:\\x\\" "%s" the \" is a letter: the script's path stands in no quotes then,
 * and what a client writes behind a blank could be an option.
 */
static int badly_quoted(enum wsgi_gateway gateway, int argc, char *const *argv)
{
	const int end = wsgi_options_operand(gateway, argc, argv);

	for (int i = 1; i < end; i++) {
		const char *quote = strchr(argv[i], '"');

		for (; quote != NULL; quote = strchr(quote + 1, '"'))
			if (quote[1] == ' ' || quote[1] == '\t')
				return i;
	}
	return 0;
}

static int refuse_quote(struct wsgi_options *o, enum wsgi_gateway gateway, int bad,
			char *const *argv, struct wsgi_error *err)
{
	*o = (struct wsgi_options){.gateway = gateway, .program = wsgi_gateway_name(gateway)};
	o->error_logfile = wsgi_cgi_log_named(gateway, bad, argv);
	return wsgi_fail(err, -EINVAL,
			 "a quote stands within \"%s\": write two backslashes before a closing "
			 "quote, or none",
			 argv[bad]);
}

static int parse(struct wsgi_options *o, enum wsgi_gateway gateway, const struct wsgi_cgi_view *v,
		 const struct wsgi_cgi_line *line, struct wsgi_error *err)
{
	int bad = 0, rc;

	if (gateway == WSGI_GATEWAY_IIS && v->is_cgi)
		bad = badly_quoted(gateway, line->argc, v->argv);
	if (bad > 0)
		return refuse_quote(o, gateway, bad, v->argv, err);
	rc = wsgi_options_parse(o, gateway, line->argc, v->argv, err);
	if (rc != 0) /* what is wrong is said there, wherever on the line it stands */
		o->error_logfile = wsgi_cgi_log_named(gateway, line->argc, v->argv);
	return rc;
}

int wsgi_cgi_options(struct wsgi_options *o, enum wsgi_gateway gateway, int argc, char *const *argv,
		     struct wsgi_error *err)
{
	const struct wsgi_cgi_view view = look(gateway, argc, argv);
	struct wsgi_cgi_line line = wsgi_cgi_line(&view);
	const char *said = NULL; /* by SetEnv */
	char *found = NULL;      /* a file, as an application's name */
	int rc = 0;

	if (line.script != NULL)
		rc = wsgi_cgi_file_name(&found, line.script, strlen(line.script), "");
	else if (view.is_cgi && view.exec_is_self)
		rc = by_setting(&said, &found, view.exec_name);
	if (line.script == NULL && (said != NULL || found != NULL))
		line.argc = 1;
	if (rc == 0)
		rc = parse(o, gateway, &view, &line, err);
	else
		*o = (struct wsgi_options){.gateway = gateway,
					   .program = wsgi_gateway_name(gateway)};
	if (found != NULL)
		said = o->found = found;
	settle(o, view.is_cgi, said);
	if (view.is_cgi)
		fill_in(o);
	if (rc == 0 && view.is_cgi && said == NULL)
		rc = check_mapping(o, &line, err);
	if (rc == 0 && view.is_cgi && !view.is_direct && is_iis())
		rc = wsgi_cgi_relative_check(o, err);
	return rc == -ENOMEM ? wsgi_fail(err, rc, "out of memory") : rc;
}
