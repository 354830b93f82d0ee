"""What an application may do to its environ, and what it finds beside it: the query chooses."""
import os
from wsgiref import util

from say import ok


def flags(environ):
    return [type(environ) is dict, sorted(k for k in environ if k.startswith('wsgi.'))] + [
        environ['wsgi.' + k] for k in ('version', 'url_scheme', 'multithread', 'multiprocess',
                                       'run_once')]


def defaults(environ):
    before = dict(environ)
    util.setup_testing_defaults(environ)
    return sorted((k, v) for k, v in environ.items() if k not in before)


def cleared(environ):
    environ.clear()
    return 'nothing is left'


def changed(environ):
    environ.update(REQUEST_METHOD='HEAD', SERVER_PROTOCOL='HTTP/0.9')
    return 'the server does not look again'


def copied(environ):
    copy = dict(environ)
    return copy == environ and copy is not environ


def types(environ):
    return sorted({type(v).__name__ for k, v in environ.items() if not k.startswith('wsgi.')})


def process(environ):
    """What of the request is in os.environ; HTTP_PROXY is nobody's there."""
    return sorted((k, v) for k, v in os.environ.items()
                  if k.startswith('HTTP_') and k != 'HTTP_PROXY')


def proxy(environ):
    return environ.get('HTTP_PROXY'), os.environ.get('HTTP_PROXY')


KINDS = {f.__name__: f for f in (flags, defaults, cleared, changed, copied, types, process, proxy)}


def application(environ, start_response):
    kind = environ['QUERY_STRING'].split('&')[0]
    out = KINDS[kind](environ)
    ok(start_response)
    return [ascii(out).encode()]
