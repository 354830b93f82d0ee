#include "wsgi/body.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"

/* The bytes of all chunks stand behind the last span. */
struct list_body {
	struct wsgi_body body;
	size_t len, at;
	struct wsgi_span chunks[];
};

static int next(struct wsgi_body *body, const void **data, size_t *len)
{
	struct list_body *list = container_of(body, struct list_body, body);

	if (list->at == list->len)
		return 0;
	*data = list->chunks[list->at].data;
	*len = list->chunks[list->at].len;
	list->at++;
	return 1;
}

static int close_list(struct wsgi_body *body)
{
	free(container_of(body, struct list_body, body));
	return 0;
}

static int count(struct wsgi_body *body, size_t *chunks)
{
	*chunks = container_of(body, struct list_body, body)->len;
	return 0;
}

/* A list with room for n spans and their bytes; NULL: no memory, or no machine has so much. */
static struct list_body *list_create(const struct wsgi_span *chunks, size_t n)
{
	size_t size = sizeof(struct list_body);

	if (n > (SIZE_MAX - size) / sizeof(*chunks))
		return NULL;
	size += n * sizeof(*chunks);
	for (size_t i = 0; i < n; i++) {
		if (chunks[i].len > SIZE_MAX - size)
			return NULL;
		size += chunks[i].len;
	}
	return malloc(size);
}

struct wsgi_body *wsgi_list_body(const struct wsgi_span *chunks, size_t n)
{
	struct list_body *list = list_create(chunks, n);
	char *at;

	if (list == NULL)
		return NULL;
	*list = (struct list_body){
		.body = {.next = next, .close = close_list, .count = count, .eager = true},
		.len = n,
	};
	at = (char *)&list->chunks[n];
	for (size_t i = 0; i < n; i++) {
		list->chunks[i] = (struct wsgi_span){.data = at, .len = chunks[i].len};
		if (chunks[i].len > 0)
			memcpy(at, chunks[i].data, chunks[i].len);
		at += chunks[i].len;
	}
	return &list->body;
}

struct wsgi_body *wsgi_bytes_body(const void *data, size_t len)
{
	const struct wsgi_span chunk = {.data = data, .len = len};

	return wsgi_list_body(&chunk, 1);
}

int wsgi_reply_bytes(struct wsgi_start *start, struct wsgi_body **body, const char *status,
		     const struct wsgi_header *headers, size_t n, const void *data, size_t len)
{
	struct wsgi_body *bytes = wsgi_bytes_body(data, len);
	int rc;

	if (bytes == NULL)
		return -ENOMEM;
	rc = start->respond(start, status, headers, n, NULL);
	if (rc != 0) {
		close_list(bytes);
		return rc;
	}
	*body = bytes;
	return 0;
}

int wsgi_reply(struct wsgi_start *start, struct wsgi_body **body, const char *status,
	       const char *content_type, const char *text)
{
	const struct wsgi_header type = {"Content-Type", content_type};

	return wsgi_reply_bytes(start, body, status, &type, 1, text, strlen(text));
}

int wsgi_body_close(struct wsgi_body *body)
{
	return body != NULL && body->close != NULL ? body->close(body) : 0;
}
