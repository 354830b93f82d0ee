"""One body, whatever the method."""
from say import ok


def application(environ, start_response):
    ok(start_response)
    return [b'method ', environ['REQUEST_METHOD'].encode('latin-1')]
