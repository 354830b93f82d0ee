"""Callables of all kinds, and some that are none."""
import functools

from say import ok


def plain(environ, start_response):
    ok(start_response)
    return [b'function']


def greet(greeting, environ, start_response):
    ok(start_response)
    return [greeting]


class Instance:
    def __call__(self, environ, start_response):
        ok(start_response)
        return [b'instance']

    def method(self, environ, start_response):
        ok(start_response)
        return [b'method']

    @classmethod
    def of_class(cls, environ, start_response):
        ok(start_response)
        return [b'class method']

    @staticmethod
    def of_nothing(environ, start_response):
        ok(start_response)
        return [b'static method']


class Iterable:
    """A class as an application: its instance is the body."""

    def __init__(self, environ, start_response):
        ok(start_response)

    def __iter__(self):
        return iter([b'class ', b'instance'])


def middleware(app):
    @functools.wraps(app)
    def wrapped(environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, headers + [('X-Middleware', '1')], exc_info)
        return [chunk.upper() for chunk in app(environ, start)]
    return wrapped


def lazy(environ, start_response):
    ok(start_response)
    yield b'generator '
    yield b'function'


def named(environ, *, start_response):
    return []


async def coroutine(environ, start_response):
    return [b'never']


application = plain
partial = functools.partial(greet, b'partial')
lambda_ = lambda environ, start_response: (ok(start_response), [b'lambda'])[1]  # noqa: E731
instance = Instance()
method = Instance().method
wrapped = middleware(plain)
no_arguments = lambda: []  # noqa: E731
three_arguments = greet
