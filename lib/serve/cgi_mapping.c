#include "serve/cgi_mapping.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/program.h"
#include "handler/paths.h"
#include "serve/cgi_file.h"
#include "serve/cgi_name.h"

/* The file that a path begins with, the caller's to free; NULL: none is there, or no memory. */
static char *file_of(const char *path)
{
	const size_t len = wsgi_action_file(path, wsgi_cgi_file_is_there);

	return len > 0 ? strndup(path, len) : NULL;
}

/* -- the script -------------------------------------------------------------------------------- */

/* Whether PATH_INFO begins with SCRIPT_NAME: then PATH_TRANSLATED begins with the script's file. */
static bool repeats_script(void)
{
	const char *info = getenv("PATH_INFO"), *script = getenv("SCRIPT_NAME");
	const size_t len = script != NULL ? strlen(script) : 0;

	return len > 0 && info != NULL && strncmp(info, script, len) == 0 &&
	       (info[len] == '/' || info[len] == '\0');
}

/* By words alone: nothing is looked at. Returns 0; -ENOENT; -EACCES with words. */
static int check_given(const char *root, const char *word, const char *script,
		       struct wsgi_error *err)
{
	if (wsgi_cgi_mapping_is_direct())
		return wsgi_fail(err, -EACCES,
				 "with a root, requests come by a script mapping only: this one "
				 "names the program itself");
	if (script == NULL || *script == '\0')
		return wsgi_fail(err, -ENOENT,
				 "with a root, the script mapping's \"%%s\" or PATH_TRANSLATED "
				 "names the application: neither is there");
	if (word == NULL && !repeats_script())
		return wsgi_fail(
			err, -EACCES,
			"PATH_INFO does not begin with SCRIPT_NAME (allowPathInfo is set), "
			"so PATH_TRANSLATED is not the script: write \"%%s\" at the end of "
			"the script mapping");
	if (wsgi_cgi_name_is_remote(script) && !wsgi_cgi_name_is_remote(root))
		return wsgi_fail(err, -EACCES, "%s is not below the root %s: not served", script,
				 root);
	return 0;
}

/* Whether the file's name is plain, and the one that the URL ends in. 0 or -EACCES, with words. */
static int check_name(const char *file, struct wsgi_error *err)
{
	const char *url = getenv("SCRIPT_NAME"), *last = wsgi_path_last(file);

	if (wsgi_cgi_name_has_dots(file) || wsgi_cgi_name_is_doubtful(last) ||
	    (url != NULL && wsgi_cgi_name_is_doubtful(url)))
		return wsgi_fail(err, -EACCES,
				 "%s could be another file's name: not served; use its plain one",
				 file);
	if (url != NULL && !wsgi_cgi_name_is_same(last, wsgi_path_last(url)))
		return wsgi_fail(err, -EACCES,
				 "SCRIPT_NAME %s does not end in %s: not served; map an ending, as "
				 "in path=\"*.py\", and not all paths",
				 url, last);
	if (!wsgi_cgi_file_is_application(last, strlen(last)))
		return wsgi_fail(err, -EACCES, "%s does not end in .wsgi, .py or %s: not served",
				 file, wsgi_path_library);
	return 0;
}

/* A file is there: whether it may be served. Returns as wsgi_cgi_mapping(). */
static int take(const char *root, const char *file, char **application, struct wsgi_error *err)
{
	int rc = check_name(file, err);

	if (rc == 0)
		rc = wsgi_cgi_file(root, file, application, err);
	if (rc != 0 || setenv("SCRIPT_FILENAME", file, 0) == 0)
		return rc;
	free(*application);
	*application = NULL;
	return wsgi_fail(err, -ENOMEM, "out of memory");
}

int wsgi_cgi_mapping(const char *root, const char *word, char **application, struct wsgi_error *err)
{
	const char *script = word != NULL ? word : getenv("PATH_TRANSLATED");
	char *file;
	int rc;

	*application = NULL;
	rc = check_given(root, word, script, err);
	if (rc != 0)
		return rc;
	file = file_of(script);
	if (file == NULL)
		return wsgi_fail(err, -ENOENT, "the script %s: there is no such file", script);
	rc = take(root, file, application, err);
	free(file);
	return rc;
}

