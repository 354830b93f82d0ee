"""What the tests of this folder ask of an application: the first word of the query chooses."""

import gc
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

TEXT = [('Content-Type', 'text/plain')]
KEPT = []  # of earlier requests: (environ, start_response, write)
FILES = []
DATA = b''.join(b'%05d\n' % i for i in range(4000))


def say(*words):
    print('LOG:', *words, file=sys.stderr, flush=True)


def outcome(function, *arguments):
    """What a call gives, or its exception in words."""
    try:
        return repr(function(*arguments))
    except Exception as error:
        return '%s: %s' % (type(error).__name__, error)


# -- objects that outlive their request ------------------------------------------------------------

def keep(environ, start_response):
    write = start_response('200 OK', TEXT)
    KEPT.append((environ, start_response, write))
    return [b'kept %d' % len(KEPT)]


def used(environ, start_response, write):
    """Every use of what a request was given."""
    f, errors = environ['wsgi.input'], environ['wsgi.errors']
    return {
        'read': outcome(f.read), 'read 0': outcome(f.read, 0), 'readline': outcome(f.readline),
        'readlines': outcome(f.readlines), 'iter': outcome(lambda: list(f)),
        'write of errors': outcome(errors.write, 'x'), 'flush': outcome(errors.flush),
        'writelines': outcome(errors.writelines, ['x']), 'write': outcome(write, b'x'),
        'start_response': outcome(start_response, '200 OK', [])}


def use(environ, start_response):
    out = [used(*kept) for kept in KEPT]
    start_response('200 OK', TEXT)
    return [json.dumps(out).encode()]


def use_environ(environ, start_response):
    """The dict itself is the application's for ever."""
    old = KEPT[-1][0]
    start_response('200 OK', TEXT)
    return [json.dumps([type(old).__name__, old['QUERY_STRING'], old['REQUEST_METHOD']]).encode()]


def forget(environ, start_response):
    KEPT.clear()
    gc.collect()
    start_response('200 OK', TEXT)
    return [b'forgotten']


def thread_later(environ, start_response):
    """A thread that reads, writes and logs when the request has long ended."""
    write = start_response('200 OK', TEXT)

    def work():
        time.sleep(0.2)
        say('thread', sorted(set(used(environ, start_response, write).values())))
    threading.Thread(target=work).start()
    return [b'thread started']


def cycle(environ, start_response):
    """Objects of the request in a cycle, so that only the collector frees them."""
    write = start_response('200 OK', TEXT)
    loop = [environ, start_response, write]
    loop.append(loop)
    environ['loop'] = loop
    return [b'cycle']


# -- environ, files --------------------------------------------------------------------------------

def types(environ, start_response):
    start_response('200 OK', TEXT)
    plain = {k: type(v).__name__ for k, v in environ.items() if not k.startswith('wsgi.')}
    return [json.dumps([type(environ).__name__, sorted(set(plain.values())),
                        environ['PATH_INFO'], environ['wsgi.version']]).encode()]


def temporary(seek=0):
    file = tempfile.TemporaryFile()
    file.write(DATA)
    file.seek(seek)
    return file


def after_a_read():
    file = temporary()
    file.read(100)
    return file


def named():
    file = tempfile.NamedTemporaryFile()
    file.write(DATA)
    file.seek(60)
    return file


def compressed():
    inner = io.BytesIO(gzip.compress(DATA))
    return gzip.GzipFile(fileobj=inner)


def piped():
    r, w = os.pipe()
    os.write(w, DATA[:6000])
    os.close(w)
    return os.fdopen(r, 'rb')


SOURCES = {'gzip': compressed, 'bytes': lambda: io.BytesIO(DATA), 'read': after_a_read,
           'named': named, 'pipe': piped, 'file': temporary, 'raw': lambda: open(__file__, 'rb', 0)}


def wrapped(environ, start_response):
    FILES[:] = [SOURCES[environ['QUERY_STRING'].split('=')[1]]()]
    start_response('200 OK', TEXT)
    return environ['wsgi.file_wrapper'](FILES[0], 512)


def file_closed(environ, start_response):
    start_response('200 OK', TEXT)
    return [repr(FILES[0].closed).encode()]


