"""Every variable with its type, in order of the names."""
from say import ok

OBJECTS = ('wsgi.input', 'wsgi.errors', 'wsgi.file_wrapper')


def application(environ, start_response):
    ok(start_response)
    return [('\n'.join('%s %s %s' % (ascii(k), type(v).__name__, ascii(v)) if k not in OBJECTS
                       else k for k, v in sorted(environ.items())) + '\n').encode()]
