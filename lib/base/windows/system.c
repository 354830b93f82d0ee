/* Small functions of POSIX. See posix.h and sys/random.h. */
#include <errno.h>
#include <sys/random.h>
#include <windows.h>

/* -- strings ----------------------------------------------------------------------------------- */

char *wsgi_windows_strndup(const char *text, size_t len)
{
	const size_t n = strnlen(text, len);
	char *copy = malloc(n + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

char *wsgi_windows_strchrnul(const char *text, int c)
{
	char *found = strchr(text, c);

	return found != NULL ? found : strchr(text, '\0');
}

/* -- processes --------------------------------------------------------------------------------- */

int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
	(void)prepare, (void)parent, (void)child;
	return 0;
}

/* -- random bytes ------------------------------------------------------------------------------ */

/* RtlGenRandom(), by the name that advapi32 has it under. */
BOOLEAN NTAPI SystemFunction036(PVOID buf, ULONG len);

ssize_t getrandom(void *buf, size_t len, unsigned flags)
{
	(void)flags;
	if (len <= LONG_MAX && SystemFunction036(buf, (ULONG)len))
		return (ssize_t)len;
	errno = EIO;
	return -1;
}
