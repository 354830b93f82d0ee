/* Units there and back, and any bytes as units: what is no character becomes a replacement. */
#include "base/wtf8.h"

#include "../fuzz.h"

static struct wsgi_span span_of(const struct wsgi_buf *b)
{
	return (struct wsgi_span){b->data, b->len};
}

/* Two halves that are spelt apart. */
static bool has_halves_apart(struct wsgi_span text)
{
	for (size_t i = 0; i + 5 < text.len; i++) {
		const unsigned char *s = (const unsigned char *)text.data + i;

		if (s[0] == 0xed && (s[1] & 0xf0) == 0xa0 && s[3] == 0xed && (s[4] & 0xf0) == 0xb0)
			return true;
	}
	return false;
}

/* Any units have bytes of their own; returns them. */
static struct wsgi_buf check_units(const uint16_t *units, size_t len)
{
	struct wsgi_buf text = {0};
	uint16_t *back;
	size_t back_len;

	must(wsgi_wtf8_encode(units, len, &text) == 0);
	must(!has_halves_apart(span_of(&text)));
	back = wsgi_wtf8_decode(span_of(&text), &back_len);
	must(back != NULL && back_len == len && back[len] == 0);
	must(len == 0 || memcmp(back, units, len * sizeof(*units)) == 0);
	free(back);
	return text;
}

/* Bytes come back as they were but for those of no character and halves that join. */
static void check_bytes(struct wsgi_span bytes)
{
	struct wsgi_buf text;
	bool is_replaced = false;
	uint16_t *units;
	size_t len;

	units = wsgi_wtf8_decode(bytes, &len);
	must(units != NULL && len <= bytes.len && units[len] == 0);
	for (size_t i = 0; i < len; i++)
		is_replaced |= units[i] == 0xfffd;
	text = check_units(units, len);
	must(is_replaced || has_halves_apart(bytes) || same(span_of(&text), bytes));
	wsgi_buf_finish(&text);
	free(units);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	struct wsgi_span bytes = fuzz_span(&f, 255);
	const size_t len = bytes.len / 2;
	uint16_t *units = malloc(len * sizeof(*units));
	struct wsgi_buf text;

	must(units != NULL || len == 0);
	if (len > 0)
		memcpy(units, bytes.data, len * sizeof(*units));
	text = check_units(units, len);
	check_bytes(bytes);
	wsgi_buf_finish(&text);
	free(units);
	fuzz_free(bytes);
	return 0;
}
