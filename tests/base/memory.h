#ifndef TESTS_BASE_MEMORY_H
#define TESTS_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * memory - the program's malloc() and its kin, which fail when a test wants them to.
 *
 * Shape    for each n from 0 on: memory_left(n), what is tested, memory_left(MEMORY_ENOUGH); until
 *          it succeeds. memory_held() is the same before and after when nothing leaked.
 *          Under ASan the allocator is ASan's: memory never fails, and leaks are its business.
 * Threads  for tests of one thread; nothing is locked.
 */
enum { MEMORY_ENOUGH = -1 };

#ifdef __SANITIZE_ADDRESS__

static inline void memory_left(long allocations)
{
	(void)allocations;
}

static inline long memory_held(void)
{
	return 0;
}

#else

/* Whatever the tests are compiled with: libc's own functions are to find them here, too. */
#pragma GCC visibility push(default)

/* glibc's own, under the names by which a program that replaces them finds them. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *block);
void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *old, size_t size);
void free(void *block);

static long memory_spare = MEMORY_ENOUGH, memory_blocks;

static inline void memory_left(long allocations)
{
	memory_spare = allocations;
}

static inline long memory_held(void)
{
	return memory_blocks;
}

static inline bool memory_fails(void)
{
	if (memory_spare > 0)
		memory_spare--;
	else if (memory_spare == 0)
		return true;
	return false;
}

void *malloc(size_t size)
{
	void *block = memory_fails() ? NULL : __libc_malloc(size);

	memory_blocks += block != NULL;
	return block;
}

void *calloc(size_t n, size_t size)
{
	void *block = memory_fails() ? NULL : __libc_calloc(n, size);

	memory_blocks += block != NULL;
	return block;
}

void *realloc(void *old, size_t size)
{
	void *block = memory_fails() ? NULL : __libc_realloc(old, size);

	memory_blocks += old == NULL && block != NULL;
	return block;
}

void free(void *block)
{
	memory_blocks -= block != NULL;
	__libc_free(block);
}

#pragma GCC visibility pop

#endif

#endif
