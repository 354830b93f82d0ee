"""The examples: each C program answers what its Python twin answers, as programs and on the gateways.

Environment: BUILD, the folder of the binaries. Words on the command line choose tests by name.
"""

import gzip
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get('BUILD', os.path.join(REPO, 'build')))
SOURCES = os.path.join(REPO, 'tests', 'examples')
BUILT = os.path.join(BUILD, 'examples')
TEMP = tempfile.mkdtemp(prefix='wsgi-examples-')
WAIT = 30

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def same(seen, wanted, what=''):
    assert seen == wanted, '%s: seen %r, wanted %r' % (what, seen, wanted)


class Server:
    """A process that prints where it serves."""

    def __init__(self, *words, cwd=TEMP):
        self.log = tempfile.TemporaryFile('w+', dir=TEMP)
        env = dict(os.environ, PYTHONUNBUFFERED='1', PYTHONDONTWRITEBYTECODE='1')
        self.process = subprocess.Popen(words, cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=subprocess.STDOUT)
        end = time.monotonic() + WAIT
        while not (found := re.search(r':(\d+)(/|\.\.\.|,)', self.said())):
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop(signal.SIGKILL)
                raise AssertionError(self.said())
            time.sleep(.02)
        self.port = int(found[1])

    def said(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop(signal.SIGKILL)
        self.log.close()

    def stop(self, how):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(WAIT)

    def ask(self, path, method='GET', body=None, **headers):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=WAIT)
        try:
            connection.request(method, path, body,
                               {name.replace('_', '-'): v for name, v in headers.items()})
            response = connection.getresponse()
            response.body = response.read()
            return response
        finally:
            connection.close()

    def answer(self, path, method='GET', body=None, **headers):
        """What a twin must say too. wsgiref's own server sends a body with HEAD; no matter."""
        response = self.ask(path, method, body, **headers)
        return (response.status, response.reason, response.getheader('Content-Type'),
                response.getheader('Content-Length'), response.body)


def program(name, *words, cwd=TEMP):
    return Server(os.path.join(BUILT, name), *words, cwd=cwd)


def script(name, *words, cwd=TEMP):
    return Server(sys.executable, os.path.join(SOURCES, name + '.py'), *words, cwd=cwd)


def serve(application, *words, cwd=TEMP):
    return Server(os.path.join(BUILD, 'wsgi-serve'), '--python', sys.executable,
                  '--bind', '127.0.0.1:0', *words, application, cwd=cwd)


def serve_c(name, callable='application', cwd=TEMP):
    return serve('%s/%s.so:%s' % (BUILT, name, callable), cwd=cwd)


def serve_python(name, callable='application', cwd=TEMP):
    return serve('%s/%s.py:%s' % (SOURCES, name, callable), cwd=cwd)


def cgi(application, **request):
    env = {'GATEWAY_INTERFACE': 'CGI/1.1', 'SERVER_PROTOCOL': 'HTTP/1.1', 'REQUEST_METHOD': 'GET',
           'SERVER_NAME': 'h', 'SERVER_PORT': '80', 'SCRIPT_NAME': '', 'PATH_INFO': '/',
           'QUERY_STRING': '', 'PATH': '/usr/bin:/bin', 'LC_ALL': 'C.UTF-8',
           'PYTHONDONTWRITEBYTECODE': '1'}
    p = subprocess.run([os.path.join(BUILD, 'wsgi-cgi'), '--python', sys.executable, application],
                       env=dict(env, **request), stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=WAIT)
    same((p.returncode, p.stderr), (0, b''), application)
    return p.stdout


# hello_world

@test
def hello_world_is_the_same_in_c_and_in_python_everywhere():
    wanted = (200, 'OK', 'text/plain; charset=utf-8', '11', b'Hello World')
    for start in (lambda: program('hello_world', '0'), lambda: script('hello_world', '0'),
                  lambda: serve_c('hello_world', 'hello_world_app'),
                  lambda: serve_python('hello_world', 'hello_world_app')):
        with start() as server:
            same(server.answer('/'), wanted, server.said())
            same(server.answer('/any/where?x=1'), wanted, server.said())
            same(server.answer('/', 'HEAD')[:4], wanted[:4], server.said())


@test
def hello_world_is_the_same_by_cgi():
    pages = [cgi('%s/hello_world.%s:hello_world_app' % where)
             for where in ((BUILT, 'so'), (SOURCES, 'py'))]
    same(pages[0], b'Status: 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n'
                   b'Content-Length: 11\r\n\r\nHello World')
    same(pages[1], pages[0])


