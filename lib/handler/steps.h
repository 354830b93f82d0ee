#ifndef WSGI_HANDLER_STEPS_H
#define WSGI_HANDLER_STEPS_H

#include <errno.h>
#include <string.h>

#include "handler/handler.h"

/*
 * steps - what the files of the handler have of each other; not public.
 *
 * A step of the algorithm is the class's own op, where it has one, else BaseHandler's. The
 * algorithm takes its steps by these functions only, so that every one can be overridden.
 */
static inline int step_setup_environ(struct wsgi_handler *h)
{
	return h->ops->setup_environ ? h->ops->setup_environ(h) : wsgi_handler_setup_environ(h);
}

static inline const char *step_get_scheme(struct wsgi_handler *h)
{
	return h->ops->get_scheme ? h->ops->get_scheme(h) : wsgi_handler_get_scheme(h);
}

static inline bool step_result_is_file(struct wsgi_handler *h)
{
	return h->ops->result_is_file ? h->ops->result_is_file(h) : wsgi_handler_result_is_file(h);
}

static inline int step_finish_response(struct wsgi_handler *h)
{
	return h->ops->finish_response ? h->ops->finish_response(h)
				       : wsgi_handler_finish_response(h);
}

static inline int step_finish_content(struct wsgi_handler *h)
{
	return h->ops->finish_content ? h->ops->finish_content(h) : wsgi_handler_finish_content(h);
}

static inline int step_set_content_length(struct wsgi_handler *h)
{
	return h->ops->set_content_length ? h->ops->set_content_length(h)
					  : wsgi_handler_set_content_length(h);
}

static inline int step_cleanup_headers(struct wsgi_handler *h)
{
	return h->ops->cleanup_headers ? h->ops->cleanup_headers(h)
				       : wsgi_handler_cleanup_headers(h);
}

static inline int step_send_preamble(struct wsgi_handler *h, struct wsgi_buf *head)
{
	return h->ops->send_preamble ? h->ops->send_preamble(h, head)
				     : wsgi_handler_send_preamble(h, head);
}

static inline int step_send_headers(struct wsgi_handler *h)
{
	return h->ops->send_headers ? h->ops->send_headers(h) : wsgi_handler_send_headers(h);
}

static inline bool step_client_is_modern(struct wsgi_handler *h)
{
	return h->ops->client_is_modern ? h->ops->client_is_modern(h)
					: wsgi_handler_client_is_modern(h);
}

static inline void step_log_exception(struct wsgi_handler *h)
{
	if (h->ops->log_exception != NULL)
		h->ops->log_exception(h);
	else
		wsgi_handler_log_exception(h);
}

static inline int step_error_output(struct wsgi_handler *h)
{
	return h->ops->error_output ? h->ops->error_output(h, &h->start, &h->body)
				    : wsgi_handler_error_output(h, &h->start, &h->body);
}

static inline int step_handle_error(struct wsgi_handler *h, int code)
{
	return h->ops->handle_error ? h->ops->handle_error(h, code)
				    : wsgi_handler_handle_error(h, code);
}

/* -- what several of them need ----------------------------------------------------------------- */

static inline bool method_is(const struct wsgi_environ *env, const char *method)
{
	const char *value = wsgi_environ_get(env, "REQUEST_METHOD");

	return value != NULL && strcmp(value, method) == 0;
}

/* start.c: what start_response() and write() are for the application. */
void wsgi_handler_init_start(struct wsgi_handler *h);

/* response.c: what came back from the transport; a client that left is remembered. Returns rc. */
int wsgi_handler_transport(struct wsgi_handler *h, int rc);

/* response.c: close() of the body, if there is one yet. Returns 0 or -errno. */
int wsgi_handler_close_body(struct wsgi_handler *h);

/* failure.c: whether the client left: the transport says so, or the input that was read. */
bool wsgi_handler_client_left(struct wsgi_handler *h);

/* failure.c: h->error is about code: the words of another failure are forgotten. */
void wsgi_handler_blame(struct wsgi_handler *h, int code);

/*
 * failure.c: what a function of the application returned, and who that was. Returns 0 or -errno:
 * one that is above 0 is blamed.
 */
int wsgi_handler_returned(struct wsgi_handler *h, const char *who, int rc);

/* failure.c: the application failed. If it had begun to answer, can the client tell? */
void wsgi_handler_note_cut(struct wsgi_handler *h);

#endif
