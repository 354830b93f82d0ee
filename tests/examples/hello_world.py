"""'Hello World', and a server to look at it with.

    python3 hello_world.py [PORT]
    wsgi-serve hello_world.py:hello_world_app
"""

import sys
from wsgiref.simple_server import make_server


def hello_world_app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain; charset=utf-8')])
    return [b'Hello World']


if __name__ == '__main__':
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    with make_server('', port, hello_world_app) as server:
        print('Serving on %s:%d...' % server.server_address, flush=True)
        server.serve_forever()
