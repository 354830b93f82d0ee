#include "base/codepage.h"

#include <stddef.h>

const struct wsgi_codepage *wsgi_codepage_system(void)
{
	return NULL;
}
