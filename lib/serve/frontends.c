#include "serve/frontends.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/program.h"
#include "base/span.h"
#include "serve/frontend_files.h"
#include "serve/gateway.h"
#include "serve/option_value.h"

/* Where wsgi-fcgi listens, as --bind says it. */
struct address {
	const char *path;      /* of a unix socket; NULL: host and port */
	struct wsgi_span host; /* with the brackets of an IPv6 address */
	const char *port;
};

struct server {
	const char *name;
	const char *where; /* the configuration goes there */
	/* The files: for a whole site, for a mount; and for those that start wsgi-fcgi, or NULL. */
	const char *site, *mount, *spawn_site, *spawn_mount;
	const char *shell;  /* before a command, which a shell reads; NULL: none does */
	const char *listen; /* what @LISTEN@ is */
	/* What @BACKEND@ is: before and behind the path of a unix socket, before HOST:PORT. */
	const char *unix_before, *unix_behind, *tcp_before;
};

static const struct server servers[] = {
	{.name = "nginx",
	 .where = "a file in /etc/nginx/conf.d/",
	 .site = "nginx-site.conf",
	 .mount = "nginx-mount.conf",
	 .listen = "80",
	 .unix_before = "unix:"},
	{.name = "apache",
	 .where = "a file in /etc/apache2/conf-enabled/, or a <VirtualHost>",
	 .site = "apache-proxy.conf",
	 .mount = "apache-proxy.conf",
	 .spawn_site = "apache-fcgid-site.conf",
	 .spawn_mount = "apache-fcgid.conf",
	 .unix_before = "unix:",
	 .unix_behind = "|fcgi://",
	 .tcp_before = "fcgi://"},
	{.name = "lighttpd",
	 .where = "a file in /etc/lighttpd/conf-enabled/",
	 .site = "lighttpd-site.conf",
	 .mount = "lighttpd-mount.conf",
	 .spawn_site = "lighttpd-spawn.conf"},
	{.name = "caddy",
	 .where = "/etc/caddy/Caddyfile",
	 .site = "caddy-site.conf",
	 .mount = "caddy-mount.conf",
	 .listen = ":80",
	 .unix_before = "unix/"},
	{.name = "haproxy",
	 .where = "/etc/haproxy/haproxy.cfg, behind what is there",
	 .site = "haproxy-site.conf",
	 .mount = "haproxy-mount.conf",
	 .listen = ":80",
	 .unix_before = "unix@"},
	{.name = "h2o",
	 .where = "/etc/h2o/h2o.conf, in place of its \"hosts\", or its path into that",
	 .site = "h2o-site.conf",
	 .mount = "h2o-mount.conf",
	 .spawn_site = "h2o-spawn.conf",
	 .shell = "exec "},
	{.name = "iis",
	 .where = "web.config",
	 .spawn_site = "iis-fastcgi.config",
	 .spawn_mount = "iis-fastcgi.config"},
};
enum { SERVERS = sizeof(servers) / sizeof(servers[0]) };

/* All that a placeholder can want. */
struct front {
	const struct wsgi_options *o;
	const struct server *server;
	const char *bind;       /* NULL: the web server starts wsgi-fcgi */
	struct address address; /* what bind says */
	const char *mount;      /* "/app"; "/": the whole site */
	const char *program, *folder;
	struct wsgi_error *err;
};

/* -- values ------------------------------------------------------------------------------------ */

/* Whether text means itself in all of these configurations, outside quotes and in patterns. */
static int check(const struct front *f, const char *what, const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("_./:,=~@[]-", *c) == NULL)
			return wsgi_fail(f->err, -EINVAL,
					 "--print-frontend: '%c' in the %s '%s' may mean something "
					 "else in a configuration of %s: write it by hand",
					 *c, what, text, f->server->name);
	return 0;
}

/* An address for all interfaces is one to listen on; a front end beside us connects to loopback. */
static struct wsgi_span host_of(struct wsgi_span host)
{
	if (host.len == 0 || wsgi_span_is(host, "0.0.0.0"))
		return wsgi_span_of("127.0.0.1");
	return wsgi_span_is(host, "[::]") ? wsgi_span_of("[::1]") : host;
}

