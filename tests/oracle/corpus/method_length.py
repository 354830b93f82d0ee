"""A length that is announced, and a body that is left out for HEAD."""
from say import ok


def application(environ, start_response):
    ok(start_response, ('Content-Length', '11'))
    return [] if environ['REQUEST_METHOD'] == 'HEAD' else [b'method ', b'body']
