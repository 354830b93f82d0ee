#include "serve/cgi_name.h"

#include <string.h>

#include "base/path.h"

bool wsgi_cgi_name_is_same(const char *a, const char *b)
{
	const size_t len = strlen(a);

	return len > 0 && len == strlen(b) && wsgi_path_ends_in(a, len, b);
}

static bool is_slash(char c)
{
	return c == '/' || c == '\\';
}

bool wsgi_cgi_name_begins_with(const char *path, const char *file)
{
	size_t i = 0;

	while (file[i] != '\0' && (path[i] == file[i] || (is_slash(path[i]) && is_slash(file[i]))))
		i++;
	return i > 0 && file[i] == '\0' && (path[i] == '\0' || is_slash(path[i]));
}

bool wsgi_cgi_name_is_remote(const char *path)
{
	if (!is_slash(path[0]) || !is_slash(path[1]))
		return false;
	return path[2] != '?' || path[3] == '\0' || path[4] == '\0' || path[5] != ':';
}

/* "APPLIC~1.PY": Windows may have made it for a file with a longer name. */
static bool is_short(const char *part, size_t len)
{
	const char *tilde = memchr(part, '~', len), *end = part + len, *dot;

	if (tilde == NULL)
		return false;
	dot = tilde + 1 + strspn(tilde + 1, "0123456789");
	if (dot == tilde + 1 || dot - part > 8)
		return false;
	return dot == end ||
	       (*dot == '.' && end - dot <= 4 && strcspn(dot + 1, "./") >= (size_t)(end - dot - 1));
}

static bool is_doubtful_part(const char *part, size_t len)
{
	if (len == 0)
		return false;
	if (part[len - 1] == '.' || part[len - 1] == ' ' || is_short(part, len))
		return true;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)part[i] < 0x20 || strchr("\\:*?\"<>|", part[i]) != NULL)
			return true;
	return false;
}

bool wsgi_cgi_name_is_doubtful(const char *url)
{
	while (*url != '\0') {
		const size_t len = strcspn(url, "/");

		if (is_doubtful_part(url, len))
			return true;
		url += len + (url[len] == '/');
	}
	return false;
}

bool wsgi_cgi_name_has_dots(const char *path)
{
	while (*path != '\0') {
		const size_t len = strcspn(path, "/\\");

		if (len > 0 && len <= 2 && strspn(path, ".") >= len)
			return true;
		path += len + (path[len] != '\0');
	}
	return false;
}

bool wsgi_cgi_name_is_program(const char *url)
{
	static const char *const endings[] = {".exe", ".com", ".bat", ".cmd"};

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (wsgi_path_ends_in(url, strlen(url), endings[i]))
			return true;
	return false;
}
