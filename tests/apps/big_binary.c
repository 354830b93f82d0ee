/* All bytes, and what looks like a head, in a body of four chunks. */
#include "reply.h"

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "application/octet-stream"};
	static const char head[] = "\r\n\r\nStatus: 500 Fake\r\nX-Fake: 1\r\n\r\n";
	static const char record[16] = "\1\3\0\1\0\10", zeros[100];
	char all[256];
	const struct wsgi_span chunks[] = {
		{all, 256}, {head, sizeof(head) - 1}, {record, 16}, {zeros, 100}};
	int rc = start->respond(start, "200 OK", &type, 1, NULL);

	(void)app;
	(void)env;
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	if (rc != 0)
		return rc;
	*body = wsgi_list_body(chunks, 4);
	return *body != NULL ? 0 : -ENOMEM;
}

struct wsgi_app application = {.call = call};
