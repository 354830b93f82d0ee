"""Exceptions of all classes: "CLASS" in the call, or "CLASS:PLACE"."""
import asyncio
import sys

from say import Body, ok


class Own(Exception):
    pass


class Silent(Exception):
    def __str__(self):
        raise ValueError('no words')


class Base(BaseException):
    pass


class HeadBreaks(Exception):
    def __repr__(self):
        raise SystemExit(9)


def chained():
    try:
        raise KeyError('cause')
    except KeyError as error:
        raise Own('effect') from error


def context():
    try:
        raise KeyError('context')
    except KeyError:
        raise Own('while handling')


def hidden():
    try:
        raise KeyError('hidden')
    except KeyError:
        raise Own('alone') from None


def group():
    raise ExceptionGroup('several', [ValueError('a'), TypeError('b')])


def recursion():
    recursion()


def deep(n=60):
    if n == 0:
        raise Own('sixty frames down')
    deep(n - 1)


def syntax():
    eval('1 +')


def raises(error):
    def call():
        raise error
    return call


def sys_exit():
    sys.exit('bye')


KINDS = {'Own': raises(Own('own')), 'ValueError': raises(ValueError('v')),
         'Silent': raises(Silent()),
         'SystemExit': raises(SystemExit), 'SystemExit0': raises(SystemExit(0)),
         'SystemExit3': raises(SystemExit(3)), 'sys.exit': sys_exit,
         'KeyboardInterrupt': raises(KeyboardInterrupt()), 'GeneratorExit': raises(GeneratorExit()),
         'StopIteration': raises(StopIteration(1)), 'Base': raises(Base('b')),
         'Cancelled': raises(asyncio.CancelledError()), 'MemoryError': raises(MemoryError()),
         'OSError': raises(OSError(5, 'io')), 'Timeout': raises(TimeoutError('t')),
         'Assertion': raises(AssertionError('a')), 'unicode': raises(Own('\u20ac \udc80 \xe9')),
         'lines': raises(Own('first\nsecond\n  third')), 'long': raises(Own('x' * 100000)),
         'nul': raises(Own('a\0b')), 'many-arguments': raises(Own(*range(2000))),
         'chained': chained, 'context': context, 'hidden': hidden, 'group': group,
         'recursion': recursion, 'deep': deep, 'syntax': syntax,
         'BrokenPipe': raises(BrokenPipeError(32, 'of a child')),
         'ConnectionReset': raises(ConnectionResetError(104, 'by a database')),
         'ConnectionAborted': raises(ConnectionAbortedError(103, 'by a database')),
         'ConnectionRefused': raises(ConnectionRefusedError(111, 'by a database')),
         'Connection': raises(ConnectionError('some'))}


class Late(Body):
    def __init__(self, environ, raising, *chunks):
        super().__init__(environ, *chunks)
        self.raising = raising

    def __iter__(self):
        yield from super().__iter__()
        self.raising()


def application(environ, start_response):
    kind, _, place = environ['QUERY_STRING'].partition(':')
    if place in ('', 'call'):
        KINDS[kind]()
    ok(start_response)
    if place == 'started':
        KINDS[kind]()
    return Late(environ, KINDS[kind], *{'first': [], 'empty': [b''], 'later': [b'a', b'b']}[place])
