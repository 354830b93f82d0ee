"""What corner_cases.py asks of an application: the first word of the query chooses."""

import io
import json
import os
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = [('Content-Type', 'text/plain')]


def say(*words):
    print('LOG:', *words, file=sys.stderr, flush=True)


class Body:
    """Chunks, and a line in the log for every close()."""

    def __init__(self, chunks, fail_after=None):
        self.chunks, self.fail_after, self.closed = iter(chunks), fail_after, 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.fail_after is not None:
            self.fail_after -= 1
            if self.fail_after < 0:
                raise RuntimeError('failed in mid-body')
        return next(self.chunks)

    def close(self):
        self.closed += 1
        say('closed', self.closed)


def show(environ, start_response):
    seen = {k: v for k, v in environ.items() if isinstance(v, (str, bool))}
    seen['os.environ'] = sorted(os.environ)
    start_response('200 OK', TEXT)
    return Body([json.dumps(seen).encode()])


def raw(environ, start_response):
    """One variable's bytes: raw=NAME."""
    start_response('200 OK', TEXT)
    return [environ.get(environ['QUERY_STRING'].split('=')[1], '(none)').encode('latin-1')]


def url(environ, start_response):
    from wsgiref.util import application_uri, request_uri
    start_response('200 OK', TEXT)
    return [application_uri(environ).encode(), b' ', request_uri(environ).encode()]


def read(environ, start_response):
    """All of the body, and what another read gives; whether the input is terminated."""
    body = environ['wsgi.input'].read()
    more = environ['wsgi.input'].read()
    start_response('200 OK', TEXT)
    return Body([b'%r %r %r' % (body, more, environ.get('wsgi.input_terminated'))])


def read_error(environ, start_response):
    try:
        got = 'read %d' % len(environ['wsgi.input'].read())
    except Exception as error:
        got = 'error %s' % type(error).__name__
    say(got)
    start_response('200 OK', TEXT)
    return Body([got.encode()])


def echo(environ, start_response):
    start_response('200 OK', TEXT)
    return [environ['wsgi.input'].read()]


def unread(environ, start_response):
    start_response('200 OK', TEXT)
    return [b'unread']


def big(environ, start_response):
    """big=BYTES, one chunk."""
    size = int(environ['QUERY_STRING'].split('=')[1])
    start_response('200 OK', TEXT)
    return [b'z' * size]


def endless(environ, start_response):
    def chunks():
        for _ in range(8192):
            yield b'e' * 65536
    start_response('200 OK', TEXT)
    return Body(chunks())


def cut(environ, start_response):
    start_response('200 OK', TEXT)
    return Body([b'first', b'second'], fail_after=1)


def twice(environ, start_response):
    start_response('200 OK', TEXT)
    start_response('201 Created', TEXT)
    return [b'never']


def twice_exc_before(environ, start_response):
    start_response('200 OK', TEXT)
    try:
        raise KeyError('replaced')
    except KeyError:
        start_response('503 Busy', [('X-Replaced', 'yes')], sys.exc_info())
    return [b'replaced']


def twice_exc_after(environ, start_response):
    write = start_response('200 OK', TEXT)
    write(b'gone already')
    try:
        raise KeyError('raised again')
    except KeyError:
        start_response('503 Busy', [('X-Replaced', 'yes')], sys.exc_info())
    return [b'never']


def never_started(environ, start_response):
    yield b'no start_response'


def empty(environ, start_response):
    start_response('200 OK', TEXT)
    return []


def empty_first(environ, start_response):
    start_response('200 OK', TEXT)
    return [b'', b'x']


def bad(environ, start_response):
    """bad=NAME: a header or a status that is not allowed."""
    status, headers = {
        'status-cr': ('200 OK\rX: y', []), 'status-lf': ('200 OK\nX: y', []),
        'status-nul': ('200 O\0K', []),
        'value-cr': ('200 OK', [('X', 'a\rb')]), 'value-lf': ('200 OK', [('X', 'a\nEvil: b')]),
        'value-crlf': ('200 OK', [('X', 'a\r\nEvil: b')]), 'value-nul': ('200 OK', [('X', 'a\0b')]),
        'name-lf': ('200 OK', [('X\nEvil', 'b')]), 'name-nul': ('200 OK', [('X\0', 'b')]),
        'hop-connection': ('200 OK', [('Connection', 'close')]),
        'hop-te': ('200 OK', [('Transfer-Encoding', 'chunked')]),
        'hop-case': ('200 OK', [('kEEP-aLIVE', '1')]),
    }[environ['QUERY_STRING'].split('=')[1]]
    start_response(status, headers)
    return [b'never to be sent']


