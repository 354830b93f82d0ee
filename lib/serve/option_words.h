#ifndef WSGI_SERVE_OPTION_WORDS_H
#define WSGI_SERVE_OPTION_WORDS_H

#include "serve/options.h"

/*
 * option_words - the command line that says to the same gateway, inside the interpreter, what o
 * says; less what is done already when the interpreter starts (--python, --chdir, -e), and what
 * only the process manager needs.
 *   application   the application's name, whatever o->application is
 * Returns argv, NULL-terminated, the caller's to free by wsgi_options_free_words(); NULL: no
 * memory.
 */
char **wsgi_options_words(const struct wsgi_options *o, const char *application);
void wsgi_options_free_words(char **words);

#endif
