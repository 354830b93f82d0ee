/*
 * scgi - a handler of one's own: SCGI, as nginx speaks it (include scgi_params; scgi_pass ...).
 * Standard input is the listening socket: spawn-fcgi -n -s /run/app.sock -- scgi ./application.so
 */
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wsgi.h>

struct scgi_handler {
	struct wsgi_simple_handler simple; /* the class that this one extends */
	struct wsgi_handler_ops ops;       /* its ops, but for the one that is overridden */
	char head[65536];                  /* of the request: NAME, NUL, value, NUL, NAME... */
};

/* Read "LENGTH:", so many bytes, and ",": a netstring. Returns LENGTH, or -EPROTO. */
static ssize_t read_netstring(struct wsgi_input *in, char *to, size_t cap)
{
	size_t len = 0;
	char c = '\0';

	while (wsgi_input_read(in, &c, 1) == 1 && c >= '0' && c <= '9' && len < cap)
		len = len * 10 + (size_t)(c - '0');
	if (c != ':' || len >= cap || wsgi_input_read(in, to, len + 1) != (ssize_t)len + 1)
		return -EPROTO;
	return to[len] == ',' ? (ssize_t)len : -EPROTO;
}

/* Overrides add_cgi_vars: SCGI sends the variables before the body. An error is answered by 500. */
static int add_cgi_vars(struct wsgi_handler *h)
{
	struct scgi_handler *s = container_of(h, struct scgi_handler, simple.base);
	ssize_t len = read_netstring(s->simple.in, s->head, sizeof(s->head));
	char *name = s->head, *end = s->head + len, *value;
	int rc = len > 0 && end[-1] == '\0' ? 0 : -EPROTO;

	for (; rc == 0 && name < end; name = value + strlen(value) + 1) {
		value = name + strlen(name) + 1;
		rc = value < end ? wsgi_environ_set(&h->environ, name, value) : -EPROTO;
	}
	return rc;
}

int main(int argc, char **argv)
{
	static struct scgi_handler s;
	struct wsgi_fd_input in;
	struct wsgi_fd_output out;
	struct wsgi_fd_errors errors;
	void *object = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
	struct wsgi_app *app = object != NULL ? dlsym(object, "application") : NULL;

	if (app == NULL)
		errx(64, "usage: scgi ./APPLICATION.so <LISTENING-SOCKET");
	signal(SIGPIPE, SIG_IGN); /* a client that leaves is for the handler to see */
	wsgi_fd_errors_init(&errors, STDERR_FILENO);
	wsgi_base_cgi_handler_init(&s.simple, &in.input, &out.output, &errors.errors, NULL);
	s.ops = *s.simple.base.ops;
	s.ops.add_cgi_vars = add_cgi_vars;
	s.simple.base.ops = &s.ops;
	s.simple.base.wsgi_multithread = false;
	for (int fd; (fd = accept(STDIN_FILENO, NULL, NULL)) >= 0; close(fd)) {
		wsgi_fd_input_init(&in, fd);
		wsgi_fd_output_init(&out, fd);
		wsgi_handler_run(&s.simple.base, app);
		wsgi_fd_output_finish(&out);
		wsgi_input_finish(&in.input);
		shutdown(fd, SHUT_WR); /* what the client still sends is read, lest it be reset */
		while (read(fd, s.head, sizeof(s.head)) > 0)
			continue;
	}
	err(1, "accept"); /* that is the end of the process, and of the handler */
}
