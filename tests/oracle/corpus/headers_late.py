"""A header that is no latin-1, and an application that is ready for the error."""
import sys

from say import PLAIN, Body, log, ok

EURO = [('X-Euro', '\u20ac')]


def sent(environ, start):
    """wsgiref fails when it sends the headers: here, in write()."""
    write = start('200 OK', EURO)
    try:
        write(b'x')
    except UnicodeEncodeError:
        log(environ, 'write failed')
    return [b'went on']


def started(environ, start):
    try:
        start('200 OK', EURO)
    except UnicodeEncodeError:
        log(environ, 'start_response failed')
        ok(start)
    return [b'body']


def replaced(environ, start):
    try:
        start('200 OK', EURO)(b'x')
    except UnicodeEncodeError:
        start('500 Own', PLAIN, sys.exc_info())
    return [b'own page']


def body(environ, start):
    start('200 OK', EURO)
    return Body(environ, b'a', b'b')


KINDS = {f.__name__: f for f in (sent, started, replaced, body)}


def application(environ, start_response):
    return KINDS[environ['QUERY_STRING']](environ, start_response)
