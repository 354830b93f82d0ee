#ifndef WSGI_PYTHON_WINDOWS_PYCONFIG_H
#define WSGI_PYTHON_WINDOWS_PYCONFIG_H

/*
 * pyconfig.h - what Python.h asks of its configuration for CPython's 64-bit Windows builds, as far
 * as the limited API goes. It stands in the place of the one that this machine's Python has beside
 * its Python.h; the other headers are the same everywhere.
 */
#define MS_WINDOWS
#define MS_WIN32
#define MS_WIN64
#define NT_THREADS

/* LLP64: a long has 32 bits, a pointer 64. */
#define SIZEOF_SHORT 2
#define SIZEOF_INT 4
#define SIZEOF_LONG 4
#define SIZEOF_LONG_LONG 8
#define SIZEOF_FLOAT 4
#define SIZEOF_DOUBLE 8
#define SIZEOF_VOID_P 8
#define SIZEOF_SIZE_T 8
#define SIZEOF_PID_T SIZEOF_INT
#define SIZEOF_WCHAR_T 2
#define SIZEOF_TIME_T 8
#define ALIGNOF_MAX_ALIGN_T 8

#define HAVE_STDDEF_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_SYS_STAT_H 1

/* All that is Python's comes out of python3.dll: functions, and data such as _Py_NoneStruct. */
#define Py_ENABLE_SHARED 1
#define HAVE_DECLSPEC_DLL 1

_Static_assert(sizeof(long) == SIZEOF_LONG && sizeof(void *) == SIZEOF_VOID_P &&
		       sizeof(__WCHAR_TYPE__) == SIZEOF_WCHAR_T,
	       "this is for 64-bit Windows only");

#endif