@test
def a_port_in_use_is_told():
    with socket.create_server(('', 0)) as taken:
        port = str(taken.getsockname()[1])
        p = subprocess.run([os.path.join(BUILT, 'hello_world'), port], capture_output=True,
                           timeout=WAIT)
    same((p.returncode, p.stdout), (1, b''))
    assert p.stderr.startswith(b'hello_world: ') and port.encode() in p.stderr, p.stderr


# serve_directory

FILES = {
    'index.html': b'<p>index', 'a.txt': b'text', 'style.css': b'css', 'x.json': b'{}',
    'x.png': b'\x89PNG\r\n\x1a\n\0', 'x.svg': b'<svg/>', 'big.txt': b'0123456789abcdef' * 65536,
    'empty.txt': b'', 'x.html.gz': b'gz', 'x.unknown': b'?', 'UPPER.HTML': b'upper',
    'sub/index.html': b'<p>sub', 'sub/a.b/index.html': b'<p>a.b', 'd\xe9j\xe0.txt': b'accents',
    'a b.txt': b'blank',
}
# Path, status, type; the body is the file's.
PATHS = [
    ('/', 200, 'text/html', 'index.html'),
    ('/index.html', 200, 'text/html', 'index.html'),
    ('/index', 404, 'text/plain', None),
    ('/a.txt', 200, 'text/plain', 'a.txt'),
    ('//a.txt', 200, 'text/plain', 'a.txt'),
    ('/./a.txt', 200, 'text/plain', 'a.txt'),
    ('/a.txt?query', 200, 'text/plain', 'a.txt'),
    ('/style.css', 200, 'text/css', 'style.css'),
    ('/x.json', 200, 'application/json', 'x.json'),
    ('/x.png', 200, 'image/png', 'x.png'),
    ('/x.svg', 200, 'image/svg+xml', 'x.svg'),
    ('/UPPER.HTML', 200, 'text/html', 'UPPER.HTML'),
    ('/x.unknown', 200, 'application/octet-stream', 'x.unknown'),
    ('/x.html.gz', 200, 'application/octet-stream', 'x.html.gz'),
    ('/big.txt', 200, 'text/plain', 'big.txt'),
    ('/empty.txt', 200, 'text/plain', 'empty.txt'),
    ('/a%20b.txt', 200, 'text/plain', 'a b.txt'),
    ('/d%C3%A9j%C3%A0.txt', 200, 'text/plain', 'd\xe9j\xe0.txt'),
    ('/sub', 200, 'text/html', 'sub/index.html'),
    ('/sub/', 200, 'text/html', 'sub/index.html'),
    ('/sub/a.b/', 200, 'text/html', 'sub/a.b/index.html'),
    ('/sub/a.b', 404, 'text/plain', None),
    ('/link.txt', 200, 'text/plain', 'a.txt'),
    ('/dead.txt', 404, 'text/plain', None),
    ('/pipe.txt', 404, 'text/plain', None),
    ('/nothing.txt', 404, 'text/plain', None),
    ('/a.txt/', 404, 'text/plain', None),
    ('/' + 'x' * 300 + '.txt', 404, 'text/plain', None),
    # Ways out.
    ('/../secret.txt', 404, 'text/plain', None),
    ('/%2e%2e/secret.txt', 404, 'text/plain', None),
    ('/..%2fsecret.txt', 404, 'text/plain', None),
    ('/sub/../../secret.txt', 404, 'text/plain', None),
    ('/sub/../a.txt', 404, 'text/plain', None),
    ('/..', 404, 'text/plain', None),
    ('//etc/passwd.txt', 404, 'text/plain', None),
    ('/%2fetc/hosts.txt', 404, 'text/plain', None),
    ('/a.txt%00', 404, 'text/plain', None),
    ('/a.txt%00.png', 404, 'text/plain', None),
]


def make_folder():
    folder = os.path.join(TEMP, 'folder')
    if os.path.exists(folder):
        return folder
    for name, content in FILES.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(content)
    with open(os.path.join(TEMP, 'secret.txt'), 'w') as f:
        f.write('secret')
    os.symlink('a.txt', os.path.join(folder, 'link.txt'))
    os.symlink('gone.txt', os.path.join(folder, 'dead.txt'))
    os.mkfifo(os.path.join(folder, 'pipe.txt'))
    return folder


