#include "serve/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"

enum {
	CGI = WSGI_GATEWAY_CGI | WSGI_GATEWAY_IIS,
	FCGI = WSGI_GATEWAY_FCGI,
	SERVE = WSGI_GATEWAY_SERVE,
	ALL = CGI | FCGI | SERVE,
	MAX_NUMBER = 1024,
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

enum kind {
	FLAG,        /* bool */
	TEXT,        /* const char *, the last one counts */
	LIST,        /* const char **, and its length: each one counts */
	ASSIGNMENTS, /* a LIST of NAME=VALUE */
	NUMBER,      /* unsigned, from 1 to MAX_NUMBER */
};

struct option {
	const char *name;
	char letter; /* 0: none */
	enum kind kind;
	unsigned gateways; /* those that take it */
	bool inside;       /* it means something inside the interpreter too */
	size_t at, len_at; /* its members of struct wsgi_options */
	const char *value; /* what it wants, "/PATH": with that slash; NULL: nothing */
	const char *help;  /* NULL: it is not for users */
};

#define OFFSET(member) offsetof(struct wsgi_options, member)
#define AT(member) OFFSET(member), 0
#define LIST_AT(member) OFFSET(member), OFFSET(member##_len)

static const struct option options[] = {
	{"bind", 'b', LIST, FCGI, true, LIST_AT(bind), "ADDRESS",
	 "listen on unix:PATH or HOST:PORT; without it, on descriptor 0"},
	{"bind", 'b', LIST, SERVE, true, LIST_AT(bind), "ADDRESS",
	 "listen on HOST:PORT or unix:PATH (127.0.0.1:8000)"},
	{"fcgi", 0, TEXT, SERVE, true, AT(fcgi), "ADDRESS",
	 "forward requests to a FastCGI server at unix:PATH or HOST:PORT"},
	{"workers", 'w', NUMBER, FCGI, true, AT(workers), "N",
	 "worker processes; 1 in this version"},
	{"threads", 0, NUMBER, FCGI | SERVE, true, AT(threads), "N",
	 "requests served at the same time (1)"},
	{"script-name", 0, TEXT, FCGI, true, AT(script_name), "/PATH",
	 "where the application is mounted; requests elsewhere get a 404"},
	{"certfile", 0, TEXT, SERVE, true, AT(certfile), "FILE",
	 "HTTPS with this certificate and its chain, in PEM"},
	{"keyfile", 0, TEXT, SERVE, true, AT(keyfile), "FILE",
	 "the certificate's key, in PEM, if it is in a file of its own"},
	{"reload", 0, FLAG, SERVE, true, AT(reload), NULL,
	 "start again when a source file of the application changes"},
	{"reload-extra-file", 0, LIST, SERVE, true, LIST_AT(reload_extra), "FILE",
	 "or when this one does; may be given several times"},
	{"reload-pipe", 0, TEXT, SERVE, true, AT(reload_pipe), "N", NULL},
	{"debug", 0, FLAG, SERVE, true, AT(debug), NULL,
	 "answer an error with its traceback; on loopback addresses only"},
	{"validate", 0, FLAG, ALL, true, AT(validate), NULL,
	 "check the application, and this server, against PEP 3333"},
	{"python", 0, TEXT, ALL, false, AT(python), "PATH",
	 "the interpreter, or a virtual environment's folder (python3)"},
	{"pythonpath", 0, TEXT, ALL, true, AT(pythonpath), "FOLDERS",
	 "folders in front of sys.path, with ':' between them"},
	{"chdir", 0, TEXT, ALL, false, AT(chdir), "FOLDER",
	 "go there first; relative names count from there"},
	{"env", 'e', ASSIGNMENTS, ALL, false, LIST_AT(env), "NAME=VALUE",
	 "set an environment variable"},
	{"root", 0, TEXT, CGI, false, AT(root), "FOLDER",
	 "serve the application that PATH_TRANSLATED names below FOLDER"},
	{"help", 'h', FLAG, ALL, false, AT(help), NULL, "print this"},
	{"version", 'V', FLAG, ALL, false, AT(version), NULL, "print the version"},
};
enum { OPTIONS = sizeof(options) / sizeof(options[0]) };

const char *wsgi_gateway_name(enum wsgi_gateway gateway)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].gateway == gateway)
			return commands[i].name;
	return "wsgi";
}