static int parse_address(struct front *f, const char *bind)
{
	const char *colon = strrchr(bind, ':');
	struct address *a = &f->address;
	int rc = check(f, "address", bind);

	if (rc != 0)
		return rc;
	if (strncmp(bind, "fd://", 5) == 0 || colon == NULL || strcmp(bind, "unix:") == 0)
		return wsgi_fail(f->err, -EINVAL,
				 "--print-frontend: nobody can connect to --bind=%s: give the "
				 "address, unix:PATH or HOST:PORT",
				 bind);
	if (strncmp(bind, "unix:", 5) == 0) {
		a->path = bind + 5;
		return 0;
	}
	a->host = host_of((struct wsgi_span){bind, (size_t)(colon - bind)});
	a->port = colon + 1;
	if (strspn(a->port, "0") == strlen(a->port))
		return wsgi_fail(f->err, -EINVAL,
				 "--print-frontend: which port --bind=%s will be is not known yet: "
				 "give a number",
				 bind);
	return 0;
}

/* A relative path counts from the folder. */
static int add_path(const struct front *f, const char *path, struct wsgi_buf *out)
{
	int rc = path[0] != '/' ? wsgi_buf_addf(out, "%s/", f->folder) : 0;

	return rc == 0 ? wsgi_buf_adds(out, path) : rc;
}

/* The last segment of a path without its suffix: mod_proxy wants a host's name for each socket. */
static int add_host_name(const char *path, struct wsgi_buf *out)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	int rc = 0;

	for (; rc == 0 && *name != '\0' && *name != '.'; name++)
		rc = wsgi_buf_add(out, isalnum((unsigned char)*name) ? name : "-", 1);
	return rc;
}

static int add_backend(const struct front *f, struct wsgi_buf *out)
{
	const struct server *s = f->server;
	const struct address *a = &f->address;
	int rc;

	if (a->path == NULL) {
		rc = wsgi_buf_adds(out, s->tcp_before != NULL ? s->tcp_before : "");
		return rc == 0 ? wsgi_buf_addf(out, "%.*s:%s", (int)a->host.len, a->host.data,
					       a->port)
			       : rc;
	}
	rc = wsgi_buf_adds(out, s->unix_before);
	if (rc == 0)
		rc = add_path(f, a->path, out);
	if (rc == 0 && s->unix_behind != NULL) {
		rc = wsgi_buf_adds(out, s->unix_behind);
		if (rc == 0)
			rc = add_host_name(a->path, out);
	}
	return rc;
}

/* lighttpd's: a unix socket's path or its host and port, each with its name. */
static int add_socket(const struct front *f, struct wsgi_buf *out)
{
	const struct address *a = &f->address;
	struct wsgi_span host = a->host;
	int rc;

	if (a->path == NULL && a->port == NULL) /* lighttpd makes it itself */
		return wsgi_buf_adds(out, "/run/lighttpd/wsgi.sock");
	if (a->path != NULL) {
		rc = wsgi_buf_adds(out, "\"socket\" => \"");
		if (rc == 0)
			rc = add_path(f, a->path, out);
		return rc == 0 ? wsgi_buf_adds(out, "\"") : rc;
	}
	if (host.data[0] == '[')
		host = (struct wsgi_span){host.data + 1, host.len - 2};
	return wsgi_buf_addf(out, "\"host\" => \"%.*s\", \"port\" => %s", (int)host.len, host.data,
			     a->port);
}

/* H2O's: a path, or a port, whose host is 127.0.0.1 unless another line names it. */
static int add_port(const struct front *f, struct wsgi_buf *out)
{
	const struct address *a = &f->address;
	struct wsgi_span host = a->host;
	int rc;

	if (a->path != NULL)
		return add_path(f, a->path, out);
	rc = wsgi_buf_adds(out, a->port);
	if (rc != 0 || wsgi_span_is(host, "127.0.0.1"))
		return rc;
	if (host.data[0] == '[')
		host = (struct wsgi_span){host.data + 1, host.len - 2};
	return wsgi_buf_addf(out, "\n          host: \"%.*s\"", (int)host.len, host.data);
}

/* -- the command of a web server that starts wsgi-fcgi ----------------------------------------- */

