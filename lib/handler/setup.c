#include "handler/steps.h"
#include "wsgi/uri.h"

/* Whether a request whose length nobody tells may have a body all the same. */
static bool may_have_body(const struct wsgi_handler *h)
{
	const struct wsgi_environ *env = &h->environ;
	const char *method;

	if (h->input_pending || wsgi_environ_get(env, "HTTP_TRANSFER_ENCODING") != NULL)
		return true;
	method = wsgi_environ_get(env, "REQUEST_METHOD");
	return method != NULL && (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
				  strcmp(method, "PATCH") == 0);
}

/* The input ends at CONTENT_LENGTH; one that is no number promises nothing. */
static void bound_input(struct wsgi_handler *h)
{
	struct wsgi_environ *env = &h->environ;
	uint64_t length = 0;

	switch (wsgi_length_parse(wsgi_environ_get(env, "CONTENT_LENGTH"), &length)) {
	case WSGI_LENGTH_GIVEN:
		wsgi_input_limit(env->input, length);
		break;
	case WSGI_LENGTH_BAD:
		wsgi_input_limit(env->input, 0);
		break;
	case WSGI_LENGTH_NONE:
		wsgi_input_limit(env->input, UINT64_MAX);
		env->input_terminated = may_have_body(h);
		break;
	}
}

const char *wsgi_handler_get_scheme(struct wsgi_handler *h)
{
	return wsgi_guess_scheme(&h->environ);
}

int wsgi_handler_setup_environ(struct wsgi_handler *h)
{
	struct wsgi_environ *env = &h->environ;
	int rc = 0;

	wsgi_environ_clear(env);
	if (h->os_environ != NULL)
		rc = wsgi_environ_update(env, h->os_environ);
	if (rc == 0)
		rc = h->ops->add_cgi_vars(h);
	if (rc != 0)
		return wsgi_fail(&h->error, rc, "the request's environ cannot be built: %s",
				 strerror(-rc));
	env->input = h->ops->get_stdin(h);
	env->errors = h->ops->get_stderr(h);
	env->url_scheme = step_get_scheme(h);
	env->multithread = h->wsgi_multithread;
	env->multiprocess = h->wsgi_multiprocess;
	env->run_once = h->wsgi_run_once;
	env->file_wrapper = h->wsgi_file_wrapper;
	bound_input(h);
	if (h->origin_server && h->server_software != NULL)
		rc = wsgi_environ_setdefault(env, "SERVER_SOFTWARE", h->server_software);
	return rc;
}
