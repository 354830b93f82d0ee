#include "host/origin.h"

#include <errno.h>
#include <string.h>

#include "host/spec.h"

static int add_file(struct wsgi_buf *out, struct wsgi_span folder, const char *module,
		    const char *ending)
{
	int rc = wsgi_buf_add(out, folder.data, folder.len);

	if (rc == 0 && folder.len > 0)
		rc = wsgi_buf_add(out, "/", 1);
	for (const char *c = module; rc == 0 && *c != '\0'; c++)
		rc = wsgi_buf_add(out, *c == '.' ? "/" : c, 1);
	return rc == 0 ? wsgi_buf_add(out, ending, strlen(ending) + 1) : rc;
}

int wsgi_origin_of_module(struct wsgi_buf *out, struct wsgi_span folder, const char *module)
{
	size_t before = out->len;

	if (add_file(out, folder, module, ".py") == 0 &&
	    add_file(out, folder, module, "/__init__.py") == 0)
		return 0;
	out->len = before;
	return -ENOMEM;
}

static int in_folders(struct wsgi_buf *out, const char *folders, const char *module)
{
	int rc = wsgi_origin_of_module(out, wsgi_span_of(""), module);

	while (rc == 0 && *folders != '\0') {
		size_t len = strcspn(folders, ":");

		if (len > 0)
			rc = wsgi_origin_of_module(out, (struct wsgi_span){folders, len}, module);
		folders += len + (folders[len] == ':');
	}
	return rc;
}

int wsgi_origin_of_application(struct wsgi_buf *out, const char *name, const char *folders)
{
	struct wsgi_spec spec;
	int rc = wsgi_spec_parse(&spec, name, NULL);

	if (rc != 0)
		return rc == -EINVAL ? 0 : rc;
	if (spec.kind == WSGI_SPEC_MODULE)
		rc = in_folders(out, folders != NULL ? folders : "", spec.target);
	else if (spec.kind != WSGI_SPEC_DEMO)
		rc = wsgi_buf_add(out, spec.target, strlen(spec.target) + 1);
	wsgi_spec_finish(&spec);
	return rc;
}
