"""The write() that start_response returns: the query chooses."""
from say import Body, log, ok


class Bytes(bytes):
    pass


def only(environ, write):
    log(environ, 'returned', write(b'written '))
    write(b'twice')
    return []


def then_body(environ, write):
    write(b'w1 ')
    write(b'w2 ')
    return Body(environ, b'i1 ', b'i2')


def then_one(environ, write):
    write(b'written ')
    return [b'one']


def empty(environ, write):
    write(b'')
    return [b'after nothing']


def many(environ, write):
    for i in range(500):
        write(b'%d,' % i)
    return []


def big(environ, write):
    write(b'w' * 100000)
    write(b'v' * 70000)
    return [b'end']


def in_generator(environ, write):
    yield b'a'
    write(b'b')
    yield b'c'
    write(b'd')


def in_close(environ, write):
    class Closing(Body):
        def close(self):
            write(b' written in close')
            super().close()
    return Closing(environ, b'body')


def then_raise(environ, write):
    write(b'sent before')
    raise ArithmeticError('after write()')


def then_none(environ, write):
    write(b'sent before')


def then_bad_chunk(environ, write):
    write(b'sent before ')
    return Body(environ, 'text')


def bad(data):
    def refused(environ, write):
        write(data)
        return [b'never']
    return refused


def caught(environ, write):
    try:
        write('text')
    except AssertionError as error:
        log(environ, error)
    return [b'went on']


def no_argument(environ, write):
    write()


def two_arguments(environ, write):
    write(b'a', b'b')


def keyword(environ, write):
    write(data=b'by its name ')
    return [b'end']


KINDS = dict(only=only, then_body=then_body, then_one=then_one, empty=empty, many=many, big=big,
             in_generator=in_generator, in_close=in_close, then_raise=then_raise,
             then_none=then_none, then_bad_chunk=then_bad_chunk, caught=caught,
             no_argument=no_argument, two_arguments=two_arguments, keyword=keyword,
             str=bad('text'), none=bad(None), int=bad(3), bytearray=bad(bytearray(b'x')),
             subclass=bad(Bytes(b'x')), memoryview=bad(memoryview(b'x')))


def application(environ, start_response):
    return KINDS[environ['QUERY_STRING']](environ, ok(start_response))
