#ifndef WSGI_BASE_CODEPAGE_H
#define WSGI_BASE_CODEPAGE_H

#include "base/buf.h"
#include "base/span.h"

/*
 * codepage - what a system does with text whose environment is Unicode: Windows.
 *
 * Shape    text is WTF-8: UTF-8 in which a lone surrogate is three bytes (base/wtf8.h).
 * Owner    static, or the test's that makes one.
 */
struct wsgi_codepage {
	/*
	 * Append the bytes that text has in the system's code page (CP_ACP), a '?' for each
	 * character that it has not; never a similar one. Returns 0 or -ENOMEM.
	 */
	int (*encode)(const struct wsgi_codepage *page, struct wsgi_span text,
		      struct wsgi_buf *out);
	/* Append text in the letters by which names of variables are compared: upper case. */
	int (*upper)(const struct wsgi_codepage *page, struct wsgi_span text, struct wsgi_buf *out);
};

/* The system's. NULL where the environment is bytes: POSIX. */
const struct wsgi_codepage *wsgi_codepage_system(void);

#endif
