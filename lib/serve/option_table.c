#include "serve/option_table.h"

#include <stddef.h>
#include <string.h>

enum {
	CGI = WSGI_GATEWAY_CGI | WSGI_GATEWAY_IIS,
	FCGI = WSGI_GATEWAY_FCGI,
	SERVE = WSGI_GATEWAY_SERVE,
	ALL = CGI | FCGI | SERVE,
};

#define FLAG WSGI_OPTION_FLAG
#define TEXT WSGI_OPTION_TEXT
#define LIST WSGI_OPTION_LIST
#define ASSIGNMENTS WSGI_OPTION_ASSIGNMENTS
#define NUMBER WSGI_OPTION_NUMBER
#define COUNT WSGI_OPTION_COUNT
#define SECONDS WSGI_OPTION_SECONDS
#define BYTES WSGI_OPTION_BYTES
#define MODE WSGI_OPTION_MODE
#define CHOICE WSGI_OPTION_CHOICE
#define SOCKETS WSGI_OPTION_SOCKETS
#define PROCESSES WSGI_OPTION_PROCESSES
#define REQUESTS WSGI_OPTION_REQUESTS
#define APPLICATION WSGI_OPTION_APPLICATION
#define LOGS WSGI_OPTION_LOGS
#define ASKED WSGI_OPTION_ASKED
#define OFFSET(member) offsetof(struct wsgi_options, member)
#define AT(member) OFFSET(member), 0
#define LIST_AT(member) OFFSET(member), OFFSET(member##_len)

