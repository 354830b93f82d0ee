#ifndef WSGI_PYTHON_PYSTAY_H
#define WSGI_PYTHON_PYSTAY_H

#include "serve/gateway.h"

/*
 * pystay - an interpreter that stays for many requests: its name in the list of processes, its main
 * thread, and how it forks. For wsgi_plugin.stay, which see.
 */
int wsgi_py_stay(struct wsgi_gateway_host *host, int argc, char **argv);

#endif