def with_length(environ, start_response):
    """with_length=STATUS,LENGTH,SENT"""
    code, promised, sent = environ['QUERY_STRING'].split('=')[1].split(',')
    headers = TEXT + ([('Content-Length', promised)] if promised else [])
    start_response(code + ' Words', headers)
    return Body([b'b' * int(sent)])


class NoFileno:
    def __init__(self, data):
        self.data = io.BytesIO(data)
        self.read = self.data.read

    def close(self):
        say('closed')


class Counted(io.BytesIO):
    def close(self):
        if not self.closed:
            say('closed')
        super().close()


class CountedFile(io.FileIO):
    def close(self):
        if not self.closed:
            say('closed')
        super().close()


def wrapped(environ, start_response):
    """wrapped=KIND: wsgi.file_wrapper over it."""
    kind = environ['QUERY_STRING'].split('=')[1]
    data = b''.join(b'%06d\n' % i for i in range(5000))
    wrapper = environ['wsgi.file_wrapper']
    path = os.environ['E2E_FILE']
    start_response('200 OK', TEXT)
    if kind == 'bytesio':
        return wrapper(Counted(data))
    if kind == 'no-fileno':
        return wrapper(NoFileno(data), 1000)
    if kind == 'block-8':
        return wrapper(CountedFile(path), 8)
    file = CountedFile(path)
    if kind == 'offset':
        file.seek(100)
    if kind == 'end':
        file.seek(0, 2)
    return wrapper(file)


def prints(environ, start_response):
    print('LOG: printed at first')
    sys.stdout.write('LOG: written\n')
    os.write(1, b'LOG: straight to descriptor 1\n')
    environ['wsgi.errors'].write('LOG: an error line\n')
    start_response('200 OK', TEXT)
    print('LOG: printed later')
    return [b'clean']


def exits(environ, start_response):
    word = environ['QUERY_STRING'].split('=')[1]
    if word == 'sys.exit':
        sys.exit(7)
    raise {'SystemExit': SystemExit, 'KeyboardInterrupt': KeyboardInterrupt,
           'GeneratorExit': GeneratorExit}[word]('by the application')


def children(environ, start_response):
    """The descriptors above 2 that a child sees, by exec and by fork."""
    code = ('import os\nfor fd in range(3, 200):\n'
            '    try: print(fd, os.readlink("/proc/self/fd/%d" % fd))\n    except OSError: pass')
    done = subprocess.run([sys.executable, '-c', code], close_fds=False, stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL)
    start_response('200 OK', TEXT)
    return [done.stdout]


def thread(environ, start_response):
    got = []
    t = threading.Thread(target=lambda: got.append(threading.current_thread().name))
    t.start()
    t.join()
    start_response('200 OK', TEXT)
    return [b'threads: %d' % len(got)]


def forks(environ, start_response):
    """A child that ends without a word of ours; and one that stays behind for a while."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, b'from the child')
        os._exit(0)
    os.waitpid(child, 0)
    start_response('200 OK', TEXT)
    data = os.read(reader, 100)
    os.close(reader), os.close(writer)
    return [data]


def lingers(environ, start_response):
    """Leaves a grandchild behind that lives longer than the request."""
    subprocess.Popen(['/bin/sleep', '4'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL, close_fds=False)
    start_response('200 OK', TEXT)
    return [b'left one behind']


def application(environ, start_response):
    word = environ.get('QUERY_STRING', '').split('=')[0].split('&')[0]
    return HANDLERS.get(word, show)(environ, start_response)


HANDLERS = {name: f for name, f in list(globals().items())
            if callable(f) and name.islower() and f.__module__ == __name__}
