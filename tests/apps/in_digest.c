/* SHA-256 of the request's body, read in blocks of the size that the query says. */
#include <stdio.h>

#include "reply.h"

/* -- FIPS 180-4 -------------------------------------------------------------------------------- */

struct sha256 {
	uint32_t state[8];
	uint64_t len;
	unsigned char block[64];
};

static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
				  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static const uint32_t k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t ror(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static void expand(const unsigned char *block, uint32_t w[64])
{
	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + (ror(a, 7) ^ ror(a, 18) ^ a >> 3) + w[i - 7] +
		       (ror(b, 17) ^ ror(b, 19) ^ b >> 10);
	}
}

static void compress(struct sha256 *h)
{
	uint32_t w[64], v[8];

	expand(h->block, w);
	memcpy(v, h->state, sizeof(v));
	for (int i = 0; i < 64; i++) {
		uint32_t s1 = ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25);
		uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
		uint32_t s0 = ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22);
		uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		h->state[i] += v[i];
}

static void update(struct sha256 *h, const char *data, size_t len)
{
	for (; len > 0; len--) {
		h->block[h->len++ % 64] = (unsigned char)*data++;
		if (h->len % 64 == 0)
			compress(h);
	}
}

static void finish(struct sha256 *h, char hex[65])
{
	uint64_t bits = h->len * 8;
	char length[8];

	update(h, "\x80", 1);
	while (h->len % 64 != 56)
		update(h, "", 1);
	for (int i = 0; i < 8; i++)
		length[i] = (char)(bits >> (56 - 8 * i));
	update(h, length, 8);
	for (int i = 0; i < 8; i++)
		snprintf(hex + 8 * i, 9, "%08x", (unsigned)h->state[i]);
}

/* -- the application --------------------------------------------------------------------------- */

static int digest(const struct wsgi_environ *env, struct sha256 *h)
{
	size_t size = (size_t)strtoul(value_of(env, "QUERY_STRING"), NULL, 10);
	char *block = size > 0 && size <= 1 << 24 ? malloc(size) : NULL;
	uint64_t left;
	ssize_t n = 1;
	int rc = block != NULL ? length_of(env, &left) : -EINVAL;

	while (rc == 0 && left > 0 && n > 0) {
		n = wsgi_input_read(env->input, block, left < size ? (size_t)left : size);
		if (n > 0) {
			update(h, block, (size_t)n);
			left -= (uint64_t)n;
		}
	}
	free(block);
	return n < 0 ? (int)n : rc;
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain"};
	struct sha256 hash = {.len = 0};
	struct wsgi_buf text = {0};
	uint64_t total;
	char hex[65];
	int rc;

	(void)app;
	memcpy(hash.state, first, sizeof(first));
	rc = digest(env, &hash);
	total = hash.len;
	if (rc == 0) {
		finish(&hash, hex);
		rc = wsgi_buf_addf(&text, "%llu %s", (unsigned long long)total, hex);
	}
	return reply(&text, rc, start, &type, 1, body);
}

struct wsgi_app application = {.call = call};
