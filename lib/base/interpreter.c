#include "base/interpreter.h"

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "base/path.h"

const char *const wsgi_interpreter_places[2] = {"/bin/python3", "/bin/python"};
const char *const wsgi_interpreter_usual = "python3";
const char wsgi_interpreter_kind[] = "executable";
const bool wsgi_interpreter_shares_descriptors = true;

bool wsgi_interpreter_is(const char *path)
{
	return wsgi_path_is_file(path) && access(path, X_OK) == 0;
}

char *wsgi_interpreter_module(const char *folder, const char *name)
{
	char *file;

	return asprintf(&file, "%s/%s.abi3.so", folder, name) >= 0 ? file : NULL;
}
