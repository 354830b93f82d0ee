"""wsgi.file_wrapper over many things: "KIND" or "KIND:BLOCK"."""
import gzip
import io
import os
import tempfile

from say import log, ok

DATA = b''.join(b'%05d\n' % i for i in range(5000))


class Source:
    """An object with read() and close() alone."""

    def __init__(self, environ, data=DATA):
        self.environ, self.file, self.sizes = environ, io.BytesIO(data), set()

    def read(self, *size):
        self.sizes.add(size)
        return self.file.read(*size)

    def close(self):
        log(self.environ, 'closed after reads of', sorted(self.sizes))


class Parts:
    """What read() gives, part by part; an exception is raised."""

    def __init__(self, environ, *parts):
        self.environ, self.parts = environ, list(parts)

    def read(self, size):
        part = self.parts.pop(0) if self.parts else b''
        if isinstance(part, Exception):
            raise part
        return part

    def close(self):
        log(self.environ, 'closed')


class Unclosed:
    def __init__(self, data):
        self.read = io.BytesIO(data).read


class Named(io.BytesIO):
    """It says that it has a descriptor, but its bytes are other ones."""

    def fileno(self):
        return 0


def temporary(at=0, **more):
    file = tempfile.TemporaryFile(**more)
    file.write(DATA)
    file.seek(at)
    return file


def named(at):
    file = tempfile.NamedTemporaryFile()
    file.write(DATA)
    file.seek(at)
    return file


def spooled():
    file = tempfile.SpooledTemporaryFile(1 << 20)
    file.write(DATA)
    file.seek(5)
    return file


def unflushed():
    """The last bytes are still in the object's own buffer."""
    file = tempfile.TemporaryFile()
    file.write(DATA)
    file.flush()
    file.seek(0)
    file.write(b'written')
    file.seek(0)
    return file


def after_read(n):
    file = temporary()
    file.read(n)
    return file


def after_line():
    file = temporary()
    file.readline()
    return file


def compressed():
    file = tempfile.TemporaryFile()
    with gzip.GzipFile(fileobj=file, mode='wb', mtime=0) as z:
        z.write(DATA)
    file.seek(0)
    return gzip.GzipFile(fileobj=file)


def pipe(data, **more):
    r, w = os.pipe()
    os.write(w, data)
    os.close(w)
    return os.fdopen(r, 'rb', **more)


def closed():
    file = io.BytesIO(DATA)
    file.close()
    return file


KINDS = {
    'source': Source, 'empty': lambda e: Source(e, b''), 'bytesio': lambda e: io.BytesIO(DATA),
    'unclosed': lambda e: Unclosed(DATA), 'file': lambda e: temporary(),
    'file-at-100': lambda e: temporary(100), 'file-at-end': lambda e: temporary(len(DATA)),
    'file-past-end': lambda e: temporary(len(DATA) + 100),
    'file-raw': lambda e: temporary(7, buffering=0), 'file-read': lambda e: after_read(10),
    'file-read-much': lambda e: after_read(9000), 'file-line': lambda e: after_line(),
    'file-unflushed': lambda e: unflushed(), 'file-empty': lambda e: tempfile.TemporaryFile(),
    'named': lambda e: named(0), 'named-at-50': lambda e: named(50), 'spooled': lambda e: spooled(),
    'gzip': lambda e: compressed(), 'gzip-raw': lambda e: compressed().fileobj,
    'pipe': lambda e: pipe(b'through a pipe'), 'pipe-raw': lambda e: pipe(b'raw', buffering=0),
    'pipe-empty': lambda e: pipe(b''), 'null': lambda e: open('/dev/null', 'rb'),
    'proc': lambda e: open('/proc/sys/kernel/ostype', 'rb'), 'named-wrongly': lambda e: Named(DATA),
    'stringio': lambda e: io.StringIO('text'), 'text': lambda e: Parts(e, 'text'),
    'later-text': lambda e: Parts(e, b'good ', 'text'),
    'fails': lambda e: Parts(e, OSError(5, 'first')),
    'fails-later': lambda e: Parts(e, b'part ', OSError(5, 'later')),
    'none-at-end': lambda e: Parts(e, b'x', b'y', None), 'short': lambda e: Parts(e, b'a', b'bb'),
    'zero': lambda e: Parts(e, 0), 'bytearray': lambda e: Parts(e, bytearray(b'x')),
    'str': lambda e: 'no file', 'closed': lambda e: closed(), 'input': lambda e: e['wsgi.input'],
    'lambda': lambda e: type('L', (), {'read': staticmethod(iter([b'1', b'2', b'']).__next__)}),
}


def application(environ, start_response):
    kind, _, block = environ['QUERY_STRING'].partition(':')
    ok(start_response)
    return environ['wsgi.file_wrapper'](KINDS[kind](environ), *([int(block)] if block else []))
