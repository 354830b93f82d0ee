/* A good application inside a validator, which finds nothing to say about it. */
#include "reply.h"
#include "wsgi/validate.h"

static int good(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain"};
	struct wsgi_buf text = {0};
	int rc = add_input(env, &text);

	(void)app;
	wsgi_errors_puts(env->errors, "LOG: validated\n");
	wsgi_errors_flush(env->errors);
	if (rc == 0)
		rc = start->respond(start, "200 OK", &type, 1, NULL);
	if (rc == 0)
		rc = start->write(start, "w ", 2);
	if (rc == 0) {
		const struct wsgi_span chunks[] = {{"valid ", 6}, {text.data, text.len}};

		*body = wsgi_list_body(chunks, 2);
		rc = *body != NULL ? 0 : -ENOMEM;
	}
	wsgi_buf_finish(&text);
	return rc;
}

static struct wsgi_app inner = {.call = good};
static struct wsgi_validator validator;

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	(void)app;
	wsgi_validator_init(&validator, &inner);
	return validator.app.call(&validator.app, env, start, body);
}

struct wsgi_app application = {.call = call};
