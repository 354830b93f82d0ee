#ifndef WSGI_BASE_CONTENTS_H
#define WSGI_BASE_CONTENTS_H

#include "base/buf.h"

/*
 * contents - all that a descriptor gives, up to its end.
 */

/*
 * Append it to text, and behind it a NUL that is not counted.
 *   most   bytes of it; text does not move if it has room for so many and two more
 * Returns 0; -EFBIG: there are more; -ENOMEM; -errno. What was read until then stands in text.
 */
int wsgi_contents_read(int fd, size_t most, struct wsgi_buf *text);

#endif
