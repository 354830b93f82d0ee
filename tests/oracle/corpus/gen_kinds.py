"""Generators, and what they see when they are ended."""
import contextlib

from say import log, ok


def finally_(environ, start, last):
    ok(start)
    try:
        yield b'one '
        yield last
        yield b'three'
    finally:
        log(environ, 'finally')


def sees_exit(environ, start, last):
    ok(start)
    try:
        yield b'one '
        yield last
        yield b'three'
    except GeneratorExit:
        log(environ, 'ended')
        raise


def ignores_exit(environ, start, last):
    ok(start)
    while True:
        with contextlib.suppress(GeneratorExit):
            yield b'one '
            yield last
            return


def with_(environ, start, last):
    @contextlib.contextmanager
    def resource():
        log(environ, 'opened')
        try:
            yield b'resource '
        finally:
            log(environ, 'released')
    ok(start)
    with resource() as r:
        yield r
        yield last


def stops_inside(environ, start, last):
    ok(start)
    yield b'one '
    next(iter(()))
    yield last


def delegates(environ, start, last):
    ok(start)
    yield b'< '
    yield from finally_(environ, lambda *a: None, last)
    yield b' >'


KINDS = {f.__name__.strip('_'): f for f in (finally_, sees_exit, ignores_exit, with_,
                                            stops_inside, delegates)}


def application(environ, start_response):
    kind, _, last = environ['QUERY_STRING'].partition(':')
    return KINDS[kind](environ, start_response, b'two ' if last != 'bad' else 'two')
