"""Every exchange that a front end can get wrong, one for each first word of the path."""

import hashlib
import json
import os
import sys
import time
import urllib.parse


def show(environ, start_response):
    """All that the application sees, as JSON; the body of the request as latin-1."""
    body = environ['wsgi.input'].read()
    seen = {
        'environ': {k: v for k, v in environ.items() if isinstance(v, (str, bool, tuple))},
        'kind': type(environ).__name__,
        'body': body.decode('latin-1'),
        'os.environ': {k: v.encode('utf-8', 'surrogateescape').decode('latin-1')
                       for k, v in os.environ.items()},
        'argv': sys.argv, 'path': sys.path, 'cwd': os.getcwd(), 'pid': os.getpid(),
        'version': sys.version, 'prefix': sys.prefix, 'executable': sys.executable,
    }
    data = json.dumps(seen).encode()
    start_response('200 OK', [('Content-Type', 'application/json'),
                              ('Content-Length', str(len(data)))])
    return [data]


def echo(environ, start_response):
    body = environ['wsgi.input'].read()
    start_response('200 OK', [('Content-Type', 'application/octet-stream'),
                              ('Content-Length', str(len(body)))])
    return [body]


def digest(environ, start_response):
    """Reads in pieces: how many bytes, and their SHA-256."""
    total, h = 0, hashlib.sha256()
    while True:
        data = environ['wsgi.input'].read(65536)
        if not data:
            break
        total += len(data)
        h.update(data)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'%d %s' % (total, h.hexdigest().encode())]


def lines(environ, start_response):
    data = [environ['wsgi.input'].readline(), *environ['wsgi.input']]
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'%d lines, the last %r' % (len(data), data[-1])]


def unread(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'not read']


def length(environ, start_response):
    """A body for HEAD to have none of."""
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '12')])
    return [b'twelve bytes']


def status(environ, start_response):
    """/status/204: that status; a body unless it can have none. A query is its reason."""
    code = environ['PATH_INFO'].split('/')[2]
    reason = urllib.parse.unquote(environ['QUERY_STRING']) or {
        '200': 'OK', '204': 'No Content', '304': 'Not Modified', '404': 'Not Found',
        '418': "I'm a teapot", '201': 'Made here', '503': 'Service Unavailable'}[code]
    headers = [('X-Code', code)]
    if code == '304':
        headers.append(('ETag', '"e"'))
    if code not in ('204', '304'):
        headers.append(('Content-Type', 'text/plain'))
    start_response('%s %s' % (code, reason), headers)
    return [] if code in ('204', '304') else [b'this is ' + code.encode()]


def method(environ, start_response):
    """In a header, for a response to HEAD has nothing else."""
    environ['wsgi.input'].read()
    start_response('200 OK', [('Content-Type', 'text/plain'),
                              ('X-Method', environ['REQUEST_METHOD'])])
    return [b'a body']


def empty(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return []


def bakery(environ, start_response):
    """?N cookies."""
    start_response('200 OK', [('Content-Type', 'text/plain')] + [
        ('Set-Cookie', 'n%d=%s; Path=/' % (i, 'v' * 40))
        for i in range(int(environ['QUERY_STRING']))])
    return [environ['QUERY_STRING'].encode()]


def wide(environ, start_response):
    """A header of ?N bytes."""
    start_response('200 OK', [('Content-Type', 'text/plain'),
                              ('X-Wide', 'w' * int(environ['QUERY_STRING']))])
    return [b'wide']


def repeated(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain'), ('X-Repeated', 'first'),
                              ('X-Repeated', 'second')])
    return [b'repeated']


def tricky(environ, start_response):
    """A body that looks like more headers, and like another response."""
    start_response('200 OK', [('Content-Type', 'text/plain')])
    yield b'\r\n\r\nHTTP/1.1 200 OK\r\n'
    yield b'X-Evil: yes\r\n\r\nStatus: 500\r\n\r\n'


def redirect(environ, start_response):
    start_response('302 Found', [('Location', '/elsewhere?a=b'), ('Content-Type', 'text/plain')])
    return [b'over there']