static int add_checked(const struct front *f, const char *text, struct wsgi_buf *out)
{
	int rc = check(f, "word", text);

	return rc == 0 ? wsgi_buf_adds(out, text) : rc;
}

/* " --name=value", a word for each value. */
static int add_option(const struct front *f, const struct wsgi_option *option, struct wsgi_buf *out)
{
	struct wsgi_buf word = {0};
	size_t n = wsgi_option_values(f->o, option);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		word.len = 0;
		rc = wsgi_buf_addf(&word, "--%s", option->name);
		if (rc == 0 && option->kind != WSGI_OPTION_FLAG)
			rc = wsgi_buf_adds(&word, "=");
		if (rc == 0 && option->kind != WSGI_OPTION_FLAG)
			rc = wsgi_option_write(f->o, option, i, &word);
		if (rc == 0)
			rc = wsgi_buf_add(&word, "", 1);
		if (rc == 0)
			rc = add_checked(f, word.data, out);
		if (rc == 0)
			rc = wsgi_buf_adds(out, " ");
	}
	wsgi_buf_finish(&word);
	return rc;
}

/* Whether the command says it: not what was asked of this call, nor what a file says itself. */
static bool is_for_command(const struct front *f, const struct wsgi_option *option)
{
	static const char *const said[] = {"bind", "chdir", "iis", "script-name"};
	const size_t n = strcmp(f->server->name, "iis") == 0 ? 4 : 2;

	for (size_t i = 0; i < n; i++)
		if (strcmp(option->name, said[i]) == 0)
			return false;
	return (option->gateways & f->o->gateway) != 0 && option->group != WSGI_OPTION_ASKED &&
	       !wsgi_option_is_default(f->o, option);
}

/* The options and the application. The web server starts it somewhere else. */
static int add_words(const struct front *f, struct wsgi_buf *out)
{
	const struct wsgi_option *option;
	int rc = wsgi_buf_adds(out, "--chdir=");

	if (rc == 0)
		rc = add_checked(f, f->folder, out);
	if (rc == 0)
		rc = wsgi_buf_adds(out, " ");
	for (size_t i = 0; rc == 0 && (option = wsgi_option_at(i)) != NULL; i++)
		if (is_for_command(f, option))
			rc = add_option(f, option, out);
	return rc == 0 ? add_checked(f, f->o->application, out) : rc;
}

static int add_command(const struct front *f, struct wsgi_buf *out)
{
	int rc = f->server->shell != NULL ? wsgi_buf_adds(out, f->server->shell) : 0;

	if (rc == 0)
		rc = add_checked(f, f->program, out);
	if (rc == 0)
		rc = wsgi_buf_adds(out, " ");
	return rc == 0 ? add_words(f, out) : rc;
}

/* -- filling ----------------------------------------------------------------------------------- */

static int add_mount(const struct front *f, struct wsgi_buf *out)
{
	return wsgi_buf_adds(out, f->mount);
}

static int add_listen(const struct front *f, struct wsgi_buf *out)
{
	return wsgi_buf_adds(out, f->server->listen);
}

static int add_host(const struct front *f, struct wsgi_buf *out)
{
	(void)f;
	return wsgi_buf_adds(out, "default"); /* H2O's word for all */
}

static int add_type(const struct front *f, struct wsgi_buf *out)
{
	return wsgi_buf_adds(out, f->address.path != NULL ? "unix" : "tcp");
}

static int add_program(const struct front *f, struct wsgi_buf *out)
{
	return add_checked(f, f->program, out);
}

static const struct {
	const char *name; /* as it stands in a file */
	int (*add)(const struct front *f, struct wsgi_buf *out);
} placeholders[] = {
	{"@LISTEN@", add_listen},      {"@BACKEND@", add_backend},
	{"@MOUNT@", add_mount},        {"@SOCKET@", add_socket},
	{"@COMMAND@", add_command},    {"@HOST@", add_host},
	{"@PORT@", add_port},          {"@TYPE@", add_type},
	{"@PROGRAM@", add_program},    {"@ARGUMENTS@", add_words},
	{"${WSGI_MOUNT}", add_mount},  {"${WSGI_BACKEND}", add_backend},
	{"${WSGI_FCGI}", add_program}, {"${WSGI_WORDS}", add_words},
};

