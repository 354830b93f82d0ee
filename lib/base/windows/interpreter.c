/* interpreter on Windows. */
#include "base/interpreter.h"

#include "base/path.h"

const char *const wsgi_interpreter_places[2] = {"\\Scripts\\python.exe", "\\python.exe"};
const char *const wsgi_interpreter_usual = NULL;
const char wsgi_interpreter_kind[] = "an .exe file, as it has to be";
const bool wsgi_interpreter_shares_descriptors = false;

/*
 * By its name's end, as the system does; but not a ".bat" or ".cmd" (pyenv has such): those run in
 * cmd.exe, by whose rules of quoting what a client has written would be commands.
 */
bool wsgi_interpreter_is(const char *path)
{
	return wsgi_path_ends_in(path, strlen(path), ".exe") && wsgi_path_is_file(path);
}

/* With "\": LoadLibraryExW() says that it wants no other. */
char *wsgi_interpreter_module(const char *folder, const char *name)
{
	char *file;

	return asprintf(&file, "%s\\%s.pyd", folder, name) >= 0 ? file : NULL;
}