def away(environ, start_response):
    start_response('301 Moved Permanently', [('Location', 'https://example.org/x'),
                                             ('Content-Type', 'text/plain')])
    return [b'far away']


def cookies(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain'),
                              ('Set-Cookie', 'a=1; Path=/'),
                              ('Set-Cookie', 'b=2; HttpOnly'),
                              ('Set-Cookie', 'c="x,y"; Expires=Wed, 09 Jun 2032 10:18:14 GMT')])
    return [environ.get('HTTP_COOKIE', '').encode('latin-1')]


def chunks(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    for i in range(5):
        yield b'chunk %d\n' % i


def slowly(environ, start_response):
    """The time of making before each chunk, so that a reader sees which one waited."""
    now = [('X-Accel-Buffering', 'no')] if environ['QUERY_STRING'] == 'now' else []
    start_response('200 OK', [('Content-Type', 'text/event-stream'), *now])
    for i in range(4):
        yield b'data: %d\n\n' % i
        time.sleep(0.4)


def binary(environ, start_response):
    start_response('200 OK', [('Content-Type', 'application/octet-stream')])
    return [bytes(range(256)) * 17]


def large(environ, start_response):
    """?BYTES of the pattern 00 01 02 ..., in chunks of 61440."""
    size = int(environ['QUERY_STRING'])
    block = bytes(range(256)) * 240
    start_response('200 OK', [('Content-Type', 'application/octet-stream')])
    while size:
        yield block[:min(size, len(block))]
        size -= min(size, len(block))


def endless(environ, start_response):
    """512 MB, unless the reader leaves; the log has a line at the end."""
    start_response('200 OK', [('Content-Type', 'application/octet-stream')])
    try:
        for _ in range(8192):
            yield b'e' * 65536
    finally:
        print('LOG: endless ended', file=sys.stderr, flush=True)


def file(environ, start_response):
    """A file by wsgi.file_wrapper: the one that the environment names."""
    f = open(os.environ['E2E_FILE'], 'rb')
    start_response('200 OK', [('Content-Type', 'application/octet-stream'),
                              ('Content-Length', str(os.fstat(f.fileno()).st_size))])
    return environ['wsgi.file_wrapper'](f, 65536)


def written(environ, start_response):
    """By write()."""
    write = start_response('200 OK', [('Content-Type', 'text/plain')])
    write(b'one ')
    write(b'two ')
    return [b'three']


def fail(environ, start_response):
    raise RuntimeError('the secret of the traceback')


class Cut:
    """Fails after two chunks; the log tells that it was closed, and how often."""

    def __init__(self, seconds):
        self.left, self.closed, self.seconds = 3, 0, seconds

    def __iter__(self):
        return self

    def __next__(self):
        self.left -= 1
        if not self.left:
            time.sleep(self.seconds)
            raise RuntimeError('cut in the middle')
        return b'x' * 70000

    def close(self):
        self.closed += 1
        print('LOG: closed', self.closed, file=sys.stderr, flush=True)


def cut(environ, start_response):
    """?SECONDS to wait before it fails."""
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return Cut(float(environ.get('QUERY_STRING') or 0))


def short(environ, start_response):
    """Promises more than it sends."""
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '400000')])
    return [b'only these' * 20000]


def log(environ, start_response):
    print('LOG: printed')
    environ['wsgi.errors'].write('LOG: for wsgi.errors \xe9\u20ac\n')
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'logged']


def leave(environ, start_response):
    sys.exit(3)


def slow(environ, start_response):
    time.sleep(float(environ['QUERY_STRING'] or 1))
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'slept']


def application(environ, start_response):
    word = environ.get('PATH_INFO', '').split('/')[1:2]
    handler = HANDLERS.get(word[0] if word else '')
    return (handler or show)(environ, start_response)


HANDLERS = {f.__name__: f for f in (
    echo, digest, lines, unread, length, status, method, empty, bakery, wide, repeated, tricky,
    redirect, away, cookies, chunks, slowly, binary, large, endless, file, written, fail, cut,
    short, log, leave, slow)}
