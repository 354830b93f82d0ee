#include "python/pystay.h"

#include <stdbool.h>

#include "proc/title.h"
#include "python/pyfork.h"
#include "python/python.h"

/*
 * Python's main thread is the one that imports threading, which must not be left to whatever thread
 * serves the first request that does.
 */
static bool know_main_thread(void)
{
	PyObject *threading = PyImport_ImportModule("threading");

	Py_XDECREF(threading);
	return threading != NULL;
}

int wsgi_py_stay(struct wsgi_gateway_host *host, int argc, char **argv)
{
	wsgi_title_set(argc, argv);
	host->forks = wsgi_py_forks();
	return know_main_thread() ? 0 : -1;
}
