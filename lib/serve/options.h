#ifndef WSGI_SERVE_OPTIONS_H
#define WSGI_SERVE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"

/* Which gateway a command is; also the bit that says which options it takes. */
enum wsgi_gateway {
	WSGI_GATEWAY_CGI = 1,
	WSGI_GATEWAY_IIS = 2,
	WSGI_GATEWAY_FCGI = 4,
	WSGI_GATEWAY_SERVE = 8,
};

/* --pm, in PHP-FPM's words. */
enum wsgi_pm { WSGI_PM_STATIC, WSGI_PM_DYNAMIC, WSGI_PM_ONDEMAND };

enum { WSGI_MODE_UNSET = 01000000 }; /* of a file mode or a umask that was not given */

/*
 * options - what the command line and the file of --config say.
 *
 * Shape    each option's member; where one was not given, its default. option_table has the
 *          options, option_value their values, option_rules and fcgi_rules how they go together.
 * Owner    strings are borrowed from argv, or belong to the struct: they live as long as both.
 */
struct wsgi_options {
	enum wsgi_gateway gateway;
	const char *program;     /* "wsgi-fcgi", whatever argv[0] is */
	const char *application; /* NULL: none was named */
	bool help, version;
	/* Python */
	const char *python, *pythonpath;
	/* all */
	const char *chdir;
	const char **env; /* -e NAME=VALUE, env_len of them */
	size_t env_len;
	/* wsgi-cgi, wsgi-iis */
	const char *root; /* --root: applications by PATH_TRANSLATED, below this folder only */
	bool validate;    /* --validate: check both sides of PEP 3333 */
	/* wsgi-fcgi, wsgi-serve */
	const char **bind; /* bind_len of them */
	size_t bind_len;
	unsigned workers, threads; /* 1 when not given */
	/* wsgi-fcgi: requests */
	const char *script_name; /* --script-name: the mount; NULL: as the front end says */
	bool iis;                /* --iis: PATH_INFO repeats SCRIPT_NAME, as IIS sends it */
	const char *status_path, *ping_path; /* NULL: none is answered by us */
	const char *status_socket;           /* an address; NULL: none */
	const char **allowed_clients;        /* --allowed-clients, each a list with commas */
	size_t allowed_clients_len;
	/* wsgi-fcgi: sockets */
	unsigned backlog;
	const char *listen_owner, *listen_group;
	unsigned listen_mode; /* WSGI_MODE_UNSET: by listen_owner and listen_group */
	/* wsgi-fcgi: the process manager; 0 in a time or a limit: none, unless told otherwise */
	enum wsgi_pm pm;
	unsigned start_servers, min_spare_servers, max_spare_servers; /* 0: pm is not dynamic */
	int64_t process_idle_timeout_ms;
	unsigned max_spawn_rate; /* processes a second */
	unsigned emergency_restart_threshold;
	int64_t emergency_restart_interval_ms;
	int64_t timeout_ms, slow_ms, graceful_timeout_ms;
	unsigned max_requests, max_requests_jitter;
	uint64_t max_memory_bytes;
	bool preload;
	const char *pid, *user, *group;
	unsigned umask; /* WSGI_MODE_UNSET: as it is */
	/* wsgi-fcgi: logs */
	const char *access_logfile, *error_logfile; /* "-": standard error; NULL: none, as it is */
	const char *access_logformat;               /* gunicorn's atoms, or "json" */
	unsigned log_level;                         /* enum wsgi_log_level */
	/* wsgi-fcgi: what it only prints, and where options come from */
	const char *config; /* -c: a file of options */
	bool check_config, print_config;
	const char *print_frontend; /* "nginx" ... */
	/*
	 * Not for users. zygote: this process forks workers, and these are its descriptors
	 * (serve/zygote.h). upgrade: the descriptor with what the master before this one left.
	 */
	const char *zygote, *upgrade;
	/* wsgi-serve */
	const char *fcgi;               /* --fcgi: the backend's address */
	const char *certfile, *keyfile; /* PEM; NULL: plain HTTP */
	bool reload;                    /* --reload: start again when a source file changes */
	const char **reload_extra;      /* --reload-extra-file, reload_extra_len of them */
	size_t reload_extra_len;
	/*
	 * Not for users: the descriptor that a child of --reload reports on. A word, and not an
	 * environment variable: os.environ has those before any code of ours runs.
	 */
	const char *reload_pipe;
	/* Not for users: it answers --status-socket of wsgi-fcgi (serve/status_http.h). */
	const char *status_board;
	bool debug; /* --debug: the traceback is the answer's page */

	char *found; /* owned: the name of an application that no word of argv holds; or NULL */
	/*
	 * wsgi-fcgi: the folder in which it was started, owned; NULL: it is not known, or this is
	 * inside the interpreter. Relative names on the command line count from there, whatever
	 * --chdir did since.
	 */
	char *start_dir;
	/* Private, and owned where they are no words of argv. */
	uint64_t given[2]; /* a bit for each option of the table */
	char *config_text, *full_chdir;
	int argc;
	char *const *argv;
};

/*
 * Read a command line, and the file that it names by --config. What the command line says counts
 * more, and its lists stand in place of the file's. Options end at the first word that is none: the
 * application; what follows it is never an option. For CGI it is not looked at (a query string can
 * stand there), elsewhere it is refused.
 *   argv   borrowed, for as long as o and those made from it live
 * Returns 0; -EINVAL with one line that names the option and what it takes; -ENOENT, -EACCES: the
 * file cannot be read; -ENOMEM. In any case wsgi_options_finish() is called afterwards.
 */
int wsgi_options_parse(struct wsgi_options *o, enum wsgi_gateway gateway, int argc,
		       char *const *argv, struct wsgi_error *err);

/* The number of the first word that is neither an option nor its value; argc: there is none. */
int wsgi_options_operand(enum wsgi_gateway gateway, int argc, char *const *argv);

/*
 * Read once more what first was made of: the same command line, and the file as it is now. Relative
 * names of --config and --chdir count from where first was read: o->chdir is then absolute, and is
 * first->start_dir where no --chdir is given.
 * Returns as wsgi_options_parse(), of which it keeps all else; first is as it was, and has to live
 * as long as o.
 */
int wsgi_options_again(struct wsgi_options *o, const struct wsgi_options *first,
		       struct wsgi_error *err);
void wsgi_options_finish(struct wsgi_options *o);

/*
 * The log of a process that serves: standard error, by --log-level; lines with a time where that is
 * the file of --error-logfile.
 */
struct wsgi_log wsgi_options_log(const struct wsgi_options *o);

/* "wsgi-fcgi" */
const char *wsgi_gateway_name(enum wsgi_gateway gateway);

#endif