/* -- what a word or a URL is ------------------------------------------------------------------- */

/* Whether both paths begin with the same file. */
static bool same_file(const char *a, const char *b)
{
	char *file_a = file_of(a), *file_b = file_of(b);
	char *real_a = file_a != NULL ? wsgi_path_real(file_a) : NULL;
	char *real_b = file_b != NULL ? wsgi_path_real(file_b) : NULL;
	bool yes = real_a != NULL && real_b != NULL && strcmp(real_a, real_b) == 0;

	free(real_a);
	free(real_b);
	free(file_a);
	free(file_b);
	return yes;
}

static bool is_script(const char *word)
{
	const char *translated = getenv("PATH_TRANSLATED"), *url = getenv("SCRIPT_NAME");

	if (!wsgi_path_is_absolute(word))
		return false;
	if (translated != NULL && wsgi_cgi_name_begins_with(translated, word))
		return true;
	if (!repeats_script())
		return url != NULL && getenv("SCRIPT_FILENAME") == NULL &&
		       wsgi_cgi_name_is_same(wsgi_path_last(word), wsgi_path_last(url));
	return translated != NULL && !wsgi_cgi_name_is_remote(word) && same_file(word, translated);
}

/* "%s:app" is one too. */
bool wsgi_cgi_mapping_is_script(const char *word)
{
	const char *colon = strchr(wsgi_path_last(word), ':');
	char *file;
	bool yes;

	if (is_script(word) || colon == NULL)
		return is_script(word);
	file = strndup(word, (size_t)(colon - word));
	yes = file == NULL || is_script(file); /* true is the safe error */
	free(file);
	return yes;
}

bool wsgi_cgi_mapping_started(const char *word, const char *behind)
{
	const char *url = getenv("SCRIPT_NAME");

	if (getenv("GATEWAY_INTERFACE") == NULL || getenv("SCRIPT_FILENAME") != NULL ||
	    url == NULL || wsgi_cgi_name_is_program(url) || wsgi_cgi_mapping_is_direct())
		return false;
	if (word == NULL)
		return repeats_script();
	return wsgi_cgi_mapping_is_script(word) ||
	       (behind != NULL && wsgi_cgi_mapping_is_script(behind));
}

/* Whether a name beside this program, as path has it, is this program: a short name, a link ... */
static bool is_beside(const char *path, const char *name)
{
	const char *own = wsgi_path_last(path);
	char *beside;
	bool yes;

	if (wsgi_cgi_name_is_same(own, name))
		return true;
	if (asprintf(&beside, "%.*s%s", (int)(own - path), path, name) < 0)
		return true; /* the safe error */
	yes = wsgi_program_is(beside);
	free(beside);
	return yes;
}

/* Whether a name is one of this program's, with what Windows drops from it or not. */
static bool is_own_name(const char *text)
{
	const char *started_as = wsgi_program_started_as();
	char *path = wsgi_program_path(), *name = strdup(text);
	bool yes = name == NULL;

	if (name != NULL) {
		size_t len = strcspn(name, ":");

		while (len > 0 && (name[len - 1] == '.' || name[len - 1] == ' '))
			len--;
		name[len] = '\0';
		yes = (path != NULL && is_beside(path, name)) ||
		      (started_as != NULL && is_beside(started_as, name));
	}
	free(path);
	free(name);
	return yes;
}

bool wsgi_cgi_mapping_is_direct(void)
{
	const char *filename = getenv("SCRIPT_FILENAME"), *url = getenv("SCRIPT_NAME");
	const char *translated = getenv("PATH_TRANSLATED");
	char *file;
	bool yes;

	if (getenv("GATEWAY_INTERFACE") == NULL)
		return false;
	if (filename != NULL)
		return wsgi_program_is(filename);
	if (url != NULL && is_own_name(wsgi_path_last(url)))
		return true;
	file = translated != NULL ? file_of(translated) : NULL;
	yes = file != NULL && wsgi_program_is(file);
	free(file);
	return yes;
}
