"""wsgi.file_wrapper used otherwise than as the result alone."""
import io
import tempfile

from say import Body, log, ok


class Logged(io.BytesIO):
    environ = None

    def close(self):
        log(self.environ, 'closed at', self.tell())
        super().close()


def source(environ, data=b'0123456789'):
    file = Logged(data)
    file.environ = environ
    return file


def api(environ, wrapper):
    file = source(environ)
    w = wrapper(file, 4)
    say = [type(wrapper).__name__, wrapper.__name__, type(w) is wrapper, isinstance(w, wrapper),
           w.filelike is file, w.blksize, w.close == file.close, iter(w) is w, next(w),
           wrapper(file).blksize, hasattr(wrapper(object()), 'close'), hasattr(w, 'read'),
           hasattr(w, '__len__')]
    return [repr(say).encode()]


def keywords(environ, wrapper):
    return wrapper(blksize=3, filelike=source(environ))


def no_argument(environ, wrapper):
    return wrapper()


def begun(environ, wrapper):
    w = wrapper(source(environ), 4)
    log(environ, next(w))
    return w


def begun_file(environ, wrapper):
    file = tempfile.TemporaryFile()
    file.write(b'0123456789')
    file.seek(0)
    w = wrapper(file, 4)
    log(environ, next(w))
    return w


def joined(environ, wrapper):
    return [b'<', b''.join(wrapper(source(environ), 3)), b'>']


def in_a_list(environ, wrapper):
    return list(wrapper(source(environ), 3))


def in_a_generator(environ, wrapper):
    w = wrapper(source(environ), 3)
    try:
        yield from w
    finally:
        w.close()


def in_a_body(environ, wrapper):
    w = wrapper(source(environ), 3)
    return Body(environ, *w)


def subclass(environ, wrapper):
    class Upper(wrapper):
        def __next__(self):
            return super().__next__().upper()
    return Upper(source(environ, b'abcdefghij'), 4)


def as_class(environ, wrapper):
    return wrapper(source(environ), blksize=100000)


def close_replaced(environ, wrapper):
    file = tempfile.NamedTemporaryFile()
    file.write(b'0123456789')
    file.seek(2)
    plain = file.close

    def close():
        log(environ, 'own close')
        plain()
    file.close = close
    return wrapper(file)


def zero_blocks(environ, wrapper):
    return wrapper(source(environ), 0)


def all_at_once(environ, wrapper):
    return wrapper(source(environ), -1)


KINDS = {f.__name__: f for f in (
    api, keywords, no_argument, begun, begun_file, joined, in_a_list, in_a_generator, in_a_body,
    subclass, as_class, close_replaced, zero_blocks, all_at_once)}


def application(environ, start_response):
    kind, _, how = environ['QUERY_STRING'].partition(':')
    write = ok(start_response)
    if how == 'written':
        write(b'written first ')
    return KINDS[kind](environ, environ['wsgi.file_wrapper'])
