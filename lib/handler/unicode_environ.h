#ifndef WSGI_HANDLER_UNICODE_ENVIRON_H
#define WSGI_HANDLER_UNICODE_ENVIRON_H

#include "base/codepage.h"
#include "wsgi/environ.h"

/*
 * Do what wsgi_read_environ() does where the environment is Unicode. Names are in upper case, as
 * os.environ has them there, and what differs in case only is one name. Variables that come from
 * the request hold its bytes (handler/transcode.h), the others their text. An entry that begins
 * with '=' is none: a drive's working folder ("=C:=C:\apps").
 *   block   NULL-terminated; WTF-8 (base/wtf8.h); copied
 * Returns 0 or -ENOMEM.
 */
int wsgi_read_unicode_environ(struct wsgi_environ *env, char *const *block,
			      const struct wsgi_codepage *page);

/*
 * Set a variable of the request that was kept out of the block, as if it had stood there.
 *   page   NULL: the environment is no Unicode, and text is the request's bytes
 * Returns 0 or -ENOMEM.
 */
int wsgi_set_request_variable(struct wsgi_environ *env, const char *name, const char *text,
			      const struct wsgi_codepage *page);

#endif
