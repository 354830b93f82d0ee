"""The request's environ as text, a line for each variable. What the server left out is made up by
setup_testing_defaults(), so that the application runs in any test.

    wsgi-serve env_dump.py
"""

from wsgiref.util import setup_testing_defaults


def application(environ, start_response):
    setup_testing_defaults(environ)
    start_response('200 OK', [('Content-Type', 'text/plain; charset=utf-8')])
    # The strings of an environ are bytes shown as latin-1 (PEP 3333).
    page = ''.join('%s: %s\n' % (name, value) for name, value in environ.items()
                   if isinstance(value, str))
    return [page.encode('latin-1')]
