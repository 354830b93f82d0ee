"""What wsgiref answers to a request, in a forked process whose streams are files.

Three things are right otherwise than the installed wsgiref does them:
  - control characters in a status or a header are refused, as CPython does since 2026;
  - wsgi.input ends at CONTENT_LENGTH, as PEP 3333 has it; one that is no number allows nothing;
  - print() goes to standard error: a response holds what the application returned.
"""
import gc
import importlib.util
import io
import operator
import os
import re
import subprocess
import sys
import traceback
from wsgiref import handlers, headers, validate  # noqa: F401 (validate: for the applications)

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, 'corpus')
IN_NAME = re.compile('[\0-\x1f\x7f]')
IN_VALUE = re.compile('[\0-\x08\n-\x1f\x7f]')
NUMBER = re.compile(r'[ \t\n\v\f\r]*\+?([0-9]+)[ \t\n\v\f\r]*')
MUCH = 1 << 30


class Answer:
    """What a program wrote, and its exit status; ended: whether a FastCGI response was whole."""

    def __init__(self, out, err, code=0, notes=()):
        self.out, self.err, self.code, self.notes = out, err, code, list(notes)


# In the process that answers.

class Headers(headers.Headers):
    def __init__(self, items=None):
        super().__init__(items)
        for name, value in self._headers:
            if IN_NAME.search(name) or IN_VALUE.search(value):
                raise ValueError('Control characters not allowed in headers')


class Careful:
    """What every handler here does otherwise than its base."""
    headers_class = Headers
    os_environ = {}

    def start_response(self, status, headers, exc_info=None):
        if type(status) is str and IN_NAME.search(status) and (exc_info or self.headers is None):
            raise ValueError('Control characters are not allowed in status')
        return super().start_response(status, headers, exc_info)

    def get_stdin(self):
        text = self.environ.get('CONTENT_LENGTH', '')
        if text == '':
            return self.stdin
        number = NUMBER.fullmatch(text)
        length = int(number.group(1)) if number else 0
        return io.BytesIO(self.stdin.read(min(length, MUCH)))


class Cgi(Careful, handlers.CGIHandler):
    pass


class Iis(Careful, handlers.IISCGIHandler):
    pass


class Fcgi(Careful, handlers.BaseCGIHandler):
    pass


def make(mode, environ):
    if mode != 'fcgi':
        return (Iis if mode == 'iis' else Cgi)()
    variables = {k.decode('latin-1'): v.decode('latin-1') for k, v in environ.items()}
    return Fcgi(sys.stdin.buffer, sys.stdout.buffer, sys.stderr, variables, False, True)


def load(app):
    """The callable of "script.py[:callable]", as a gateway finds it."""
    script, _, name = app.partition(':')
    path = os.path.join(CORPUS, script)
    sys.argv = [path]
    sys.path.insert(0, CORPUS)
    spec = importlib.util.spec_from_file_location('the_script', path)
    module = importlib.util.module_from_spec(spec)
    sys.modules['the_script'] = module
    spec.loader.exec_module(module)
    return operator.attrgetter(name or 'application')(module)


def respond(mode, app, environ):
    """Answer from descriptor 0 on 1 and 2; returns the exit status."""
    try:
        application = load(app)
        handler = make(mode, environ)
        sys.stdout = sys.stderr
        handler.run(application)
        return 0
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else error.code is not None
    except BaseException:
        traceback.print_exc()
        return 1


def text_stream(fd, mode, errors, **more):
    return io.TextIOWrapper(open(fd, mode + 'b', closefd=False), 'utf-8', errors, **more)


def child(mode, request):
    """The forked process: as if an interpreter had just been started."""
    if mode != 'fcgi':
        os.environb.clear()
        os.environb.update({**request.process, **request.env})
    sys.stdin = text_stream(0, 'r', 'surrogateescape')
    sys.stdout = out = text_stream(1, 'w', 'surrogateescape')
    sys.stderr = text_stream(2, 'w', 'backslashreplace', line_buffering=True)
    status = respond(mode, request.app, request.env)
    sys.modules.pop('the_script', None)
    gc.collect()
    out.flush()
    sys.stderr.flush()
    return status


# In the process that asks.

def memory_file(data=b''):
    fd = os.memfd_create('stream')
    with open(fd, 'wb', closefd=False) as f:
        f.write(data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def contents(fd):
    os.lseek(fd, 0, os.SEEK_SET)
    with open(fd, 'rb') as f:
        return f.read()


def forked(function, body):
    """Run function in a child with body as its standard input."""
    streams = [memory_file(body), memory_file(), memory_file()]
    pid = os.fork()
    if pid == 0:
        status = 99
        try:
            for number, fd in enumerate(streams):
                os.dup2(fd, number)
            status = function()
        finally:
            os._exit(int(status) & 255)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(streams[0])
    return Answer(contents(streams[1]), contents(streams[2]), code)


def execute(argv, block):
    """Become a program with an environment block given entry by entry, as no dict can have it."""
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    words = (ctypes.c_char_p * (len(argv) + 1))(*[os.fsencode(a) for a in argv], None)
    entries = (ctypes.c_char_p * (len(block) + 1))(*block, None)
    libc.execve(os.fsencode(argv[0]), words, entries)
    return 98


FRESH = 'import sys; sys.path[0:0] = sys.argv[1:2]; import answers; ' \
        'sys.exit(answers.respond(sys.argv[2], sys.argv[3], {}))'


def answer(mode, request):
    """What wsgiref says."""
    if request.block or request.process_differs:
        argv = [sys.executable, '-B', '-s', '-c', FRESH, HERE, mode, request.app]
        return run(argv, request)
    return forked(lambda: child(mode, request), request.body)


def run(argv, request):
    """What a CGI program says."""
    if request.block:
        block = [k + b'=' + v for k, v in {**request.process, **request.env}.items()]
        return forked(lambda: execute(argv, block + request.block), request.body)
    try:
        done = subprocess.run(argv, env={**request.process, **request.env}, input=request.body,
                              capture_output=True, timeout=60, cwd='/')
    except subprocess.TimeoutExpired as late:
        return Answer(late.stdout or b'', late.stderr or b'', 0, ['time     no end in 60 s'])
    return Answer(done.stdout, done.stderr, done.returncode)
