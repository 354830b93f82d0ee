"""What tests/e2e/load.py serves: it shows the request's query, its worker, and how much it read."""
import os
import time

SLOW_LOAD = float(os.environ.get('E2E_SLOW_LOAD', 0))
time.sleep(SLOW_LOAD)


def application(environ, start_response):
    body = environ['wsgi.input'].read()
    query = environ['QUERY_STRING']
    if environ['PATH_INFO'] == '/sleep':
        time.sleep(0.005)
    out = ('%s;%d;%d\n' % (query, os.getpid(), len(body))).encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(out)))])
    return [out]
