#ifndef WSGI_SERVE_GATEWAY_H
#define WSGI_SERVE_GATEWAY_H

#include "serve/options.h"
#include "wsgi/loader.h"

/*
 * gateway - what the four commands have in common: options, the application, the run.
 *
 * A command's main() is one call with python NULL. When the application is a Python one, that call
 * becomes the interpreter (host/start), which loads the plugin, whose run() makes the same call
 * with what is left of the words (wsgi_options_words) and a loader for Python.
 */
struct wsgi_gateway_host {
	struct wsgi_loader *python;             /* NULL: not inside an interpreter */
	const struct wsgi_gateway_forks *forks; /* the interpreter's; NULL: it need not fork */
	const char *plugin;                     /* its name: "wsgi_python" */
	/* HTTP_PROXY of a CGI request, kept out of the environment; NULL: none, or no CGI */
	const char *http_proxy;
};

/*
 * What an interpreter has to do in a process that forks itself (serve/zygote.h). Called by the one
 * thread that runs the gateway, while it is outside of the interpreter.
 */
struct wsgi_gateway_forks {
	/* No fork has been made yet, and what is loaded by now will be shared by all of them. */
	void (*prepare)(void);
	/* Before a fork, and after it in the parent (also if it failed) or in the child. */
	void (*before)(void);
	void (*parent)(void);
	void (*child)(void);
	/* How many threads the application has started, which no child will have. */
	unsigned (*threads)(void);
	/*
	 * From now on write the stacks of all threads to standard error at a signal, here and in
	 * children, whatever they do. Returns 0; -1 if that cannot be.
	 */
	int (*dump_on)(int signal);
};

/* A kind of run. Each is defined in its own file: serve/cgi.c, serve/fcgi_run.c, serve/httpd.c. */
struct wsgi_gateway_kind {
	enum wsgi_gateway gateway;
	/* Returns the exit status (sysexits.h). Speaks on standard error only. */
	int (*run)(const struct wsgi_options *o, const struct wsgi_gateway_host *host);
	/*
	 * Optional: wsgi_options_parse() for a command line that is not wholly the administrator's.
	 * Inside an interpreter it is not asked: the words there are ours.
	 */
	int (*options)(struct wsgi_options *o, enum wsgi_gateway gateway, int argc,
		       char *const *argv, struct wsgi_error *err);
	/*
	 * Optional: how options go together that this command alone has; may set what follows.
	 * Returns 0; -EINVAL with words; -ENOMEM. Who reads them again asks it again.
	 */
	int (*rules)(struct wsgi_options *o, struct wsgi_error *err);
};
extern const struct wsgi_gateway_kind wsgi_gateway_cgi, wsgi_gateway_iis, wsgi_gateway_fcgi,
	wsgi_gateway_serve;

/*
 * Be a gateway: parse argv, print --help or --version, go to --chdir, set -e, or run.
 * Returns the exit status. Source: sysexits.h.
 */
int wsgi_gateway_main(const struct wsgi_gateway_kind *kind, const struct wsgi_gateway_host *host,
		      int argc, char **argv);

/*
 * --chdir and -e: before an interpreter starts, for they are not among its words.
 * Returns 0; -errno with words.
 */
int wsgi_gateway_apply(const struct wsgi_options *o, struct wsgi_error *err);

/*
 * For a run: who loads the application that o names. For a Python one outside an interpreter this
 * does not return on success: the process becomes the interpreter.
 *   application   o->application, or what the run found in its place; NULL: none was named
 * Returns 0 or an exit status; it has been said why.
 */
int wsgi_gateway_loader(const struct wsgi_options *o, const struct wsgi_gateway_host *host,
			const char *application, struct wsgi_loader **loader);

/* wsgi_gateway_loader(), and the application loaded. Returns as that. */
int wsgi_gateway_load(const struct wsgi_options *o, const struct wsgi_gateway_host *host,
		      const char *application, struct wsgi_app **app);

/*
 * The exit status for a failure that has words: EX_USAGE for -EINVAL, EX_NOINPUT for -ENOENT,
 * EX_NOPERM for -EACCES and -EPERM, EX_OSERR for -ENOMEM, else EX_CONFIG.
 */
int wsgi_gateway_status(int code);

/* The same where a socket or a file could not be opened: EX_UNAVAILABLE in place of EX_CONFIG. */
int wsgi_gateway_open_status(int code);

#endif
