#include "fcgi/pair.h"

#include <string.h>

/* The bytes of a length that begins with this one. */
static unsigned length_size(unsigned char first)
{
	return first & 0x80 ? 4 : 1;
}

static uint32_t length_at(const unsigned char *p)
{
	if (length_size(p[0]) == 1)
		return p[0];
	return (p[0] & 0x7fu) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* How many bytes of head are needed, as far as those that came tell. */
static unsigned head_size(const struct wsgi_pair_reader *r)
{
	unsigned name = r->head_len > 0 ? length_size(r->head[0]) : 1;

	return name + (r->head_len > name ? length_size(r->head[name]) : 1);
}

static bool read_head(struct wsgi_pair_reader *r, struct wsgi_span *in)
{
	while (r->head_len < head_size(r)) {
		if (in->len == 0)
			return false;
		r->head[r->head_len++] = (unsigned char)*in->data++;
		in->len--;
	}
	r->name_len = r->name_left = length_at(r->head);
	r->value_len = r->value_left = length_at(r->head + length_size(r->head[0]));
	r->in_body = true;
	return true;
}

static struct wsgi_span take(struct wsgi_span *in, uint32_t *left)
{
	struct wsgi_span piece = {in->data, in->len < *left ? in->len : *left};

	in->data += piece.len;
	in->len -= piece.len;
	*left -= (uint32_t)piece.len;
	return piece;
}

int wsgi_pair_read(struct wsgi_pair_reader *r, struct wsgi_span *in, struct wsgi_span *piece)
{
	if (!r->in_body && !read_head(r, in))
		return WSGI_PAIR_MORE;
	if (r->name_left + (uint64_t)r->value_left > 0 && in->len == 0)
		return WSGI_PAIR_MORE;
	if (r->name_left > 0) {
		*piece = take(in, &r->name_left);
		return WSGI_PAIR_NAME;
	}
	if (r->value_left > 0) {
		*piece = take(in, &r->value_left);
		return WSGI_PAIR_VALUE;
	}
	r->head_len = 0;
	r->in_body = false;
	return WSGI_PAIR_END;
}

bool wsgi_pair_at_border(const struct wsgi_pair_reader *r)
{
	return r->head_len == 0;
}

static size_t put_length(unsigned char *to, size_t len)
{
	if (len < 0x80) {
		to[0] = (unsigned char)len;
		return 1;
	}
	to[0] = (unsigned char)(len >> 24 | 0x80);
	to[1] = (unsigned char)(len >> 16);
	to[2] = (unsigned char)(len >> 8);
	to[3] = (unsigned char)len;
	return 4;
}

size_t wsgi_pair_put_head(void *to, size_t name_len, size_t value_len)
{
	size_t n = put_length(to, name_len);

	return n + put_length((unsigned char *)to + n, value_len);
}
