#include "fcgi/record.h"

#include <errno.h>
#include <string.h>

void wsgi_record_reader_init(struct wsgi_record_reader *r)
{
	*r = (struct wsgi_record_reader){0};
}

static void advance(struct wsgi_span *in, size_t n)
{
	in->data += n;
	in->len -= n;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int read_head(struct wsgi_record_reader *r, struct wsgi_span *in)
{
	size_t n = least(sizeof(r->head) - r->head_len, in->len);

	if (n == 0)
		return WSGI_RECORD_MORE;
	memcpy(r->head + r->head_len, in->data, n);
	r->head_len += (unsigned)n;
	advance(in, n);
	if (r->head[0] != FCGI_VERSION_1)
		return -EPROTO;
	if (r->head_len < sizeof(r->head))
		return WSGI_RECORD_MORE;
	r->type = r->head[1];
	r->id = (uint16_t)(r->head[2] << 8 | r->head[3]);
	r->content_len = r->content_left = (uint16_t)(r->head[4] << 8 | r->head[5]);
	r->padding_left = r->head[6];
	return WSGI_RECORD_HEAD;
}

int wsgi_record_read(struct wsgi_record_reader *r, struct wsgi_span *in, struct wsgi_span *piece)
{
	size_t n;

	if (r->head_len < sizeof(r->head))
		return read_head(r, in);
	if (r->content_left > 0 && in->len == 0)
		return WSGI_RECORD_MORE;
	if (r->content_left > 0) {
		n = least(r->content_left, in->len);
		*piece = (struct wsgi_span){in->data, n};
		advance(in, n);
		r->content_left = (uint16_t)(r->content_left - n);
		return WSGI_RECORD_DATA;
	}
	n = least(r->padding_left, in->len);
	if (n > 0)
		advance(in, n);
	r->padding_left = (uint8_t)(r->padding_left - n);
	if (r->padding_left > 0)
		return WSGI_RECORD_MORE;
	r->head_len = 0;
	return WSGI_RECORD_END;
}

bool wsgi_record_at_border(const struct wsgi_record_reader *r)
{
	return r->head_len == 0;
}

size_t wsgi_record_put_head(void *to, uint8_t type, uint16_t id, size_t content_len,
			    uint8_t padding_len)
{
	const FCGI_Header head = {
		.version = FCGI_VERSION_1,
		.type = type,
		.requestIdB1 = (unsigned char)(id >> 8),
		.requestIdB0 = (unsigned char)id,
		.contentLengthB1 = (unsigned char)(content_len >> 8),
		.contentLengthB0 = (unsigned char)content_len,
		.paddingLength = padding_len,
	};

	memcpy(to, &head, sizeof(head));
	return sizeof(head);
}

size_t wsgi_record_put_end(void *to, uint16_t id, uint32_t app_status, uint8_t protocol_status)
{
	const FCGI_EndRequestBody body = {
		.appStatusB3 = (unsigned char)(app_status >> 24),
		.appStatusB2 = (unsigned char)(app_status >> 16),
		.appStatusB1 = (unsigned char)(app_status >> 8),
		.appStatusB0 = (unsigned char)app_status,
		.protocolStatus = protocol_status,
	};
	size_t n = wsgi_record_put_head(to, FCGI_END_REQUEST, id, sizeof(body), 0);

	memcpy((char *)to + n, &body, sizeof(body));
	return n + sizeof(body);
}

size_t wsgi_record_put_unknown(void *to, uint8_t type)
{
	const FCGI_UnknownTypeBody body = {.type = type};
	size_t n =
		wsgi_record_put_head(to, FCGI_UNKNOWN_TYPE, FCGI_NULL_REQUEST_ID, sizeof(body), 0);

	memcpy((char *)to + n, &body, sizeof(body));
	return n + sizeof(body);
}
