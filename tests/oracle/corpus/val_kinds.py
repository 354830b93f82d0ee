"""wsgiref.validate around applications that keep the rules, and some that do not."""
from wsgiref.validate import validator

from say import PLAIN, log


def good(environ, start):
    start('200 OK', PLAIN)
    return [b'valid ', environ['wsgi.input'].read(5)]


def generator(environ, start):
    start('200 OK', PLAIN)
    yield b'valid'


def reads(environ, start):
    f = environ['wsgi.input']
    out = [f.read(1), f.readline(), f.readline(2)] + f.readlines(3) + list(f)
    environ['wsgi.errors'].write('LOG: read\n')
    environ['wsgi.errors'].writelines(['LOG: one\n', 'LOG: two\n'])
    environ['wsgi.errors'].flush()
    start('200 OK', PLAIN)
    return [repr(out).encode()]


def writes(environ, start):
    write = start('200 OK', PLAIN)
    write(b'written ')
    return [b'and returned']


def file(environ, start):
    import io
    start('200 OK', PLAIN)
    return environ['wsgi.file_wrapper'](io.BytesIO(b'file'))


def bad(status, headers, body=(b'x',), exc_info=None):
    def application(environ, start):
        start(status, headers, exc_info)
        return body
    return application


def no_size(environ, start):
    environ['wsgi.input'].read()
    start('200 OK', PLAIN)
    return [b'never']


def closes(environ, start):
    environ['wsgi.input'].close()


def nothing(environ, start):
    start('200 OK', PLAIN)


KINDS = {'good': good, 'generator': generator, 'reads': reads, 'writes': writes, 'file': file,
         'no-type': bad('200 OK', []), 'type-204': bad('204 No', PLAIN), 'no-size': no_size,
         'closes': closes, 'nothing': nothing, 'str': bad('200 OK', PLAIN, 'text'),
         'chunk': bad('200 OK', PLAIN, ['text']), 'status': bad('200', PLAIN),
         'status-header': bad('200 OK', PLAIN + [('Status', '200')]),
         'name': bad('200 OK', PLAIN + [('X:', 'y')]), 'dash': bad('200 OK', PLAIN + [('X-', 'y')]),
         'tuple': bad('200 OK', tuple(PLAIN)), 'value': bad('200 OK', PLAIN + [('X', 'a\nb')]),
         'low': bad('099 Low', PLAIN), 'empty-204': bad('204 No', [], [])}
VALID = {kind: validator(application) for kind, application in KINDS.items()}


def application(environ, start_response):
    kind = environ.get('HTTP_X_KIND', 'good')
    if kind == 'nested':
        return validator(VALID['good'])(environ, start_response)
    if kind == 'closed-late':
        log(environ, 'the validator wants close()')
    return VALID.get(kind, VALID['good'])(environ, start_response)
