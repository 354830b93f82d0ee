#include "serve/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/span.h"

enum {
	CGI = WSGI_GATEWAY_CGI | WSGI_GATEWAY_IIS,
	FCGI = WSGI_GATEWAY_FCGI,
	SERVE = WSGI_GATEWAY_SERVE,
	ALL = CGI | FCGI | SERVE,
	MAX_NUMBER = 1024,
	MAX_COUNT = 1000000000,
	MAX_SECONDS = 1000000,
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
	COUNT,       /* unsigned, from 0 to MAX_COUNT */
	SECONDS,     /* int64_t, milliseconds: a decimal number of seconds */
	BYTES,       /* uint64_t: a number, with K, M or G behind it */
	MODE,        /* unsigned: octal */
	CHOICE,      /* unsigned: which of the words that its value lists, "static|dynamic" */
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
	 "worker processes; with --pm=dynamic or ondemand at most so many (1)"},
	{"threads", 0, NUMBER, FCGI | SERVE, true, AT(threads), "N",
	 "requests served at the same time, by each worker (1)"},
	{"pm", 0, CHOICE, FCGI, false, AT(pm), "static|dynamic|ondemand",
	 "how many workers there are: N, as many as it takes, or none while idle"},
	{"start-servers", 0, COUNT, FCGI, false, AT(start_servers), "N",
	 "dynamic: workers at the start"},
	{"min-spare-servers", 0, COUNT, FCGI, false, AT(min_spare_servers), "N",
	 "dynamic: so many idle workers at least (1)"},
	{"max-spare-servers", 0, COUNT, FCGI, false, AT(max_spare_servers), "N",
	 "dynamic: so many idle workers at most"},
	{"process-idle-timeout", 0, SECONDS, FCGI, false, AT(process_idle_timeout_ms), "SECONDS",
	 "ondemand: a worker that is idle for so long ends (10)"},
	{"max-spawn-rate", 0, NUMBER, FCGI, false, AT(max_spawn_rate), "N",
	 "start at most so many workers a second (32)"},
	{"emergency-restart-threshold", 0, COUNT, FCGI, false, AT(emergency_restart_threshold), "N",
	 "when so many workers crash within the interval, start anew (0: never)"},
	{"emergency-restart-interval", 0, SECONDS, FCGI, false, AT(emergency_restart_interval_ms),
	 "SECONDS", "that interval (60)"},
	{"timeout", 't', SECONDS, FCGI, false, AT(timeout_ms), "SECONDS",
	 "log the stacks of a worker whose request takes longer, and replace it (0: never)"},
	{"slow", 0, SECONDS, FCGI, false, AT(slow_ms), "SECONDS",
	 "log the stacks of a worker whose request takes longer (0: never)"},
	{"graceful-timeout", 0, SECONDS, FCGI, false, AT(graceful_timeout_ms), "SECONDS",
	 "how long requests may go on when a worker is to end (30)"},
	{"max-requests", 0, COUNT, FCGI, true, AT(max_requests), "N",
	 "replace a worker after so many requests (0: never)"},
	{"max-requests-jitter", 0, COUNT, FCGI, true, AT(max_requests_jitter), "N",
	 "or up to so many more, by chance (0)"},
	{"max-memory", 0, BYTES, FCGI, true, AT(max_memory_bytes), "BYTES",
	 "replace a worker that is larger after a request, as in 200M (0: never)"},
	{"preload", 0, FLAG, FCGI, true, AT(preload), NULL,
	 "load the application once, before the workers are forked"},
	{"script-name", 0, TEXT, FCGI, true, AT(script_name), "/PATH",
	 "where the application is mounted; requests elsewhere get a 404"},
	{"iis", 0, FLAG, FCGI, true, AT(iis), NULL,
	 "take SCRIPT_NAME from the front of PATH_INFO, where IIS repeats it"},
	{"status-path", 0, TEXT, FCGI, true, AT(status_path), "/PATH",
	 "answer requests for it with the state of the workers"},
	{"ping-path", 0, TEXT, FCGI, true, AT(ping_path), "/PATH",
	 "answer requests for it with 'pong'"},
	{"status-socket", 0, TEXT, FCGI, false, AT(status_socket), "ADDRESS",
	 "the same over HTTP: /status and /ping, at an address of their own"},
	{"allowed-clients", 0, LIST, FCGI, true, LIST_AT(allowed_clients), "ADDRESSES",
	 "serve these peers of TCP sockets only: addresses or networks, with commas"},
	{"backlog", 0, NUMBER, FCGI, false, AT(backlog), "N",
	 "connections that wait in a socket's queue (2048)"},
	{"listen-owner", 0, TEXT, FCGI, false, AT(listen_owner), "USER", "who owns unix sockets"},
	{"listen-group", 0, TEXT, FCGI, false, AT(listen_group), "GROUP", "and which group"},
	{"listen-mode", 0, MODE, FCGI, false, AT(listen_mode), "MODE",
	 "their mode (0666; with an owner or a group 0660)"},
	{"user", 'u', TEXT, FCGI, false, AT(user), "USER",
	 "what runs Python, and the application, is this user"},
	{"group", 'g', TEXT, FCGI, false, AT(group), "GROUP", "and of this group (the user's)"},
	{"umask", 'm', MODE, FCGI, false, AT(umask), "MODE",
	 "the application's file mode creation mask"},
	{"pid", 'p', TEXT, FCGI, false, AT(pid), "FILE",
	 "write the process id of the master to a file"},
	{"access-logfile", 0, TEXT, FCGI, false, AT(access_logfile), "FILE",
	 "a line for each request; '-' is standard error"},
	{"access-logformat", 0, TEXT, FCGI, true, AT(access_logformat), "FORMAT",
	 "its form, in gunicorn's atoms, or json"},
	{"error-logfile", 0, TEXT, FCGI, false, AT(error_logfile), "FILE",
	 "what would go to standard error; '-' is that"},
	{"log-level", 0, CHOICE, FCGI, true, AT(log_level), "debug|info|warning|error",
	 "which lines of our own are logged (info)"},
	{"config", 'c', TEXT, FCGI, false, AT(config), "FILE",
	 "a file of options, a line each: name = value"},
	{"check-config", 0, FLAG, FCGI, false, AT(check_config), NULL,
	 "load the application, say whether all is well, and end"},
	{"print-config", 0, FLAG, FCGI, false, AT(print_config), NULL,
	 "print what the options come to, and end"},
	{"print-frontend", 0, TEXT, FCGI, false, AT(print_frontend), "SERVER",
	 "print the configuration of nginx, apache, lighttpd, caddy, haproxy, h2o or iis"},
	{"zygote", 0, TEXT, FCGI, true, AT(zygote), "FDS", NULL},
	{"upgrade", 0, TEXT, FCGI, false, AT(upgrade), "FD", NULL},
	{"certfile", 0, TEXT, SERVE, true, AT(certfile), "FILE",
	 "HTTPS with this certificate and its chain, in PEM"},
	{"keyfile", 0, TEXT, SERVE, true, AT(keyfile), "FILE",
	 "the certificate's key, in PEM, if it is in a file of its own"},
	{"reload", 0, FLAG, FCGI | SERVE, true, AT(reload), NULL,
	 "start again when a source file of the application changes"},
	{"reload-extra-file", 0, LIST, FCGI | SERVE, true, LIST_AT(reload_extra), "FILE",
	 "or when this one does; may be given several times"},
	{"reload-pipe", 0, TEXT, FCGI | SERVE, true, AT(reload_pipe), "N", NULL},
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

