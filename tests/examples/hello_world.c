/*
 * "Hello World", and a server to look at it with.
 *
 *	cc -o hello_world hello_world.c $(pkg-config --cflags --libs libwsgi)
 *	./hello_world [PORT]
 *
 * The application alone, for any gateway (hello_world.so:hello_world_app):
 *
 *	cc -shared -fPIC -o hello_world.so hello_world.c $(pkg-config --cflags --libs libwsgi)
 */
#include <stdio.h>
#include <stdlib.h>
#include <wsgi.h>

static int hello_world(struct wsgi_app *app, const struct wsgi_environ *env,
		       struct wsgi_start *start, struct wsgi_body **body)
{
	(void)app;
	(void)env;
	return wsgi_reply(start, body, "200 OK", "text/plain; charset=utf-8", "Hello World");
}

struct wsgi_app hello_world_app = {.call = hello_world};

int main(int argc, char **argv)
{
	const unsigned port = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 8000;
	struct wsgi_server *server;
	struct wsgi_error err;

	if (wsgi_make_server(&server, "", port, &hello_world_app, &err) != 0) {
		fprintf(stderr, "hello_world: %s\n", err.text);
		return EXIT_FAILURE;
	}
	printf("Serving on %s...\n", wsgi_server_address(server));
	fflush(stdout);
	if (wsgi_server_serve_forever(server, &err) != 0) { /* until the process is killed */
		fprintf(stderr, "hello_world: %s\n", err.text);
		return EXIT_FAILURE;
	}
	wsgi_server_destroy(server);
	return EXIT_SUCCESS;
}
