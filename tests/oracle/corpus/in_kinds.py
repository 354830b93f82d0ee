"""Other uses of wsgi.input: the query chooses."""
import hashlib
import io
import shutil

from say import ok


def api(environ, f):
    names = ('read', 'readline', 'readlines', '__iter__')
    return [repr([n for n in names if hasattr(f, n)] + [type(f.read(0)), type(f.readline(0)),
                                                          f.readlines(1)[:1]]).encode()]


def wrong(environ, f):
    out = []
    for method, *arguments in (('read', 'x'), ('read', 1.5), ('read', 1, 2), ('readline', 'x'),
                               ('readline', b''), ('readlines', 'x'), ('readlines', 1, 2)):
        try:
            out.append(getattr(f, method)(*arguments))
        except Exception as error:
            out.append(type(error).__name__)
    return [repr(out).encode()]


def bool_size(environ, f):
    return [repr([f.read(True), f.read(False), f.readline(True)]).encode()]


def unread(environ, f):
    return [b'not read']


def unread_some(environ, f):
    return [f.read(1)]


def digest(environ, f):
    h, total = hashlib.sha1(), 0
    for chunk in iter(lambda: f.read(4096), b''):
        h.update(chunk)
        total += len(chunk)
    return [b'%d %s' % (total, h.hexdigest().encode())]


def echo(environ, f):
    return [f.read()]


def stream(environ, f):
    for line in f:
        yield line.upper()


def copied(environ, f):
    out = io.BytesIO()
    shutil.copyfileobj(f, out)
    return [out.getvalue()]


def form(environ, f):
    from urllib.parse import parse_qsl
    text = f.read(int(environ.get('CONTENT_LENGTH') or 0)).decode('latin-1')
    return [repr(parse_qsl(text, keep_blank_values=True)).encode()]


def wrapped(environ, f):
    return [b''.join(environ['wsgi.file_wrapper'](f, 7))]


def late(environ, f):
    yield b'first '
    yield f.read()


def in_close(environ, f):
    class Late:
        def __iter__(self):
            return iter([b'x'])

        def close(self):
            environ['wsgi.errors'].write('LOG: %r\n' % f.read())
    return Late()


KINDS = {f.__name__: f for f in (api, wrong, bool_size, unread, unread_some, digest, echo, stream,
                                 copied, form, wrapped, late, in_close)}


def application(environ, start_response):
    ok(start_response)
    return KINDS[environ['QUERY_STRING']](environ, environ['wsgi.input'])
