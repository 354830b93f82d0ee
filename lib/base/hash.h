#ifndef WSGI_BASE_HASH_H
#define WSGI_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * hash - a number for some bytes, for tables whose keys a stranger chooses: without the seed
 * nobody can find keys that fall together.
 * Source   the folded multiplication of Wang Yi's wyhash; its secrets come from the seed here.
 */
uint64_t wsgi_hash(const void *data, size_t len, uint64_t seed);

/* A seed that nobody outside this process can know. Never 0. */
uint64_t wsgi_hash_seed(void);

#endif
