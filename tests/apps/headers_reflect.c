/* The mistake that is made often: what the client sends, percent-decoded, in a header. */
#include "reply.h"
#include "wsgi/uri.h"

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	struct wsgi_buf to = {0};
	int rc = wsgi_percent_decode(wsgi_span_of(value_of(env, "QUERY_STRING")), &to);

	(void)app;
	if (rc == 0)
		rc = wsgi_buf_add(&to, "", 1);
	if (rc == 0 && strlen(to.data) + 1 < to.len)
		rc = wsgi_fail(start->failure, -EINVAL, "a NUL, which no header can hold");
	if (rc == 0) {
		const struct wsgi_header headers[] = {{"Location", to.data},
						      {"Content-Type", "text/plain"}};

		rc = wsgi_reply_bytes(start, body, "302 Found", headers, 2, "moved", 5);
	}
	wsgi_buf_finish(&to);
	return rc;
}

struct wsgi_app application = {.call = call};