@test
def a_folder_is_served_the_same_in_c_and_in_python_and_nothing_else_is():
    folder = make_folder()
    for start in (lambda: program('serve_directory', folder, '0'),
                  lambda: script('serve_directory', folder, '0'),
                  lambda: serve_c('serve_directory', cwd=folder),
                  lambda: serve_python('serve_directory', cwd=folder)):
        with start() as server:
            for path, status, mime_type, name in PATHS:
                body = FILES[name] if name else b'not found'
                reason = 'OK' if status == 200 else 'Not Found'
                same(server.answer(path), (status, reason, mime_type, str(len(body)), body),
                     '%s: %s' % (server.process.args, path))


def interrupt(server):
    """By control-C, more than once: wsgiref swallows one that comes while it ends a request."""
    for _ in range(WAIT):
        server.process.send_signal(signal.SIGINT)
        try:
            return server.process.wait(1)
        except subprocess.TimeoutExpired:
            pass
    raise AssertionError(server.said())


@test
def control_c_ends_the_server_in_peace():
    folder = make_folder()
    for start, end in ((program, lambda server: server.stop(signal.SIGINT)), (script, interrupt)):
        with start('serve_directory', folder, '0') as server:
            same(server.answer('/a.txt')[0], 200)
            same(end(server), 0)
            assert server.said().startswith('Serving %s on 0.0.0.0:' % folder), server.said()
            assert server.said().endswith('Shutting down.\n'), server.said()


@test
def the_present_folder_is_the_default_and_one_that_is_none_is_told():
    p = subprocess.run([os.path.join(BUILT, 'serve_directory'), 'nowhere'], cwd=TEMP,
                       capture_output=True, timeout=WAIT)
    same((p.returncode, p.stderr), (1, b'nowhere: No such file or directory\n'))


# env_dump

def lines(answer):
    """The lines of a dump, without what differs from one connection to the next."""
    kept = [line for line in answer.decode('latin-1').splitlines()
            if not re.match(r'(REMOTE_PORT|SERVER_PORT|HTTP_HOST): ', line)]
    return sorted(kept)


@test
def the_environ_is_the_same_in_c_and_in_python():
    with serve_c('env_dump') as c, serve_python('env_dump') as python:
        answers = [s.answer('/a%C3%A9?q=%20', X_One='1', Cookie='a=b') for s in (c, python)]
    same(answers[0][:3], (200, 'OK', 'text/plain; charset=utf-8'))
    same(lines(answers[0][4]), lines(answers[1][4]))
    for line in (b'PATH_INFO: /a\xc3\xa9', b'QUERY_STRING: q=%20', b'HTTP_X_ONE: 1',
                 b'wsgi.url_scheme: http'):
        assert line in answers[0][4].splitlines(), (line, answers[0][4])


@test
def what_is_missing_in_the_environ_is_made_up():
    pages = [cgi('%s/env_dump.%s' % where).partition(b'\r\n\r\n')[2]
             for where in ((BUILT, 'so'), (SOURCES, 'py'))]
    same(lines(pages[0]), lines(pages[1]))
    assert b'\nHTTP_HOST: h\n' in pages[0], pages[0]


# form

FIELDS = [('', b''), ('a=1&b=2', b''), ('a=%3Cb%3E+%26%22%27', b''), ('x', b'y=z&y=%C3%A9&&='),
          ('', b'name=A+B&text=%0D%0A%00'), ('a=1;b=2', b'a=%zz;b'), ('', b'a=' + b'x' * 65534)]
TYPE = 'application/x-www-form-urlencoded'


@test
def a_form_is_read_the_same_in_c_and_in_python():
    with serve_c('form') as c, serve_python('form') as python:
        for query, body in FIELDS:
            answers = [s.answer('/?' + query, 'POST', body, Content_Type=TYPE)
                       for s in (c, python)]
            same(answers[0], answers[1], (query, body[:50]))
            same(answers[0][:3], (200, 'OK', 'text/html; charset=utf-8'))
            same(c.answer('/?' + query), python.answer('/?' + query))
        page = c.answer('/?a=%3Cb%3E', 'POST', b'c+d=%C3%A9', Content_Type=TYPE)[4]
    assert b'<dt>a</dt><dd>&lt;b&gt;</dd>\n' in page, page
    assert b'<dt>c d</dt><dd>\xc3\xa9</dd>\n' in page, page


@test
def a_form_too_large_is_refused():
    with serve_c('form') as c, serve_python('form') as python:
        answers = [s.answer('/', 'POST', b'a=' + b'x' * 65535) for s in (c, python)]
    same(answers[0], (413, 'Content Too Large', 'text/plain', '10', b'too large\n'))
    same(answers[1], answers[0])


# site

NUMBERS = b''.join(b'%d\n' % n for n in range(1000))


