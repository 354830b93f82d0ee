/* Says things: on standard output, on standard error, on their descriptors, and in wsgi.errors. */
#include <stdio.h>
#include <unistd.h>

#include "reply.h"

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	(void)app;
	printf("by printf\n");
	fflush(stdout);
	fprintf(stderr, "by stderr\n");
	if (write(1, "by descriptor 1\n", 16) != 16 || write(2, "by descriptor 2\n", 16) != 16)
		return -EIO;
	wsgi_errors_puts(env->errors, "by wsgi.errors\n");
	wsgi_errors_flush(env->errors);
	return wsgi_reply(start, body, "200 OK", "text/plain", "said\n");
}

struct wsgi_app application = {.call = call};
