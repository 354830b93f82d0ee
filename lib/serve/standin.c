#include "serve/standin.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/server.h"
#include "wsgi/body.h"

enum { GRACE_MS = 1000 };

struct wsgi_standin {
	struct wsgi_server *server;
	pthread_t thread;
};

static int unavailable(struct wsgi_app *app, const struct wsgi_environ *env,
		       struct wsgi_start *start, struct wsgi_body **body)
{
	static const char text[] = "The application does not load; the terminal says why.\n";
	static const struct wsgi_header headers[] = {{"Content-Type", "text/plain"},
						     {"Cache-Control", "no-store"}};

	(void)app;
	(void)env;
	return wsgi_reply_bytes(start, body, "503 Service Unavailable", headers,
				sizeof(headers) / sizeof(headers[0]), text, sizeof(text) - 1);
}

/* What fails here leaves the requests in the queue, as without a standin. */
static void *serve(void *arg)
{
	struct wsgi_standin *s = arg;

	wsgi_server_serve_forever(s->server, NULL);
	return NULL;
}

static int create_server(struct wsgi_standin *s, const struct wsgi_options *o, int fd,
			 const struct wsgi_log *log, struct wsgi_error *err)
{
	static struct wsgi_app app = {.call = unavailable};
	struct wsgi_server_config config = wsgi_server_default_config;
	int rc;

	config.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* the server's to close */
	if (config.fd < 0)
		return wsgi_fail(err, -errno, "no descriptor: %s", strerror(errno));
	config.app = &app;
	config.software = "wsgi-serve/" WSGI_VERSION;
	config.grace_ms = GRACE_MS;
	config.certfile = o->certfile;
	config.keyfile = o->keyfile;
	config.log = log;
	rc = wsgi_server_create(&s->server, &config, err);
	if (rc != 0)
		close(config.fd);
	return rc;
}

int wsgi_standin_create(struct wsgi_standin **standin, const struct wsgi_options *o, int fd,
			const struct wsgi_log *log, struct wsgi_error *err)
{
	struct wsgi_standin *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return wsgi_fail(err, -ENOMEM, "out of memory");
	rc = create_server(s, o, fd, log, err);
	if (rc == 0) {
		rc = -pthread_create(&s->thread, NULL, serve, s);
		if (rc != 0)
			wsgi_fail(err, rc, "no thread: %s", strerror(-rc));
	}
	if (rc != 0) {
		wsgi_server_destroy(s->server);
		free(s);
		return rc;
	}
	*standin = s;
	return 0;
}

void wsgi_standin_destroy(struct wsgi_standin *s)
{
	if (s == NULL)
		return;
	wsgi_server_shutdown(s->server);
	pthread_join(s->thread, NULL);
	wsgi_server_destroy(s->server);
	free(s);
}
