#ifndef WSGI_SERVE_ZYGOTE_H
#define WSGI_SERVE_ZYGOTE_H

#include "serve/gateway.h"

/*
 * zygote - the process that workers are forked from: an interpreter with the plugin, or for an
 * application in C a fork of the master; under --preload with the application loaded.
 *
 * Shape    It does what the master says on its line (proc/line.h), one thing after the other, in
 *          one thread, and knows nothing of policy. A worker is forked twice, so that it is not
 *          the zygote's child but the master's, which is a subreaper (prctl(2)): the master sees
 *          how each ends, and a zygote can end without its workers.
 * Words    o->zygote is "LINE,BOARD,GIVE,TAKE,ACCESS": the descriptors of its line, of the board,
 *          of both ends of the exchange (fcgi/reactor.h), and of the access log or -1. The
 *          listening sockets are fd://N in o->bind. All of them go through the exec.
 * Start    whoever forks it sets o->zygote and o->bind and calls wsgi_zygote_run(), or kind->run:
 *          for an application in Python, outside of the interpreter, that becomes the interpreter
 *          first. So none of these descriptors may be close-on-exec by then; here they are made so
 *          again. A fork that is no exec closes what an exec would have closed, and takes back the
 *          signals' handlers and their mask.
 * Order    UP, or under --preload UNLOADED and the end with the status of the load. For each
 *          SPAWN then SPAWNED or FAILED; the worker's own words on its line may come before that.
 * Signals  TERM and QUIT end it while it loads; after UP only the end of its line does.
 * Users    it runs with the privileges of --user already: the master's child dropped them before
 *          it became the interpreter.
 * Source   design: "a zygote, from which workers are forked"; gc.freeze() of Python.
 */

/* Be a zygote, and in the processes that it forks a worker. Returns the exit status. */
int wsgi_zygote_run(const struct wsgi_options *o, const struct wsgi_gateway_host *host);

#endif
