#ifndef WSGI_SERVE_CGI_ACTION_H
#define WSGI_SERVE_CGI_ACTION_H

#include "base/error.h"

/*
 * cgi_action - the application of a CGI request that Apache's Action brought here.
 *
 * The file that PATH_TRANSLATED names is served when it, with all links followed, is a regular
 * file below root that ends in .wsgi, .py or as a shared object does, and when REDIRECT_STATUS says
 * that the server redirected the request here: who asks for the handler's own URL passes by the
 * access control of the file's folder. The process environment is then that of the file:
 * SCRIPT_NAME, PATH_INFO and SCRIPT_FILENAME are its own, PATH_TRANSLATED is gone.
 *
 * Sets *application, its name, the caller's to free. Returns 0; -ENOENT when no file is there;
 * -EACCES when it may not be served; -ENOMEM; words in err.
 */
int wsgi_cgi_action(const char *root, char **application, struct wsgi_error *err);

#endif