/* Append line with its placeholders put in. */
static int fill(const struct front *f, struct wsgi_span line, struct wsgi_buf *out)
{
	int rc = 0;

	while (rc == 0 && line.len > 0) {
		size_t i = 0, len = 1;

		for (; i < sizeof(placeholders) / sizeof(placeholders[0]); i++) {
			len = strlen(placeholders[i].name);
			if (line.len >= len && memcmp(line.data, placeholders[i].name, len) == 0)
				break;
			len = 1;
		}
		rc = len > 1 ? placeholders[i].add(f, out) : wsgi_buf_add(out, line.data, 1);
		line = (struct wsgi_span){line.data + len, line.len - len};
	}
	return rc;
}

static int find_file(const char *name, struct wsgi_span *text, struct wsgi_error *err)
{
	for (const struct wsgi_frontend_file *file = wsgi_frontend_files; file->name != NULL;
	     file++)
		if (strcmp(file->name, name) == 0) {
			*text = (struct wsgi_span){(const char *)file->data, file->len};
			return 0;
		}
	return wsgi_fail(err, -EINVAL, "--print-frontend: this wsgi-fcgi was built without %s",
			 name);
}

static bool begins(struct wsgi_span text, const char *with)
{
	size_t len = strlen(with);

	return text.len >= len && memcmp(text.data, with, len) == 0;
}

/* Take off the head, which tells a reader of the file what to put in; XML keeps its declaration. */
static int skip_head(struct wsgi_span *text, struct wsgi_buf *out)
{
	struct wsgi_span line;
	int rc;

	if (begins(*text, "<?xml")) {
		line = wsgi_span_cut(text, '\n');
		rc = wsgi_buf_addf(out, "%.*s\n", (int)line.len, line.data);
		while (text->len > 0 && !begins(*text, "<configuration>"))
			wsgi_span_cut(text, '\n');
		return rc;
	}
	while (begins(*text, "#"))
		wsgi_span_cut(text, '\n');
	while (begins(*text, "\n"))
		wsgi_span_cut(text, '\n');
	return 0;
}

/* nginx's variables stand in a file of their own, to be included: here they are in its place. */
static int add_params(const struct front *f, struct wsgi_span indent, struct wsgi_buf *out)
{
	struct wsgi_span text, line;
	int rc = find_file("wsgi_params", &text, f->err);

	while (rc == 0 && text.len > 0) {
		line = wsgi_span_cut(&text, '\n');
		if (line.len == 0 || line.data[0] == '#')
			continue;
		rc = wsgi_buf_addf(out, "%.*s%.*s\n", (int)indent.len, indent.data, (int)line.len,
				   line.data);
	}
	return rc;
}

static int add_file(const struct front *f, const char *name, struct wsgi_buf *out)
{
	struct wsgi_span text, line, rest;
	int rc = find_file(name, &text, f->err);

	if (rc != 0)
		return rc;
	rc = skip_head(&text, out);
	while (rc == 0 && text.len > 0) {
		line = rest = wsgi_span_cut(&text, '\n');
		while (begins(rest, "\t"))
			rest = (struct wsgi_span){rest.data + 1, rest.len - 1};
		if (wsgi_span_is(rest, "include wsgi_params;")) {
			line.len -= rest.len;
			rc = add_params(f, line, out);
			continue;
		}
		rc = fill(f, line, out);
		if (rc == 0)
			rc = wsgi_buf_adds(out, "\n");
	}
	return rc;
}

/* -- which file -------------------------------------------------------------------------------- */

static const struct server *find_server(const char *name)
{
	for (size_t i = 0; i < SERVERS; i++)
		if (strcmp(servers[i].name, name) == 0)
			return &servers[i];
	return NULL;
}

static int no_server(const char *name, struct wsgi_error *err)
{
	char list[120] = "";
	size_t len = 0;

	for (size_t i = 0; i < SERVERS; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
					i == 0             ? ""
					: i + 1 == SERVERS ? " or "
							   : ", ",
					servers[i].name);
	return wsgi_fail(err, -EINVAL, "--print-frontend takes %s, not '%s'", list, name);
}