static const struct wsgi_options defaults = {
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

static int take_number(unsigned *number, const char *value, unsigned min, unsigned max)
{
	uint64_t n;
	const char *end = read_number(&n, value, max);

	if (end == NULL || *end != '\0' || n < min)
		return -EINVAL;
	*number = (unsigned)n;
	return 0;
}

/* "1.5"; what is below a millisecond is dropped. */
static int take_seconds(int64_t *ms, const char *value)
{
	uint64_t n;
	const char *end = read_number(&n, value, MAX_SECONDS);
	int64_t unit = 100;

	if (end == NULL)
		return -EINVAL;
	*ms = (int64_t)n * 1000;
	if (*end == '.' && end[1] != '\0')
		for (end++; *end >= '0' && *end <= '9'; end++, unit /= 10)
			*ms += (*end - '0') * unit;
	return *end == '\0' ? 0 : -EINVAL;
}

static int take_bytes(uint64_t *bytes, const char *value)
{
	static const char units[] = "KMG";
	const char *end = read_number(bytes, value, UINT64_C(1) << 40), *unit;

	if (end == NULL)
		return -EINVAL;
	if (*end == '\0')
		return 0;
	unit = strchr(units, *end);
	if (unit == NULL || end[1] != '\0' || *bytes > UINT64_C(1) << 30)
		return -EINVAL;
	*bytes <<= 10 * (unit - units + 1);
	return 0;
}

static int take_mode(unsigned *mode, const char *value)
{
	unsigned n = 0;
	const char *c = value;

	for (; *c >= '0' && *c <= '7' && n <= 0777; c++)
		n = n * 8 + (unsigned)(*c - '0');
	if (c == value || *c != '\0' || n > 0777)
		return -EINVAL;
	*mode = n;
	return 0;
}

/* Which of "one|two|three" it is. */
static int take_choice(unsigned *choice, const char *words, const char *value)
{
	unsigned i = 0;

	for (const char *at = words; *at != '\0'; i++) {
		size_t len = strcspn(at, "|");

		if (strlen(value) == len && memcmp(at, value, len) == 0) {
			*choice = i;
			return 0;
		}
		at += len + (at[len] == '|');
	}
	return -EINVAL;
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
		rc = take_number(at, value, 1, MAX_NUMBER);
	else if (option->kind == COUNT)
		rc = take_number(at, value, 0, MAX_COUNT);
	else if (option->kind == SECONDS)
		rc = take_seconds(at, value);
	else if (option->kind == BYTES)
		rc = take_bytes(at, value);
	else if (option->kind == MODE)
		rc = take_mode(at, value);
	else if (option->kind == CHOICE)
		rc = take_choice(at, option->value, value);
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

	*o = defaults;
	o->gateway = gateway;
	o->program = wsgi_gateway_name(gateway);
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
	return 0;
}

void wsgi_options_finish(struct wsgi_options *o)
{
	free(o->env);
	free(o->bind);
	free(o->reload_extra);
	free(o->allowed_clients);
	free(o->found);
	o->env = o->bind = o->reload_extra = o->allowed_clients = NULL;
	o->env_len = o->bind_len = o->reload_extra_len = o->allowed_clients_len = 0;
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

static size_t size_of(const struct option *option)
{
	return option->kind == BYTES     ? sizeof(uint64_t)
	       : option->kind == SECONDS ? sizeof(int64_t)
	       : option->kind == FLAG    ? sizeof(bool)
					 : sizeof(unsigned);
}

static bool is_default(const struct wsgi_options *o, const struct option *option)
{
	return memcmp(member(o, option->at), member(&defaults, option->at), size_of(option)) == 0;
}

static void number_text(char digits[24], const struct option *option, const void *at)
{
	uint64_t n = option->kind == BYTES ? *(const uint64_t *)at : *(const unsigned *)at;

	snprintf(digits, 24, "%" PRIu64, n);
}

static int add_choice(char ***words, size_t *len, const struct option *option, const unsigned *at)
{
	const char *word = option->value;
	char text[32];

	for (unsigned i = 0; i < *at; i++)
		word = strchr(word, '|') + 1;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(word, "|"), word);
	return add_word(words, len, option->name, text);
}

static int add_option(char ***words, size_t *len, const struct wsgi_options *o,
		      const struct option *option)
{
	const void *at = member(o, option->at);
	char digits[24];
	int rc = 0;

	if (option->kind == NUMBER || option->kind == COUNT || option->kind == BYTES) {
		if (is_default(o, option))
			return 0;
		number_text(digits, option, at);
		return add_word(words, len, option->name, digits);
	}
	if (option->kind == CHOICE)
		return is_default(o, option) ? 0 : add_choice(words, len, option, at);
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