# -- the process -----------------------------------------------------------------------------------

def process(environ, start_response):
    start_response('200 OK', TEXT)
    return [json.dumps({
        'argv': sys.argv, 'path': sys.path, 'cwd': os.getcwd(), 'os.environ': dict(os.environ),
        'proxy': environ.get('HTTP_PROXY'), 'pid': os.getpid(), 'thread': threading.get_ident(),
        'multithread': environ['wsgi.multithread'], 'executable': sys.executable,
        'name': __name__, 'file': __file__}).encode()]


def prints(environ, start_response):
    print('LOG: printed')
    sys.stdout.write('LOG: written to sys.stdout\n')
    sys.stdout.flush()
    os.write(1, b'LOG: written to descriptor 1\n')
    subprocess.run(['echo', 'LOG: by a child'])
    start_response('200 OK', TEXT)
    return [b'the body alone']


EXITS = {'SystemExit': SystemExit, 'SystemExit3': lambda: SystemExit(3), 'exit': sys.exit,
         'KeyboardInterrupt': KeyboardInterrupt, 'GeneratorExit': GeneratorExit}


def leave(environ, start_response):
    raise EXITS[environ['QUERY_STRING'].split('=')[1]]()


def leave_later(environ, start_response):
    start_response('200 OK', TEXT)
    yield b'some '
    raise EXITS[environ['QUERY_STRING'].split('=')[1]]()


def interrupt(environ, start_response):
    """SIGINT reaches the process while Python runs."""
    signal.raise_signal(signal.SIGINT)
    for _ in range(1000):
        pass
    start_response('200 OK', TEXT)
    return [b'went on']


def descriptors(environ, start_response):
    """What a child finds open, though nobody asked for anything to be closed."""
    start_response('200 OK', TEXT)
    script = 'for d in /proc/self/fd/*; do readlink $d && echo $d; done'
    done = subprocess.run(['sh', '-c', script], close_fds=False, stdout=subprocess.PIPE)
    return [done.stdout]


def own_descriptors(environ, start_response):
    start_response('200 OK', TEXT)
    return [b'%d' % len(os.listdir('/proc/self/fd'))]


def forks(environ, start_response):
    """A child that leaves as Python programs do, in the middle of the request."""
    pid = os.fork()
    if pid == 0:
        sys.exit(0)
    os.waitpid(pid, 0)
    start_response('200 OK', TEXT)
    return [b'one response']


def spoil(environ, start_response):
    seen = [(name, value if isinstance(value, (str, bool)) else type(value).__name__)
            for name, value in environ.items()]
    body = environ['wsgi.input'].read().decode('latin-1')
    environ['PATH_INFO'] = environ['wsgi.input'] = environ['MINE'] = 'spoilt'
    del environ['SERVER_NAME'], environ['wsgi.errors']
    start_response('200 OK', TEXT)
    return [json.dumps([seen, body]).encode()]


# -- threads, many requests ------------------------------------------------------------------------

def sleep(environ, start_response):
    time.sleep(float(environ['QUERY_STRING'].split('=')[1]))
    start_response('200 OK', TEXT)
    return [b'%d' % threading.get_ident()]


def hello(environ, start_response):
    start_response('200 OK', TEXT)
    return [b'hello ', environ['wsgi.input'].read()]


def lines(environ, start_response):
    start_response('200 OK', TEXT)
    for line in environ['wsgi.input']:
        yield line.upper()


def writes(environ, start_response):
    write = start_response('200 OK', TEXT + [('X-Long', 'x' * 500)])
    write(b'written ')
    return iter([b'and ', b'returned'])


def replaced(environ, start_response):
    start_response('200 OK', TEXT)
    try:
        raise KeyError('x' * 100)
    except KeyError:
        start_response('503 Own', TEXT, sys.exc_info())
    return (b'own page',)


def refused(environ, start_response):
    start_response('200 OK\n', TEXT)


def fails(environ, start_response):
    raise ValueError('x' * 200)


def application(environ, start_response):
    name = environ['QUERY_STRING'].split('=')[0]
    return globals()[name](environ, start_response)


number = 42
