#ifndef WSGI_HANDLER_MOUNT_H
#define WSGI_HANDLER_MOUNT_H

#include "wsgi/environ.h"

/*
 * mount - where an application is mounted: what front ends make of SCRIPT_NAME and PATH_INFO, put
 * right before the handler sees it.
 *
 *   script_name   the mount as the operator names it ("/app"; "" or "/" is the root), or NULL: what
 *                 the front end says, as follows.
 *
 * Without PATH_INFO it is derived from REQUEST_URI: its path, percent-decoded once, less the mount.
 * nginx's own fastcgi_params give the whole path as SCRIPT_NAME (equal to DOCUMENT_URI): that is a
 * mount at the root. So does Apache's mod_proxy_fcgi, which is known by SCRIPT_FILENAME, and
 * whose path has no dots and double slashes any more: it is taken as it is; with
 * proxy-fcgi-pathinfo its PATH_INFO is not decoded, and SCRIPT_NAME wrong when it has an escape:
 * put right. SCRIPT_FILENAME loses what it puts around it ("proxy:fcgi://host:port" and "?query").
 * SCRIPT_NAME is always there, and never "/" alone.
 *
 * Returns 0; -ENOENT when the request is not below script_name: a 404; -ENOMEM.
 */
int wsgi_mount_fix(struct wsgi_environ *env, const char *script_name);

#endif
