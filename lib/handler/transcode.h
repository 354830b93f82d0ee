#ifndef WSGI_HANDLER_TRANSCODE_H
#define WSGI_HANDLER_TRANSCODE_H

#include "base/buf.h"
#include "base/codepage.h"
#include "base/span.h"

/*
 * transcode - the bytes of a request, out of an environment that is Unicode: on Windows.
 *
 * A web server there has decoded the bytes to put them into the environment of a CGI program, each
 * its own way. What it did is undone.
 *
 * Shape    text is WTF-8 (base/wtf8.h).
 * Source   wsgiref/handlers.py read_environ(). Where that raises, as UTF-8 has no lone surrogate,
 *          or gives what no environ may hold, a character above U+00FF, the request goes on here.
 */
enum wsgi_transcoding {
	/* IIS has decoded what is UTF-8 as that; Python's own server takes all for UTF-8. */
	WSGI_TRANSCODING_UTF8,
	/* Apache makes each byte the character of that number. */
	WSGI_TRANSCODING_LATIN1,
	/* The others have written bytes, and the system has decoded them. */
	WSGI_TRANSCODING_CODEPAGE,
};

/* What a server does that calls itself this: by the value of SERVER_SOFTWARE, empty without. */
enum wsgi_transcoding wsgi_transcoding_of(struct wsgi_span software);

/*
 * Append the bytes that a value was made of.
 *   UTF8      a lone surrogate as the three bytes that it has in text, so that nothing is lost
 *   LATIN1    a value with a character above U+00FF was made in another way: all of it as UTF8
 *   CODEPAGE  a '?' for what the page has not
 * Returns 0 or -ENOMEM.
 */
int wsgi_transcode(enum wsgi_transcoding how, const struct wsgi_codepage *page,
		   struct wsgi_span text, struct wsgi_buf *out);

#endif
