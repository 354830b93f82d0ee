#ifndef WSGI_SERVE_CGI_MAPPING_H
#define WSGI_SERVE_CGI_MAPPING_H

#include <stdbool.h>

#include "base/error.h"

/*
 * cgi_mapping - the script of a request that IIS's script mapping brought here.
 *
 * IIS maps a URL's ending to a program: wsgi-iis.exe [options] "%s" is started with the file's path
 * in place of %s. SCRIPT_NAME is the file's URL. PATH_TRANSLATED is what PATH_INFO maps to: the
 * same file and what follows it, since PATH_INFO repeats SCRIPT_NAME; but with allowPathInfo it
 * does not, and PATH_TRANSLATED is a file that the client chose.
 *
 * Source   Microsoft: "Handlers <add>", "IIS Server Variables".
 */

/*
 * The application of the mapping's --root: the script, when it is a file below root that ends in
 * .wsgi, .py or as a shared object does. What stands behind it in its path is cut off. Refused is
 * what does not belong to SCRIPT_NAME, and a name that could be another file's on Windows: a
 * stream, a short name, dots or spaces at the end, a share of another host than root's.
 *   script   the first word that is no option; NULL: there is none, and PATH_TRANSLATED names it
 * Sets *application, its name, the caller's to free, and SCRIPT_FILENAME where the server did not.
 * Returns 0; -ENOENT when no file is there; -EACCES when it may not be served; -ENOMEM; words in
 * err.
 */
int wsgi_cgi_mapping(const char *root, const char *script, char **application,
		     struct wsgi_error *err);

/*
 * Whether a word is the script's path as a mapping gives it, and not an application that the
 * administrator named.
 */
bool wsgi_cgi_mapping_is_script(const char *word);

/*
 * Whether the request's URL names this program itself: then no mapping started it, and every word
 * behind its name is the client's. IIS has no SCRIPT_FILENAME: PATH_TRANSLATED or the end of
 * SCRIPT_NAME say it.
 */
bool wsgi_cgi_mapping_is_direct(void);

/*
 * Whether a script mapping started this program, by IIS's variables: one of the first two words
 * that are no options is the script, or none is there and PATH_TRANSLATED names it. NULL: no word.
 */
bool wsgi_cgi_mapping_started(const char *word, const char *behind);

#endif