static void *member(const struct wsgi_options *o, size_t at)
{
	union {
		const struct wsgi_options *from;
		char *to; /* whoever has a const o only reads */
	} p = {.from = o};

	return p.to + at;
}

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

static const struct option *find(const struct word *w, unsigned gateways)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option *o = &options[i];

		if ((o->gateways & gateways) != 0 &&
		    (w->is_letter ? o->letter == *w->name.data : wsgi_span_is(w->name, o->name)))
			return o;
	}
	return NULL;
}

static int no_such(const struct word *w, const char *program, struct wsgi_error *err)
{
	const char *hyphens = w->is_letter ? "-" : "--";
	const struct option *other = find(w, ALL);
	unsigned takers = 0;

	for (size_t i = 0; other != NULL && i < OPTIONS; i++)
		if (strcmp(options[i].name, other->name) == 0)
			takers |= options[i].gateways;
	if (other == NULL)
		return wsgi_fail(err, -EINVAL, "no option %s%.*s: see %s --help", hyphens,
				 (int)w->name.len, w->name.data, program);
	return wsgi_fail(err, -EINVAL, "--%s is an option of %s, not of %s", other->name,
			 takers == CGI     ? "wsgi-cgi and wsgi-iis"
			 : takers == FCGI  ? "wsgi-fcgi"
			 : takers == SERVE ? "wsgi-serve"
					   : "wsgi-fcgi and wsgi-serve",
			 program);
}

static int append(const char ***list, size_t *len, const char *value)
{
	const char **more = realloc(*list, (*len + 1) * sizeof(*more));

	if (more == NULL)
		return -ENOMEM;
	more[(*len)++] = value;
	*list = more;
	return 0;
}

static int take_number(unsigned *number, const char *value)
{
	unsigned n = 0;

	for (const char *c = value; *c != '\0'; c++) {
		if (*c < '0' || *c > '9' || n > MAX_NUMBER)
			return -EINVAL;
		n = n * 10 + (unsigned)(*c - '0');
	}
	if (n < 1 || n > MAX_NUMBER)
		return -EINVAL;
	*number = n;
	return 0;
}

static bool is_good(const struct option *option, const char *value)
{
	if (option->kind == ASSIGNMENTS)
		return *value != '=' && strchr(value, '=') != NULL;
	if (option->value[0] == '/')
		return *value == '/';
	return *value != '\0';
}

static int take(struct wsgi_options *o, const struct option *option, const char *value,
		struct wsgi_error *err)
{
	void *at = member(o, option->at);
	int rc = 0;

	if (!is_good(option, value))
		rc = -EINVAL;
	else if (option->kind == TEXT)
		*(const char **)at = value;
	else if (option->kind == NUMBER)
		rc = take_number(at, value);
	else
		rc = append(at, member(o, option->len_at), value);
	if (rc == -ENOMEM)
		return wsgi_fail(err, rc, "out of memory");
	if (rc != 0 && option->kind == NUMBER)
		return wsgi_fail(err, rc, "--%s wants a number from 1 to %d, not '%s'",
				 option->name, MAX_NUMBER, value);
	if (rc != 0)
		return wsgi_fail(err, rc, "--%s wants %s, not '%s'", option->name, option->value,
				 value);
	return 0;
}

/* Take the option at argv[*i], and the word after it where that is its value. */
static int take_word(struct wsgi_options *o, int *i, int argc, char *const *argv,
		     struct wsgi_error *err)
{
	struct word w = split(argv[*i]);
	const struct option *option = find(&w, o->gateway);

	if (option == NULL)
		return no_such(&w, o->program, err);
	if (option->kind == FLAG) {
		if (w.value != NULL)
			return wsgi_fail(err, -EINVAL, "--%s takes no value", option->name);
		*(bool *)member(o, option->at) = true;
		return 0;
	}
	if (w.value == NULL && ++*i < argc)
		w.value = argv[*i];
	if (w.value == NULL)
		return wsgi_fail(err, -EINVAL, "--%s wants %s after it", option->name,
				 option->value);
	return take(o, option, w.value, err);
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

int wsgi_options_parse(struct wsgi_options *o, enum wsgi_gateway gateway, int argc,
		       char *const *argv, struct wsgi_error *err)
{
	int i, rc;

	*o = (struct wsgi_options){.gateway = gateway,
				   .program = wsgi_gateway_name(gateway),
				   .workers = 1,
				   .threads = 1};
	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		rc = take_word(o, &i, argc, argv, err);
		if (rc != 0 || o->help || o->version)
			return rc;
	}
	if (i < argc)
		o->application = argv[i];
	if (i + 1 < argc) {
		rc = refuse_behind(o, argv[i + 1], err);
		if (rc != 0)
			return rc;
	}
	if (o->workers > 1)
		return wsgi_fail(err, -EINVAL,
				 "--workers %u: this version runs one worker process; use "
				 "--threads, or start several on one socket by spawn-fcgi -F %u",
				 o->workers, o->workers);
	return 0;
}

