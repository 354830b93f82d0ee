#include "base/hash.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

/* Odd numbers without a pattern: digits of pi and of e. */
static const uint64_t pi = 0x243f6a8885a308d3, e = 0xb7e151628aed2a6b;

/* The 128 bits of a * b, folded into 64: every bit of both tells on every bit of it. */
static uint64_t fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
	uint64_t a1 = a >> 32, a0 = (uint32_t)a, b1 = b >> 32, b0 = (uint32_t)b;
	uint64_t mid = a1 * b0 + (a0 * b0 >> 32), mid2 = a0 * b1 + (uint32_t)mid;

	return (a * b) ^ (a1 * b1 + (mid >> 32) + (mid2 >> 32));
#endif
}

static uint64_t load8(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t load4(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

uint64_t wsgi_hash(const void *data, size_t len, uint64_t seed)
{
	const unsigned char *p = data;
	/* Not a constant: bytes equal to it would make a product 0, whatever the seed. */
	const uint64_t secret = fold(seed ^ pi, e);
	uint64_t h = seed, a = 0, b = 0;
	size_t n = len;

	for (; n > 16; n -= 16, p += 16)
		h = fold(load8(p) ^ secret, load8(p + 8) ^ h);
	if (n >= 8) {
		a = load8(p);
		b = load8(p + n - 8);
	} else if (n >= 4) {
		a = load4(p);
		b = load4(p + n - 4);
	} else if (n > 0) {
		a = (uint64_t)p[0] << 16 | (uint64_t)p[n / 2] << 8 | p[n - 1];
	}
	return fold(fold(a ^ secret, b ^ h) ^ len, secret ^ pi);
}

uint64_t wsgi_hash_seed(void)
{
	uint64_t seed = 0;
	struct timespec now;

	/* Early in the boot there may be no random bytes yet; a server must not wait for them. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed)) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		seed = fold((uint64_t)now.tv_nsec ^ pi, (uint64_t)(uintptr_t)&now ^ e);
	}
	return seed != 0 ? seed : pi;
}