/* Words in f->err. Returns NULL. */
static const char *no_file(const struct front *f, const char *why)
{
	wsgi_fail(f->err, -EINVAL, "--print-frontend %s: %s", f->server->name, why);
	return NULL;
}

/* The file for f; NULL, with words in f->err, where there is none. */
static const char *choose_file(const struct front *f)
{
	const struct server *s = f->server;
	const bool is_site = strcmp(f->mount, "/") == 0;

	if (f->bind != NULL && s->site == NULL)
		return no_file(f, "it starts wsgi-fcgi itself: leave --bind out");
	if (f->bind != NULL)
		return is_site ? s->site : s->mount;
	if (s->spawn_site == NULL || (!is_site && s->spawn_mount == NULL))
		return no_file(f, "which address does it connect to? As in "
				  "--bind=unix:/run/wsgi/app.sock");
	if (f->o->application == NULL)
		return no_file(f, "without --bind it starts wsgi-fcgi itself: name the "
				  "application, too");
	return is_site ? s->spawn_site : s->spawn_mount;
}

static int add_head(const struct front *f, struct wsgi_buf *out)
{
	const struct wsgi_options *o = f->o;

	if (strcmp(f->server->name, "iis") == 0)
		return 0; /* XML has its declaration first */
	return wsgi_buf_addf(out,
			     "# %s, and wsgi-fcgi%s%s%s%s.\n"
			     "# Put this into %s. wsgi-frontends(7).\n\n",
			     f->server->name, f->bind != NULL ? " --bind=" : "",
			     f->bind != NULL ? f->bind : "",
			     o->script_name != NULL ? " --script-name=" : "",
			     o->script_name != NULL ? o->script_name : "", f->server->where);
}

/* The first address that a web server can connect to; else the first. */
static const char *choose_bind(const struct wsgi_options *o)
{
	for (size_t i = 0; i < o->bind_len; i++)
		if (strncmp(o->bind[i], "fd://", 5) != 0)
			return o->bind[i];
	return o->bind_len > 0 ? o->bind[0] : NULL;
}

int wsgi_frontend_config(const struct wsgi_options *o, const char *program, const char *folder,
			 struct wsgi_buf *out, struct wsgi_error *err)
{
	struct front f = {
		.o = o,
		.server = find_server(o->print_frontend),
		.mount = o->script_name != NULL && o->script_name[0] != '\0' ? o->script_name : "/",
		.bind = choose_bind(o),
		.program = program,
		.folder = folder,
		.err = err,
	};
	const char *file;
	int rc;

	if (f.server == NULL)
		return no_server(o->print_frontend, err);
	file = choose_file(&f);
	if (file == NULL)
		return -EINVAL;
	rc = check(&f, "mount", f.mount);
	if (rc == 0 && f.bind != NULL)
		rc = parse_address(&f, f.bind);
	if (rc == 0)
		rc = add_head(&f, out);
	if (rc == 0)
		rc = add_file(&f, file, out);
	return rc == -ENOMEM ? wsgi_fail(err, rc, "out of memory") : rc;
}

/* -- printing ---------------------------------------------------------------------------------- */

static int print(const struct wsgi_buf *text)
{
	return fwrite(text->data, 1, text->len, stdout) == text->len && fflush(stdout) == 0
		       ? EX_OK
		       : EX_IOERR;
}

int wsgi_frontend_print(const struct wsgi_options *o)
{
	const struct wsgi_log log = {.fd = STDERR_FILENO, .program = o->program};
	struct wsgi_error err = {0};
	struct wsgi_buf text = {0};
	char *folder = getcwd(NULL, 0), *program = wsgi_program_path();
	int rc, status;

	if (folder == NULL || program == NULL)
		rc = wsgi_fail(&err, -errno, "--print-frontend: where is this? %s",
			       strerror(errno));
	else
		rc = wsgi_frontend_config(o, program, folder, &text, &err);
	status = rc == 0 ? print(&text) : wsgi_gateway_status(rc);
	if (rc != 0)
		wsgi_log(&log, WSGI_LOG_ERROR, "%s", err.text);
	wsgi_buf_finish(&text);
	free(program);
	free(folder);
	return status;
}