@test
def a_site_is_compressed_for_those_who_accept_it():
    with serve_c('site') as server:
        packed = server.ask('/numbers/1000', Accept_Encoding='gzip')
        plain = server.ask('/numbers/1000')
        head = server.ask('/numbers/1000', 'HEAD', Accept_Encoding='gzip')
    same((packed.status, packed.getheader('Content-Encoding'), packed.getheader('Vary'),
          packed.getheader('Content-Length')), (200, 'gzip', 'Accept-Encoding', None))
    same(gzip.decompress(packed.body), NUMBERS)
    assert len(packed.body) < len(NUMBERS) // 1.5, len(packed.body)
    same((plain.getheader('Content-Encoding'), plain.getheader('Vary')), (None, 'Accept-Encoding'))
    same(plain.body, NUMBERS)
    same((head.status, head.getheader('Content-Encoding'), head.body), (200, 'gzip', b''))


@test
def a_compressed_page_of_one_chunk_has_its_length():
    with serve_c('site') as server:
        packed = server.ask('/demo', Accept_Encoding='gzip, deflate, br')
        short = server.ask('/', Accept_Encoding='gzip')
    same(packed.getheader('Content-Encoding'), 'gzip')
    same(int(packed.getheader('Content-Length')), len(packed.body))
    text = gzip.decompress(packed.body).decode()
    assert text.startswith('Hello world!') and "SCRIPT_NAME = '/demo'" in text, text
    same((short.status, short.getheader('Content-Encoding'), short.getheader('Vary')),
         (200, None, None))


@test
def curl_unpacks_it():
    with serve_c('site') as server:
        out = subprocess.run(['curl', '-sSf', '--compressed',
                              'http://127.0.0.1:%d/numbers/1000' % server.port],
                             capture_output=True, timeout=WAIT)
    same((out.returncode, out.stdout, out.stderr), (0, NUMBERS, b''))


@test
def a_site_has_its_pages_where_they_are_mounted():
    with serve_c('site') as server:
        same(server.answer('/numbers/3')[4], b'0\n1\n2\n')
        same(len(server.answer('/numbers')[4].splitlines()), 100)
        same(len(server.answer('/numbers/')[4].splitlines()), 100)
        same(server.answer('/numbersx')[:2], (404, 'Not Found'))
        assert b"PATH_INFO = '/x'\n" in server.answer('/demo/x')[4]


@test
def a_site_is_served_by_fastcgi_too():
    path = os.path.join(TEMP, 'site.sock')
    backend = subprocess.Popen([os.path.join(BUILD, 'wsgi-fcgi'), '--bind', 'unix:' + path,
                                os.path.join(BUILT, 'site.so')], stdin=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + WAIT
        while not os.path.exists(path):
            assert backend.poll() is None and time.monotonic() < end
            time.sleep(.02)
        with Server(os.path.join(BUILD, 'wsgi-serve'), '--bind', '127.0.0.1:0',
                    '--fcgi', 'unix:' + path) as server:
            packed = server.ask('/numbers/1000', Accept_Encoding='gzip')
            same(gzip.decompress(packed.body), NUMBERS)
    finally:
        backend.terminate()
        backend.wait(WAIT)


# all of them

APPLICATIONS = [os.path.join(BUILT, 'site.so')] + [
    '%s/%s%s' % (folder, name, end)
    for name in ('hello_world', 'serve_directory', 'env_dump', 'form')
    for folder, end in ((BUILT, '.so'), (SOURCES, '.py'))]


@test
def they_keep_the_rules_of_pep_3333():
    for application in APPLICATIONS:
        if 'hello_world' in application:
            application += ':hello_world_app'
        with serve(application, '--validate', cwd=make_folder()) as server:
            for method in ('GET', 'HEAD', 'POST'):
                for path in ('/', '/a.txt', '/numbers/500'):
                    body = b'a=1' if method == 'POST' else None
                    answer = server.ask(path, method, body, Accept_Encoding='gzip')
                    assert answer.status in (200, 404), (application, server.said())
            said = [line for line in server.said().splitlines()
                    if ' listening on ' not in line and ' HTTP/1.1" ' not in line]
            same(said, [], application)


def main():
    passed = failed = 0
    try:
        for function in TESTS:
            if sys.argv[1:] and not any(word in function.__name__ for word in sys.argv[1:]):
                continue
            try:
                function()
            except Exception:
                failed += 1
                print('FAIL %s\n%s' % (function.__name__, traceback.format_exc()), flush=True)
            else:
                passed += 1
    finally:
        shutil.rmtree(TEMP, ignore_errors=True)
    print('%d passed, %d failed' % (passed, failed))
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
