#ifndef WSGI_BASE_DECLS_H
#define WSGI_BASE_DECLS_H

/*
 * decls - around the declarations of a public header: C linkage for C++, and, as all else in the
 * library is compiled hidden, the only names that the shared library gives out.
 */
#ifdef __cplusplus
#define WSGI_BEGIN_DECLS                                                                           \
	_Pragma("GCC visibility push(default)") extern "C"                                         \
	{
#define WSGI_END_DECLS                                                                             \
	}                                                                                          \
	_Pragma("GCC visibility pop")
#else
#define WSGI_BEGIN_DECLS _Pragma("GCC visibility push(default)")
#define WSGI_END_DECLS _Pragma("GCC visibility pop")
#endif

#endif