void wsgi_options_finish(struct wsgi_options *o)
{
	free(o->env);
	free(o->bind);
	free(o->reload_extra);
	free(o->found);
	o->env = o->bind = o->reload_extra = NULL;
	o->env_len = o->bind_len = o->reload_extra_len = 0;
	o->found = NULL;
}

/* Append "--name=value", "--name" or, without a name, the value. Returns 0 or -ENOMEM. */
static int add_word(char ***words, size_t *len, const char *name, const char *value)
{
	char **more = realloc(*words, (*len + 2) * sizeof(*more));
	int n;

	if (more == NULL)
		return -ENOMEM;
	*words = more;
	n = asprintf(&more[*len], "%s%s%s%s", name != NULL ? "--" : "", name != NULL ? name : "",
		     name != NULL && value != NULL ? "=" : "", value != NULL ? value : "");
	if (n < 0)
		more[*len] = NULL;
	else
		more[++*len] = NULL;
	return n < 0 ? -ENOMEM : 0;
}

static int add_option(char ***words, size_t *len, const struct wsgi_options *o,
		      const struct option *option)
{
	const void *at = member(o, option->at);
	char digits[12];
	int rc = 0;

	if (option->kind == NUMBER) {
		snprintf(digits, sizeof(digits), "%u", *(const unsigned *)at);
		return add_word(words, len, option->name, digits);
	}
	if (option->kind == FLAG)
		return *(const bool *)at ? add_word(words, len, option->name, NULL) : 0;
	if (option->kind == LIST) {
		size_t n = *(const size_t *)member(o, option->len_at);

		for (size_t i = 0; rc == 0 && i < n; i++)
			rc = add_word(words, len, option->name, (*(const char **const *)at)[i]);
		return rc;
	}
	if (*(const char *const *)at != NULL)
		rc = add_word(words, len, option->name, *(const char *const *)at);
	return rc;
}

char **wsgi_options_words(const struct wsgi_options *o, const char *application)
{
	char **words = NULL;
	size_t len = 0;
	int rc = add_word(&words, &len, NULL, o->program);

	for (size_t i = 0; rc == 0 && i < OPTIONS; i++)
		if (options[i].inside && (options[i].gateways & o->gateway) != 0)
			rc = add_option(&words, &len, o, &options[i]);
	/* The application's name may begin with a hyphen. */
	if (rc == 0)
		rc = add_word(&words, &len, NULL, "--");
	if (rc == 0)
		rc = add_word(&words, &len, NULL, application);
	if (rc != 0) {
		wsgi_options_free_words(words);
		return NULL;
	}
	return words;
}

void wsgi_options_free_words(char **words)
{
	for (size_t i = 0; words != NULL && words[i] != NULL; i++)
		free(words[i]);
	free(words);
}

void wsgi_options_help(enum wsgi_gateway gateway, FILE *out)
{
	fprintf(out,
		"usage: %s [OPTION]... APPLICATION\n"
		"APPLICATION is package.module[:callable], path/app.py[:callable] (or .wsgi),\n"
		"path/app.so[:symbol] for one in C, or demo; the callable is \"application\".\n\n",
		wsgi_gateway_name(gateway));
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option *o = &options[i];
		char left[40];

		if ((o->gateways & gateway) == 0 || o->help == NULL)
			continue;
		snprintf(left, sizeof(left), "%c%c%c --%s%s%s", o->letter != 0 ? '-' : ' ',
			 o->letter != 0 ? o->letter : ' ', o->letter != 0 ? ',' : ' ', o->name,
			 o->value != NULL ? "=" : "", o->value != NULL ? o->value : "");
		fprintf(out, "  %-26s %s\n", left, o->help);
	}
}
