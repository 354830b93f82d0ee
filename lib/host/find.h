#ifndef WSGI_HOST_FIND_H
#define WSGI_HOST_FIND_H

#include "base/error.h"

/*
 * find - where the pieces of a Python host are: the interpreter, and our plugin for it.
 */

/*
 * Find the interpreter.
 *   wanted   --python: an interpreter, a virtual environment's folder, or a name on PATH; NULL:
 *            VIRTUAL_ENV's, else "python3" on PATH. On Windows a path, of an installation's folder
 *            too, and never a name on PATH: where nothing is said there is none
 * Sets *path, the caller's to free. Returns 0; -ENOENT, -EACCES with words that say where it looked
 * and what to give; -ENOMEM.
 */
int wsgi_find_python(const char *wanted, char **path, struct wsgi_error *err);

/*
 * Find an extension module of ours.
 *   name   "wsgi_python": the file is NAME.abi3.so, on Windows NAME.pyd
 * Looks beside this program (a build folder), and but on Windows in ../lib/wsgi from there, then
 * where make install puts it. Sets *dir, the folder, the caller's to free. Returns 0; -ENOENT with
 * words; -ENOMEM.
 */
int wsgi_find_plugin(const char *name, char **dir, struct wsgi_error *err);

#endif
