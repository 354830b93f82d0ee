#include "serve/cgi_relative.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/interpreter.h"
#include "base/path.h"

static int refuse(const char *what, const char *name, struct wsgi_error *err)
{
	return wsgi_fail(err, -EINVAL,
			 "%s %s counts from the folder that IIS starts the program in, which the "
			 "URL chooses: write the whole path, or --chdir FOLDER in front",
			 what, name);
}

static int check(const char *what, const char *name, struct wsgi_error *err)
{
	return name == NULL || wsgi_path_is_absolute(name) ? 0 : refuse(what, name, err);
}

/* A module counts too: it is looked for there first. */
static int check_application(const char *name, struct wsgi_error *err)
{
	return name != NULL && strcmp(name, "demo") == 0 ? 0 : check("the application", name, err);
}

/* A bare name may be one of PATH's. */
static int check_python(const char *name, struct wsgi_error *err)
{
	if (name != NULL && wsgi_interpreter_usual != NULL &&
	    !wsgi_path_has_slash(name, strlen(name)))
		return 0;
	return check("--python", name, err);
}

static int check_folders(const char *folders, struct wsgi_error *err)
{
	const char between[] = {wsgi_path_between, '\0'};
	int rc = 0;

	while (rc == 0 && folders != NULL && *folders != '\0') {
		const size_t len = strcspn(folders, between);
		char *folder = strndup(folders, len);

		if (folder == NULL)
			return wsgi_fail(err, -ENOMEM, "out of memory");
		if (len > 0)
			rc = check("--pythonpath", folder, err);
		free(folder);
		folders += len + (folders[len] != '\0');
	}
	return rc;
}

int wsgi_cgi_relative_check(struct wsgi_options *o, struct wsgi_error *err)
{
	int rc = 0;

	if (o->error_logfile != NULL && strcmp(o->error_logfile, "-") != 0)
		rc = check("--error-logfile", o->error_logfile, err); /* opened before --chdir */
	if (rc != 0)
		o->error_logfile = NULL;
	if (rc != 0 || o->chdir != NULL)
		return rc != 0 ? rc : check("--chdir", o->chdir, err);
	rc = check("--root", o->root, err);
	if (rc == 0)
		rc = check_python(o->python, err);
	if (rc == 0)
		rc = check_folders(o->pythonpath, err);
	/* Below a root the request names it, and is checked. */
	return rc == 0 && o->root == NULL ? check_application(o->application, err) : rc;
}