static const struct wsgi_option options[] = {
	{"bind", 'b', LIST, SOCKETS, FCGI, true, LIST_AT(bind), "ADDRESS",
	 "listen on unix:PATH or HOST:PORT; may be given several times; without it, on systemd's "
	 "sockets or on descriptor 0"},
	{"bind", 'b', LIST, SOCKETS, SERVE, true, LIST_AT(bind), "ADDRESS",
	 "listen on HOST:PORT or unix:PATH (127.0.0.1:8000)"},
	{"fcgi", 0, TEXT, SOCKETS, SERVE, true, AT(fcgi), "ADDRESS",
	 "forward requests to a FastCGI server at unix:PATH or HOST:PORT"},
	{"backlog", 0, COUNT, SOCKETS, FCGI, false, AT(backlog), "N",
	 "connections that wait in a socket's queue (2048)"},
	{"listen-owner", 0, TEXT, SOCKETS, FCGI, false, AT(listen_owner), "USER",
	 "who owns unix sockets"},
	{"listen-group", 0, TEXT, SOCKETS, FCGI, false, AT(listen_group), "GROUP",
	 "and which group"},
	{"listen-mode", 0, MODE, SOCKETS, FCGI, false, AT(listen_mode), "MODE",
	 "their mode (0666; with an owner or a group 0660)"},
	{"allowed-clients", 0, LIST, SOCKETS, FCGI, true, LIST_AT(allowed_clients), "ADDRESSES",
	 "serve these peers of TCP sockets only: addresses or networks, with commas"},
	{"certfile", 0, TEXT, SOCKETS, SERVE, true, AT(certfile), "FILE",
	 "HTTPS with this certificate and its chain, in PEM"},
	{"keyfile", 0, TEXT, SOCKETS, SERVE, true, AT(keyfile), "FILE",
	 "the certificate's key, in PEM, if it is in a file of its own"},

	{"workers", 'w', NUMBER, PROCESSES, FCGI, true, AT(workers), "N",
	 "worker processes; with --pm=dynamic or ondemand at most so many (1)"},
	{"threads", 0, NUMBER, PROCESSES, FCGI | SERVE, true, AT(threads), "N",
	 "requests served at the same time, by each worker (1)"},
	{"pm", 0, CHOICE, PROCESSES, FCGI, false, AT(pm), "static|dynamic|ondemand",
	 "how many workers there are: N, as many as it takes, or none while idle (static)"},
	{"start-servers", 0, NUMBER, PROCESSES, FCGI, false, AT(start_servers), "N",
	 "dynamic: workers at the start (half way from the least to the most spare ones)"},
	{"min-spare-servers", 0, NUMBER, PROCESSES, FCGI, false, AT(min_spare_servers), "N",
	 "dynamic: so many idle workers at least (1)"},
	{"max-spare-servers", 0, NUMBER, PROCESSES, FCGI, false, AT(max_spare_servers), "N",
	 "dynamic: so many idle workers at most (half way from the least to all workers)"},
	{"process-idle-timeout", 0, SECONDS, PROCESSES, FCGI, false, AT(process_idle_timeout_ms),
	 "SECONDS", "ondemand: a worker that is idle for so long ends (10)"},
	{"max-spawn-rate", 0, NUMBER, PROCESSES, FCGI, false, AT(max_spawn_rate), "N",
	 "start at most so many workers a second (32)"},
	{"emergency-restart-threshold", 0, COUNT, PROCESSES, FCGI, false,
	 AT(emergency_restart_threshold), "N",
	 "when so many workers crash within the interval, start anew (0: never)"},
	{"emergency-restart-interval", 0, SECONDS, PROCESSES, FCGI, false,
	 AT(emergency_restart_interval_ms), "SECONDS", "that interval (60)"},
	{"timeout", 't', SECONDS, PROCESSES, FCGI, true, AT(timeout_ms), "SECONDS",
	 "log the stacks of a worker whose request takes longer, and replace it (0: never)"},
	{"slow", 0, SECONDS, PROCESSES, FCGI, true, AT(slow_ms), "SECONDS",
	 "log the stacks of a worker whose request takes longer (0: never)"},
	{"graceful-timeout", 0, SECONDS, PROCESSES, FCGI, true, AT(graceful_timeout_ms), "SECONDS",
	 "how long requests may go on when a worker is to end (30)"},
	{"max-requests", 0, COUNT, PROCESSES, FCGI, true, AT(max_requests), "N",
	 "replace a worker after so many requests (0: never)"},
	{"max-requests-jitter", 0, COUNT, PROCESSES, FCGI, true, AT(max_requests_jitter), "N",
	 "or up to so many more, by chance (0)"},
	{"max-memory", 0, BYTES, PROCESSES, FCGI, true, AT(max_memory_bytes), "BYTES",
	 "replace a worker that is larger after a request, as in 200M (0: never)"},
	{"preload", 0, FLAG, PROCESSES, FCGI, true, AT(preload), NULL,
	 "load the application once, before the workers are forked"},
	{"reload", 0, FLAG, PROCESSES, FCGI | SERVE, true, AT(reload), NULL,
	 "start again when a source file of the application changes"},
	{"reload-extra-file", 0, LIST, PROCESSES, FCGI | SERVE, true, LIST_AT(reload_extra), "FILE",
	 "or when this one does; may be given several times"},
	{"reload-pipe", 0, TEXT, PROCESSES, SERVE, true, AT(reload_pipe), "N", NULL},
	{"status-board", 0, TEXT, PROCESSES, SERVE, false, AT(status_board), "FDS", NULL},
	{"user", 'u', TEXT, PROCESSES, FCGI, false, AT(user), "USER",
	 "what runs Python, and the application, is this user"},
	{"group", 'g', TEXT, PROCESSES, FCGI, false, AT(group), "GROUP",
	 "and of this group (the user's)"},
	{"umask", 'm', MODE, PROCESSES, FCGI, false, AT(umask), "MODE",
	 "the application's file mode creation mask"},
	{"pid", 'p', TEXT, PROCESSES, FCGI, false, AT(pid), "FILE",
	 "write the process id of the master to a file"},

	{"script-name", 0, TEXT, REQUESTS, FCGI | WSGI_GATEWAY_IIS, true, AT(script_name), "/PATH",
	 "where the application is mounted; requests elsewhere get a 404"},
	{"iis", 0, FLAG, REQUESTS, FCGI, true, AT(iis), NULL,
	 "take SCRIPT_NAME from the front of PATH_INFO, where IIS repeats it"},
	{"status-path", 0, TEXT, REQUESTS, FCGI, true, AT(status_path), "/PATH",
	 "answer requests for it with the state of the workers"},
	{"ping-path", 0, TEXT, REQUESTS, FCGI, true, AT(ping_path), "/PATH",
	 "answer requests for it with 'pong'"},
	{"status-socket", 0, TEXT, REQUESTS, FCGI, true, AT(status_socket), "ADDRESS",
	 "the same over HTTP: /status and /ping, at an address of their own"},

	{"debug", 0, FLAG, APPLICATION, SERVE, true, AT(debug), NULL,
	 "answer an error with its traceback; on loopback addresses only"},
	{"validate", 0, FLAG, APPLICATION, ALL, true, AT(validate), NULL,
	 "check the application, and this server, against PEP 3333"},
	{"python", 0, TEXT, APPLICATION, ALL, false, AT(python), "PATH",
	 "the interpreter, or a virtual environment's folder (python3; on Windows none)"},
	{"pythonpath", 0, TEXT, APPLICATION, ALL, true, AT(pythonpath), "FOLDERS",
	 "folders in front of sys.path, with ':' between them, on Windows ';'"},
	{"chdir", 0, TEXT, APPLICATION, ALL, false, AT(chdir), "FOLDER",
	 "go there first; relative names count from there"},
	{"env", 'e', ASSIGNMENTS, APPLICATION, ALL, false, LIST_AT(env), "NAME=VALUE",
	 "set an environment variable"},
	{"root", 0, TEXT, APPLICATION, WSGI_GATEWAY_CGI, false, AT(root), "FOLDER",
	 "serve the application that PATH_TRANSLATED names below FOLDER"},
	{"root", 0, TEXT, APPLICATION, WSGI_GATEWAY_IIS, false, AT(root), "FOLDER",
	 "serve the application that the script mapping names below FOLDER"},

	{"access-logfile", 0, TEXT, LOGS, FCGI, false, AT(access_logfile), "FILE",
	 "a line for each request; '-' is standard error"},
	{"access-logformat", 0, TEXT, LOGS, FCGI, true, AT(access_logformat), "FORMAT",
	 "its form, in gunicorn's atoms, or json"},
	{"error-logfile", 0, TEXT, LOGS, CGI | FCGI, true, AT(error_logfile), "FILE",
	 "what would go to standard error; '-' is that"},
	{"log-level", 0, CHOICE, LOGS, FCGI, true, AT(log_level),
	 "debug|info|warning|error|critical", "which lines of our own are logged (info)"},

	{"config", 'c', TEXT, ASKED, FCGI, false, AT(config), "FILE",
	 "a file of options, a line each: name = value; what stands here counts more"},
	{"check-config", 0, FLAG, ASKED, FCGI, true, AT(check_config), NULL,
	 "load the application, say whether all is well, and end"},
	{"print-config", 0, FLAG, ASKED, FCGI, false, AT(print_config), NULL,
	 "print what the options come to, as such a file, and end"},
	{"print-frontend", 0, TEXT, ASKED, FCGI, false, AT(print_frontend), "SERVER",
	 "print the configuration of nginx, apache, lighttpd, caddy, haproxy, h2o or iis"},
	{"zygote", 0, TEXT, ASKED, FCGI, true, AT(zygote), "FDS", NULL},
	{"upgrade", 0, TEXT, ASKED, FCGI, false, AT(upgrade), "FD", NULL},
	{"help", 'h', FLAG, ASKED, ALL, false, AT(help), NULL, "print this"},
	{"version", 'V', FLAG, ASKED, ALL, false, AT(version), NULL, "print the version"},
};
enum { OPTIONS = sizeof(options) / sizeof(options[0]) };
_Static_assert(OPTIONS <= 64 * sizeof(((struct wsgi_options *)NULL)->given) / sizeof(uint64_t),
	       "a bit for each option");

const struct wsgi_option *wsgi_option_at(size_t i)
{
	return i < OPTIONS ? &options[i] : NULL;
}

size_t wsgi_option_number(const struct wsgi_option *option)
{
	return (size_t)(option - options);
}

const struct wsgi_option *wsgi_option_find(struct wsgi_span name, bool is_letter, unsigned gateways)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct wsgi_option *o = &options[i];

		if ((o->gateways & gateways) != 0 &&
		    (is_letter ? o->letter == *name.data : wsgi_span_is(name, o->name)))
			return o;
	}
	return NULL;
}

unsigned wsgi_option_takers(const char *name)
{
	unsigned takers = 0;

	for (size_t i = 0; i < OPTIONS; i++)
		if (strcmp(options[i].name, name) == 0)
			takers |= options[i].gateways;
	return takers;
}
