"""A start_response() that is refused, and an application that goes on as if it were not."""
from say import PLAIN, Body, log

KINDS = {
    'status': ('200OK', PLAIN), 'status-short': ('200', PLAIN), 'status-empty': ('', PLAIN),
    'status-bytes': (b'200 OK', PLAIN), 'status-control': ('200 OK\r\nX-Evil: 1', PLAIN),
    'status-latin': ('200 \u20ac', PLAIN), 'hop': ('200 OK', [('Connection', 'close')]),
    'hop-second': ('200 OK', PLAIN + [('Upgrade', 'x'), ('X-A', 'b')]),
    'control': ('200 OK', [('X-A', 'b\r\nX-Evil: 1')]), 'tuple': ('200 OK', tuple(PLAIN)),
    'number': ('200 OK', [('X-A', 1)]), 'bytes': ('200 OK', [(b'X-A', 'b')]),
    'lists': ('200 OK', [['X-A', 'b']]), 'triple': ('200 OK', [('X-A', 'b', 'c')]),
    'latin': ('200 OK', [('X-A', '\u20ac')]),
}


def application(environ, start_response):
    kind, _, how = environ['QUERY_STRING'].partition(':')
    try:
        start_response(*KINDS[kind])
    except Exception as error:
        log(environ, type(error).__name__)
    if how == 'again':
        start_response('201 Well', [('X-Well', '1')])
    return [] if how == 'empty' else Body(environ, b'went ', b'on')
