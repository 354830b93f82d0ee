"""start_response() called in all ways: the query chooses."""
import sys

from say import PLAIN, Body, log, ok

BAD = [('Content-Type', 'text/html'), ('X-Error', '1')]


def info(error=ZeroDivisionError):
    try:
        raise error('inner')
    except error:
        return sys.exc_info()


def twice(environ, start):
    ok(start)
    ok(start)
    return [b'never']


def twice_caught(environ, start):
    ok(start)
    try:
        start('404 Other', [])
    except AssertionError as error:
        log(environ, error)
    return [b'the first stands']


def exc_before(environ, start):
    ok(start, ('X-Old', '1'))
    start('503 Replaced', BAD, info())
    return [b'replaced']


def exc_twice_before(environ, start):
    ok(start)
    start('502 One', BAD, info())
    start('503 Two', [('X-Last', '1')], info())
    return [b'the last']


def exc_first(environ, start):
    start('400 Bad', BAD, info())
    return [b'early error']


def exc_after(environ, start):
    ok(start)
    yield b'sent '
    try:
        raise ZeroDivisionError('late')
    except ZeroDivisionError:
        start('500 Late', BAD, sys.exc_info())
    yield b'never'


def exc_after_write(environ, start):
    ok(start)(b'sent ')
    try:
        raise ZeroDivisionError('late')
    except ZeroDivisionError:
        start('500 Late', BAD, sys.exc_info())
    return [b'never']


def exc_after_caught(environ, start):
    ok(start)
    yield b'sent '
    try:
        try:
            raise KeyError('late')
        except KeyError:
            start('500 Late', BAD, sys.exc_info())
    except KeyError as error:
        log(environ, 'it came back:', error)
    yield b'went on'


def exc_not_handled(environ, start):
    ok(start)(b'sent ')
    start('500 Late', BAD, info())
    return [b'never']


def keywords(environ, start):
    start(headers=PLAIN, exc_info=None, status='201 By Name')(b'')
    return [b'keywords']


def positional_none(environ, start):
    start('200 OK', PLAIN, None)
    return [b'x']


def lazy(environ, start):
    ok(start)
    yield b'started in the first next()'


def lazy_empty(environ, start):
    start('202 Accepted', PLAIN)
    return
    yield


def never(environ, start):
    return [b'no status']


def never_empty(environ, start):
    return []


def never_generator(environ, start):
    return Body(environ, b'x')


def late(environ, start):
    yield b'early '
    ok(start)
    yield b'late'


def late_empty(environ, start):
    yield b''
    ok(start)
    yield b'late'


def again(value):
    def falsy(environ, start):
        ok(start)
        start('200 Again', PLAIN, value)
        return [b'never']
    return falsy


def odd(value):
    def truthy(environ, start):
        ok(start)
        start('203 Odd', PLAIN, value)
        return [b'replaced']
    return truthy


def arity(*arguments):
    def called(environ, start):
        start(*arguments)
        return [b'never']
    return called


def in_close(environ, start):
    class Closing(Body):
        def close(self):
            super().close()
            try:
                start('404 Late', PLAIN)
            except AssertionError as error:
                log(environ, error)
    ok(start)
    return Closing(environ, b'body')


def in_close_raises(environ, start):
    class Closing(Body):
        def close(self):
            super().close()
            start('404 Late', PLAIN)
    ok(start)
    return Closing(environ, b'body')


def only_in_close(environ, start):
    class Closing(Body):
        def close(self):
            super().close()
            ok(start)
    return Closing(environ)


def list_is_kept(environ, start):
    headers = [('X-A', '1')]
    start('200 OK', headers)
    yield b'x'
    log(environ, headers)
    yield b'y'


def list_is_kept_one(environ, start):
    """The server's own Content-Length: not in the application's list."""
    headers = [('X-A', '1')]
    start('200 OK', headers)

    class One(Body):
        def __len__(self):
            return 1

        def close(self):
            log(environ, headers)
    return One(environ, b'x')


def list_grows(environ, start):
    headers = [('X-A', '1')]
    start('200 OK', headers)
    headers.append(('X-Late', '2'))
    return [b'the late one counts']


def list_cleared(environ, start):
    headers = [('X-A', '1')]
    start('200 OK', headers)
    del headers[:]
    return [b'no header']


def list_replaced(environ, start):
    headers = [('X-A', '1'), ('X-B', '2')]
    start('200 OK', headers)
    headers[0] = ('X-C', '3')
    yield b'the new one counts'


def list_changed_too_late(environ, start):
    headers = [('X-A', '1')]
    start('200 OK', headers)(b'sent ')
    headers.append(('X-Late', '2'))
    return [b'too late']


def list_spoiled(environ, start):
    headers = [('X-A', '1')]
    start('200 OK', headers)
    headers.append(('X-Late', 5))
    return [b'never']


KINDS = {f.__name__: f for f in (
    twice, twice_caught, exc_before, exc_twice_before, exc_first, exc_after, exc_after_write,
    exc_after_caught, exc_not_handled, keywords, positional_none, lazy, lazy_empty, never,
    never_empty, never_generator, late, late_empty, in_close, in_close_raises, only_in_close,
    list_is_kept, list_is_kept_one, list_grows, list_cleared, list_replaced,
    list_changed_too_late, list_spoiled)}
KINDS.update(falsy_tuple=again(()), falsy_zero=again(0), falsy_str=again(''), odd_str=odd('error'),
             odd_one=odd((1,)), odd_nones=odd((None, None, None)), odd_list=odd([1]),
             none=arity(), one=arity('200 OK'), four=arity('200 OK', [], None, 1),
             headers_none=arity('200 OK', None), headers_tuple=arity('200 OK', (('X', 'y'),)),
             headers_dict=arity('200 OK', {'X': 'y'}), headers_str=arity('200 OK', 'X: y'),
             headers_iter=arity('200 OK', iter([('X', 'y')])), status_bytes=arity(b'200 OK', []),
             status_int=arity(200, []), status_none=arity(None, []))


def application(environ, start_response):
    return KINDS[environ['QUERY_STRING']](environ, start_response)
