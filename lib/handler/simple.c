#include "handler/simple.h"

#include <errno.h>

#include "base/container.h"

static struct wsgi_simple_handler *simple(struct wsgi_handler *h)
{
	return container_of(h, struct wsgi_simple_handler, base);
}

static int simple_write(struct wsgi_handler *h, const void *data, size_t len)
{
	return simple(h)->out->write(simple(h)->out, data, len);
}

static int simple_flush(struct wsgi_handler *h)
{
	return simple(h)->out->flush(simple(h)->out);
}

static int simple_sendfile(struct wsgi_handler *h, const struct wsgi_file *file, uint64_t limit,
			   uint64_t *sent)
{
	struct wsgi_output *out = simple(h)->out;

	return out->sendfile != NULL ? out->sendfile(out, file, limit, sent) : -ENOTSUP;
}

static struct wsgi_input *simple_get_stdin(struct wsgi_handler *h)
{
	return simple(h)->in;
}

static struct wsgi_errors *simple_get_stderr(struct wsgi_handler *h)
{
	return simple(h)->err;
}

static int simple_add_cgi_vars(struct wsgi_handler *h)
{
	const struct wsgi_environ *env = simple(h)->base_env;

	h->environ.from_process = env->from_process;
	return wsgi_environ_update(&h->environ, env);
}

static const struct wsgi_handler_ops simple_ops = {
	.write = simple_write,
	.flush = simple_flush,
	.sendfile = simple_sendfile,
	.get_stdin = simple_get_stdin,
	.get_stderr = simple_get_stderr,
	.add_cgi_vars = simple_add_cgi_vars,
};

void wsgi_simple_handler_init(struct wsgi_simple_handler *s, struct wsgi_input *in,
			      struct wsgi_output *out, struct wsgi_errors *err,
			      const struct wsgi_environ *base_env)
{
	wsgi_handler_init(&s->base, &simple_ops);
	s->base.wsgi_multiprocess = false;
	s->in = in;
	s->out = out;
	s->err = err;
	s->base_env = base_env;
}

void wsgi_simple_handler_finish(struct wsgi_simple_handler *s)
{
	if (s == NULL)
		return;
	wsgi_handler_finish(&s->base);
}
