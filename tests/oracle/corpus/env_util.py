"""wsgiref.util over the environ: scheme, addresses, and the path shifted to its end."""
from wsgiref import util

from say import ok


def outcome(function, *arguments, **more):
    try:
        return ascii(function(*arguments, **more))
    except Exception as error:
        return type(error).__name__


def application(environ, start_response):
    out = [environ['wsgi.url_scheme'], outcome(util.guess_scheme, environ),
           outcome(util.application_uri, environ), outcome(util.request_uri, environ),
           outcome(util.request_uri, environ, include_query=False)]
    for _ in range(7):
        out.append('shifted %s SCRIPT_NAME %a PATH_INFO %a' % (
            outcome(util.shift_path_info, environ), environ.get('SCRIPT_NAME'),
            environ.get('PATH_INFO')))
    ok(start_response)
    return [line.encode() + b'\n' for line in out]
