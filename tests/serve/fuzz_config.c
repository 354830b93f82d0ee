/*
 * Whatever a file of options has in it: it is read or refused with words, and what is written of
 * what was read is read again, as the same.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "../fuzz.h"
#include "serve/config.h"
#include "serve/fcgi_rules.h"
#include "serve/option_rules.h"
#include "serve/option_value.h"

struct reading {
	struct wsgi_options o;
	char *text;
	int rc;
};

static void read_bytes(struct reading *r, const void *data, size_t len)
{
	char path[40];
	struct wsgi_error err = {0};
	int fd = memfd_create("config", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r->o = wsgi_option_defaults;
	r->o.gateway = WSGI_GATEWAY_FCGI;
	r->o.program = "wsgi-fcgi";
	r->rc = wsgi_config_read(path, &r->o, &r->text, &err);
	if (r->rc == 0)
		r->rc = wsgi_option_rules_apply(&r->o, &err);
	if (r->rc == 0)
		r->rc = wsgi_fcgi_rules_apply(&r->o, &err);
	must((r->rc == 0) == (err.text[0] == '\0'));
	close(fd);
}

static void finish(struct reading *r)
{
	wsgi_options_finish(&r->o);
	free(r->text);
}

static char *written(const struct wsgi_options *o, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	must(f != NULL && wsgi_config_write(o, f) == 0 && fclose(f) == 0);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading first, second;
	char *once, *twice;
	size_t once_len, twice_len;

	read_bytes(&first, data, size);
	if (first.rc == 0) {
		once = written(&first.o, &once_len);
		read_bytes(&second, once, once_len);
		must(second.rc == 0);
		twice = written(&second.o, &twice_len);
		must(once_len == twice_len && memcmp(once, twice, once_len) == 0);
		finish(&second);
		free(once);
		free(twice);
	}
	finish(&first);
	return 0;
}
