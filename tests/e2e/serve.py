"""wsgi-serve as its users meet it: http.client, curl and raw sockets against real processes.

Environment: BUILD, the folder of the binaries. Words on the command line choose the tests.
"""

import contextlib
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import warnings

import runner

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get('BUILD', os.path.join(REPO, 'build')))
TEMP = tempfile.mkdtemp(prefix='wsgi-serve-test-')
WAIT = 30
MEGABYTE = b'x' * (1 << 20)

APPLICATION = '''\
import contextlib, hashlib, json, os, sys, time

def body_of(env):
    while True:
        data = env['wsgi.input'].read(50000)
        if not data:
            return
        yield data

def show(env, start):
    text = {k: v for k, v in env.items() if isinstance(v, (str, bool))}
    text['PROCESS_HTTP_PROXY'] = os.environ.get('HTTP_PROXY', 'none')
    start('200 OK', [('Content-Type', 'application/json')])
    return [json.dumps(text).encode()]

def digest(env, start):
    sha, size = hashlib.sha256(), 0
    for data in body_of(env):
        sha.update(data)
        size += len(data)
    start('200 OK', [('Content-Type', 'text/plain')])
    return [('%d %s' % (size, sha.hexdigest())).encode()]

def late(env, start):
    time.sleep(.3)
    return digest(env, start)

def slow(env, start):
    sha, size = hashlib.sha256(), 0
    for data in body_of(env):
        sha.update(data)
        size += len(data)
        time.sleep(.005)
    start('200 OK', [('Content-Type', 'text/plain')])
    return [('%d %s' % (size, sha.hexdigest())).encode()]

def large(env, start):
    start('200 OK', [('Content-Type', 'application/octet-stream')])
    return (b'x' * 65536 for _ in range(16 * int(env['QUERY_STRING'])))

def echo(env, start):
    start('200 OK', [('Content-Type', 'application/octet-stream')])
    return body_of(env)

def unread(env, start):
    start('200 OK', [('Content-Type', 'text/plain')])
    return [b'unread']

def ticks(env, start):
    start('200 OK', [('Content-Type', 'text/plain')])
    for n in range(4):
        yield b'tick\\n'
        time.sleep(.25)

def fail(env, start):
    raise ValueError('on purpose')

def fail_late(env, start):
    start('200 OK', [('Content-Type', 'text/plain')])
    yield b'half'
    raise ValueError('on purpose, late')

def short(env, start):
    start('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '10')])
    return [b'half']

def long(env, start):
    start('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '4')])
    return [b'half', b'more']

def empty(env, start):
    start(env['QUERY_STRING'].replace('+', ' '), [])
    return []

def headers(env, start):
    import json, urllib.parse
    status, headers = json.loads(urllib.parse.unquote(env['QUERY_STRING']))
    write = start(status, [tuple(h) for h in headers])
    if env['PATH_INFO'].endswith('write'):
        write(b'ok')
        return []
    return [b'ok']

def cookies(env, start):
    start('200 OK', [('Set-Cookie', 'a=1'), ('Set-Cookie', 'b=2')])
    return [b'']

def log(env, start):
    env['wsgi.errors'].write('a line for the log\\n')
    print('a line for the screen')
    start('200 OK', [])
    return [b'logged']

def wait(env, start):
    open(env['QUERY_STRING'], 'w').close()
    time.sleep(int(env['PATH_INFO'][6:] or 1))
    start('200 OK', [('Content-Type', 'text/plain')])
    return [b'waited']

class Closing:
    def __init__(self, path):
        self.path = path
    def __iter__(self):
        while True:
            yield b'x' * 65536
    def close(self):
        with open(self.path, 'a') as f:
            f.write('closed\\n')

def at_exit(env, start):
    import atexit
    atexit.register(lambda: open(env['QUERY_STRING'], 'a').write('exit\\n'))
    start('200 OK', [])
    return []

def endless(env, start):
    start('200 OK', [('Content-Type', 'text/plain')])
    return Closing(env['QUERY_STRING'])

def file(env, start):
    start('200 OK', [('Content-Type', 'application/octet-stream')])
    return env['wsgi.file_wrapper'](open(env['QUERY_STRING'], 'rb'))

def sockets():
    found = ''
    for fd in range(3, 100):
        try:
            link = os.readlink('/proc/self/fd/%d' % fd)
        except OSError:
            continue
        found += link + ' ' if link.startswith('socket:') else ''
    return found

def fork(env, start):
    path = env['QUERY_STRING']
    child = os.fork()
    if child == 0:
        with open(path + '.new', 'w') as f:
            f.write(sockets() or 'none')
        os.rename(path + '.new', path)
        how = env['PATH_INFO'].rsplit('/', 1)[1]
        if how == 'linger':
            time.sleep(60)
        if how == 'read':
            with contextlib.suppress(OSError):
                env['wsgi.input'].read()
        if how == 'again':
            files = [open(os.devnull) for _ in range(20)]
            grandchild = os.fork()
            if grandchild == 0:
                os._exit(0 if all(f.read() == '' for f in files) else 1)
            sys.exit(os.waitpid(grandchild, 0)[1] >> 8)
        if how in ('exit', 'read'):
            sys.exit(3)
        if how == 'raise':
            raise ValueError('in the child')
        start('200 OK', [])
        return [b'from the child']
    start('200 OK', [('Content-Type', 'text/plain')])
    return [str(child if 'linger' in env['PATH_INFO'] else os.waitpid(child, 0)[1]).encode()]

def child(env, start):
    import subprocess
    p = subprocess.Popen(['sleep', '30'])
    p.terminate()
    start('200 OK', [('Content-Type', 'text/plain')])
    return [str(p.wait(10)).encode()]

def application(env, start):
    return globals()[env['PATH_INFO'].strip('/').split('/')[0] or 'show'](env, start)
'''


# What runs.

class Program:
    """A server that was started here and ends with the with block."""

    def __init__(self, *command, **kept):
        self.log_path = os.path.join(TEMP, 'log-%d' % len(os.listdir(TEMP)))
        with open(self.log_path, 'wb') as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, cwd=TEMP,
                                            env=dict(os.environ, PYTHONUNBUFFERED='1', **kept))
        self.name = self.await_log(r'listening on (\S+)')

    def await_log(self, pattern, seconds=WAIT):
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.log())
            if found:
                return found[1] if found.groups() else found[0]
            if time.monotonic() > end or self.process.poll() is not None:
                self.process.kill()
                raise AssertionError('no %r in the log: %s' % (pattern, self.log()))
            time.sleep(.02)

    def log(self):
        with open(self.log_path, encoding='latin-1') as f:
            return f.read()

    def memory_kb(self):
        with open('/proc/%d/status' % self.process.pid) as f:
            return int(re.search(r'VmHWM:\s+(\d+)', f.read())[1])

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


class Server(Program):
    def __init__(self, *words, bind='127.0.0.1:0', **kept):
        super().__init__(os.path.join(BUILD, 'wsgi-serve'), '--bind', bind, *words, **kept)
        found = re.fullmatch(r'https?://(\S+):(\d+)/', self.name)
        self.address = (found[1].strip('[]'), int(found[2])) if found else self.name[5:]
        self.tls = client_context() if '--certfile' in words else None

    def connect_plain(self):
        if isinstance(self.address, tuple):
            return socket.create_connection(self.address, WAIT)
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(WAIT)
        s.connect(self.address)
        return s

    def connect(self):
        s = self.connect_plain()
        return self.tls.wrap_socket(s, server_hostname='localhost') if self.tls else s

    def raw(self, data):
        """All that comes back for these bytes, to the connection's end."""
        with self.connect() as s:
            s.sendall(data)
            return read_all(s)

    def get(self, path, method='GET', body=None, headers=None):
        connection = http.client.HTTPConnection('h', timeout=WAIT)
        connection.sock = self.connect()
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            response.body = response.read()
            return response
        finally:
            connection.close()

    def show(self, path='/show', headers=None):
        return json.loads(self.get(path, headers=headers).body)


def read_all(s):
    data = b''
    while True:
        try:
            piece = s.recv(1 << 16)
        except ConnectionResetError:
            return data
        if not piece:
            return data
        data += piece


def socket_path():
    return 'unix:' + os.path.join(TEMP, 'socket-%d' % len(os.listdir(TEMP)))


def app_file():
    path = os.path.join(TEMP, 'app.py')
    if not os.path.exists(path):
        with open(path, 'w') as f:
            f.write(APPLICATION)
    return path


def python(*words):
    return Server(*words, app_file())


def workers_of(master):
    """The processes of wsgi-fcgi that serve: the children of its master by their titles."""
    with open('/proc/%d/task/%d/children' % (master, master)) as f:
        children = f.read().split()
    found = []
    for child in children:
        with open('/proc/%s/cmdline' % child, 'rb') as f:
            if b'worker' in f.read():
                found.append(int(child))
    assert found, children
    return found


@contextlib.contextmanager
def forwarding(*words):
    """wsgi-serve --fcgi in front of wsgi-fcgi with the same application."""
    address = socket_path()
    with Program(os.path.join(BUILD, 'wsgi-fcgi'), '--bind', address, '--threads', '4',
                 app_file()) as backend:
        with Server('--fcgi', address, *words) as server:
            server.backend = backend
            yield server


def pem(name):
    """The path of a certificate or a key that was made for these tests."""
    if not os.path.exists(os.path.join(TEMP, 'cert')):
        for command in (
                'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out cert '
                '-days 2 -subj /CN=localhost -addext '
                'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1',
                'genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other',
                'pkcs8 -topk8 -in key -passout pass:x -out encrypted'):
            subprocess.run(['openssl', *command.split()], cwd=TEMP, check=True, capture_output=True)
    return os.path.join(TEMP, name)


def client_context():
    return ssl.create_default_context(cafile=pem('cert'))


def tls_words():
    return ['--certfile', pem('cert'), '--keyfile', pem('key')]


def secure(*words):
    return python(*tls_words(), *words)


def secure_forwarding():
    return forwarding(*tls_words())


BOTH = [python, forwarding]
SECURE = [secure, secure_forwarding]
HEAD = b'Host: h\r\nConnection: close\r\n\r\n'


def each_of(kinds):
    """The same for several kinds of server."""
    def decorate(test):
        def run():
            for kind in kinds:
                with kind() as server:
                    test(server)
        run.__name__ = test.__name__
        return run
    return decorate


both = each_of(BOTH)
both_by_tls = each_of(SECURE)


# The address.

def test_demo_answers():
    with Server('demo') as server:
        response = server.get('/a%20b?c=%41')
        assert response.status == 200
        assert response.body.startswith(b'Hello world!\n'), response.body
        assert b"PATH_INFO = '/a b'" in response.body and b"QUERY_STRING = 'c=%41'" in response.body


def test_ipv6_has_brackets():
    with Server('demo', bind='[::1]:0') as server:
        assert server.name.startswith('http://[::1]:'), server.name
        body = server.get('/').body
        assert b"SERVER_NAME = '[::1]'" in body and b"REMOTE_ADDR = '::1'" in body


def test_a_client_by_ipv4_has_its_own_address_at_a_socket_for_both():
    with Server('demo', bind='[::]:0') as server:
        for host in '127.0.0.1', '::1':
            server.address = host, server.address[1]
            assert b"REMOTE_ADDR = '%s'" % host.encode() in server.get('/').body


def test_a_unix_socket_serves_and_goes():
    address = socket_path()
    with Server('demo', bind=address) as server:
        assert server.name == address
        assert b"SERVER_NAME = 'localhost'" in server.get('/').body
        assert 'GET / HTTP/1.1" 200' in server.log()
    assert not os.path.exists(address[5:])


def failing(*words):
    done = subprocess.run([os.path.join(BUILD, 'wsgi-serve'), *words], cwd=TEMP, timeout=WAIT,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode, done.stderr


def test_an_address_in_use_is_said():
    with Server('demo') as server:
        code, said = failing('--bind', '%s:%d' % server.address, 'demo')
        assert code == 69 and 'in use' in said and said.count('\n') == 1, (code, said)


def test_wrong_words_are_said():
    for words in (['--bind', 'nowhere', 'demo'], ['--fcgi', 'nowhere'],
                  ['--fcgi', 'unix:/x', 'demo'], [], ['--bind', 'a:1', '--bind', 'b:2', 'demo'],
                  ['demo', '--debug'], ['--reload-extra-file', 'x', 'demo'],
                  ['--fcgi', 'unix:/x', '--python', 'python3'],
                  ['--fcgi', 'unix:/x', '--pythonpath', '/x'],
                  ['--fcgi', 'unix:/x', '--validate'], ['--fcgi', 'unix:/x', '--debug']):
        code, said = failing(*words)
        assert code == 64 and said.startswith('wsgi-serve: '), (words, code, said)
        assert said.count('\n') == 1, said


def test_an_application_that_is_not_there_is_said():
    code, said = failing('nothing.py')
    assert code == 66 and 'nothing.py' in said, (code, said)


# The environ.

@both
def test_the_environ_is_that_of_simple_server(server):
    env = server.show('/show/caf%C3%A9%252F%E9?q=%20', {'X-A': '1', 'Content-Type': 'a/b'})
    assert env['PATH_INFO'] == '/show/caf\u00c3\u00a9%2F\u00e9', env['PATH_INFO']
    assert env['QUERY_STRING'] == 'q=%20' and env['SCRIPT_NAME'] == ''
    assert env['REQUEST_METHOD'] == 'GET' and env['SERVER_PROTOCOL'] == 'HTTP/1.1'
    assert env['REMOTE_ADDR'] == '127.0.0.1' and env['SERVER_NAME'] == '127.0.0.1'
    assert env['SERVER_PORT'] == str(server.address[1])
    assert env['CONTENT_TYPE'] == 'a/b' and env['CONTENT_LENGTH'] == ''
    assert env['HTTP_X_A'] == '1' and 'HTTP_CONTENT_TYPE' not in env
    assert env['REQUEST_URI'] == '/show/caf%C3%A9%252F%E9?q=%20'
    assert env['GATEWAY_INTERFACE'] == 'CGI/1.1' and env['wsgi.url_scheme'] == 'http'


def test_multithread_follows_threads():
    for words, many in ([], False), (['--threads', '4'], True):
        with python(*words) as server:
            env = server.show()
            assert env['wsgi.multithread'] is many and env['wsgi.multiprocess'] is False
            assert env['wsgi.run_once'] is False


def raw_environ(server, head, target=b'/show'):
    answer = server.raw(b'GET ' + target + b' HTTP/1.0\r\n' + head + b'\r\n')
    return json.loads(answer.partition(b'\r\n\r\n')[2])


@both
def test_repeated_headers_are_joined(server):
    env = raw_environ(server, b'X-Tag: one\r\nX-Other: x\r\nx-tag:two\r\n')
    assert env['HTTP_X_TAG'] == 'one,two', env


@both
def test_an_underscore_does_not_pass_for_a_hyphen(server):
    env = raw_environ(server, b'X_Auth_User: root\r\nX-Auth_User: root\r\n')
    assert 'HTTP_X_AUTH_USER' not in env, env


def test_proxy_stays_out_of_the_process_environment():
    with python() as server:
        env = raw_environ(server, b'Proxy: http://evil\r\n')
        assert env['HTTP_PROXY'] == 'http://evil' and env['PROCESS_HTTP_PROXY'] == 'none'


def test_proxy_is_not_passed_to_a_backend():
    with forwarding() as server:
        env = raw_environ(server, b'Proxy: http://evil\r\n')
        assert 'HTTP_PROXY' not in env and env['PROCESS_HTTP_PROXY'] == 'none'


# What is refused.

REFUSED = [
    (b'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n' + HEAD + b'x', b'400'),
    (b'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n' + HEAD + b'xx', b'400'),
    (b'POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n' + HEAD +
     b'0\r\n\r\n', b'400'),
    (b'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n' + HEAD +
     b'0\r\n\r\n', b'400'),
    (b'POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n' + HEAD + b'0\r\n\r\n', b'501'),
    (b'POST / HTTP/1.1\r\nContent-Length : 1\r\n' + HEAD + b'x', b'400'),
    (b'POST / HTTP/1.1\r\nContent-Length: -1\r\n' + HEAD, b'400'),
    (b'POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n' + HEAD + b'x', b'400'),
    (b'POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n' + HEAD, b'413'),
    (b'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n' + HEAD + b'0\r\n\r\n', b'400'),
    (b'GET / HTTP/1.1\r\n\r\n', b'400'),
    (b'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', b'400'),
    # Folded lines (RFC 9112, 5.2).
    (b'POST / HTTP/1.1\r\nContent-Length:\r\n 5\r\n' + HEAD + b'hello', b'400'),
    (b'POST / HTTP/1.1\r\nContent-Length:\n\t5\n' + HEAD + b'hello', b'400'),
    (b'POST / HTTP/1.1\r\nContent-Length: 1\r\n 5\r\n' + HEAD + b'hello', b'400'),
    (b'POST / HTTP/1.1\r\nContent-Length: 5\r\n \r\n' + HEAD + b'hello', b'400'),
    (b'POST / HTTP/1.1\r\nTransfer-Encoding: chun\r\n ked\r\n' + HEAD + b'0\r\n\r\n', b'400'),
    (b'POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n 5\r\n\r\nhello', b'400'),
    (b'GET / HTTP/1.1\r\nX: admin\r\n -Auth-User\r\n' + HEAD, b'400'),
    (b'GET / HTTP/1.1\r\nX: a\r\n Content-Length: 5\r\n' + HEAD + b'hello', b'400'),
    (b'GET / HTTP/1.1\r\nX: a\r\n b\r\n c\r\n' + HEAD, b'400'),
    (b'GET / HTTP/1.1\r\n X: a\r\n' + HEAD, b'400'),
    (b'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX: a\r\n b\r\n\r\n', b'400'),
    # NUL, which ends a string.
    (b'GET /a\0b HTTP/1.1\r\n' + HEAD, b'400'),
    (b'GET /a?b\0c HTTP/1.1\r\n' + HEAD, b'400'),
    (b'POST / HTTP/1.1\r\nContent-Length: 5\0 6\r\n' + HEAD + b'hello', b'400'),
    (b'GET / HTTP/1.1\r\nX: a\0b\r\n' + HEAD, b'400'),
    (b'GET / HTTP/1.1\r\nX\0: a\r\n' + HEAD, b'400'),
    (b'GET / HTTP/1.1\r\nHost: h\r\n\0X: a\r\nContent-Length: 5\r\n\r\nhello', b'400'),
    # A target in several words.
    (b'GET /a b HTTP/1.1\r\n' + HEAD, b'400'),
    (b'GET /a?b\tc HTTP/1.1\r\n' + HEAD, b'400'),
    (b'GET  / HTTP/1.1\r\n' + HEAD, b'400'),
    (b'GET /a\x7f HTTP/1.1\r\n' + HEAD, b'400'),
]


def test_what_smugglers_send_is_refused_and_the_connection_closed():
    after = b'GET /smuggled HTTP/1.1\r\n' + HEAD
    with Server('demo') as server:
        for request, status in REFUSED:
            answer = server.raw(request + after)
            assert answer.split(b' ')[1] == status, (request, answer)
            assert b' 200 ' not in answer, (request, answer)
        assert 'smuggled' not in server.log()


PASSED = [
    (b'X: a', 'a'), (b'X:a', 'a'), (b'X:', ''), (b'X: ', ''), (b'X: \t ', ''), (b'X: \t a', 'a'),
    (b'X: ' + b'a' * 60000, 'a' * 60000), (b'X: \xe9', '\xe9'), (b'X: a, b: c', 'a, b: c'),
    (b'Cookie: a=b; c="d"\r\nX: a', 'a'), (b'X: a\r\nCookie: a=b', 'a'),
]


def test_headers_in_any_usual_shape_pass():
    with python() as server:
        for lines, value in PASSED:
            for target in b'/show', b'/show?a=%20b&c', b'/show?', b'http://h/sho%77?x=y#z':
                env = raw_environ(server, lines + b'\r\n', target)
                assert env['HTTP_X'].strip() == value, (lines, env)
            env = raw_environ(server, lines.replace(b'\r\n', b'\n') + b'\n')
            assert env['HTTP_X'].strip() == value, (lines, env)
        raw_environ(server, b'')


def test_a_head_passes_however_it_arrives():
    request = (b'POST /digest?a=%41 HTTP/1.1\r\nHost: h\r\nX-Empty:\r\nCookie: a=b\r\n'
               b'X-Long: ' + b'x' * 40000 + b'\r\nContent-Length: 5\r\n\r\nhello')
    with python() as server, server.connect() as s:
        for size in 97, 4000, 30000, len(request):
            for at in range(0, len(request), size):
                s.sendall(request[at:at + size])
                time.sleep(.001)
            answer = b''
            while not re.search(rb'\r\n5 [0-9a-f]{64}', answer):
                answer += s.recv(5000)
            assert answer.startswith(b'HTTP/1.1 200 '), answer


def test_garbage_does_no_harm():
    with Server('demo') as server:
        for data in (b'\r\n\r\n', b'\0' * 1000, b'GET', b'GET / HTTP/9.9\r\n\r\n', os.urandom(5000),
                     b'GET / HTTP/1.1\r\n' + b'X: y\r\n' * 100000 + b'\r\n',
                     b'GET /' + b'a' * 300000 + b' HTTP/1.1\r\n' + HEAD,
                     b'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n' + HEAD + b'zz\r\n\r\n'):
            with contextlib.suppress(OSError), server.connect() as s:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                read_all(s)
        assert server.get('/').status == 200


# Bodies.

@both
def test_a_body_is_read(server):
    for size in 0, 1, 65535, 65536, 65537, 3000000:
        data = os.urandom(size)
        answer = server.get('/digest', 'POST', data).body.decode()
        assert answer == '%d %s' % (size, hashlib.sha256(data).hexdigest()), answer


@both
def test_a_chunked_body_is_read(server):
    data = [os.urandom(size) for size in (1, 65536, 3, 300000)]
    answer = server.get('/digest', 'POST', iter(data)).body.decode()
    whole = b''.join(data)
    assert answer == '%d %s' % (len(whole), hashlib.sha256(whole).hexdigest()), answer


def curl(*words):
    done = subprocess.run(['curl', '-sS', '--max-time', '120', *words], capture_output=True,
                          timeout=150)
    return done.returncode, done.stdout.decode('latin-1')


@both
def test_a_gigabyte_goes_up_in_flat_memory(server):
    sha, size = hashlib.sha256(), 1 << 30
    path = os.path.join(TEMP, 'zero')
    with open(path, 'wb') as f:
        f.truncate(size)
    for _ in range(1024):
        sha.update(bytes(1 << 20))
    server.get('/unread')
    before = server.memory_kb()
    code, answer = curl('-T', path, server.name + 'digest')
    assert (code, answer) == (0, '%d %s' % (size, sha.hexdigest())), (code, answer)
    assert server.memory_kb() - before < 16000, (before, server.memory_kb())


@both
def test_a_gigabyte_comes_down_in_flat_memory(server):
    server.get('/unread')
    before = server.memory_kb()
    code, answer = curl('-o', '/dev/null', '-w', '%{size_download}', server.name + 'large?1024')
    assert (code, answer) == (0, str(1 << 30)), (code, answer)
    assert server.memory_kb() - before < 16000, (before, server.memory_kb())


@both
def test_an_echo_does_not_block(server):
    response = server.get('/echo', 'POST', MEGABYTE * 8)
    assert response.body == MEGABYTE * 8


@both
def test_an_unread_body_leaves_the_connection_in_order(server):
    request = b'POST /unread HTTP/1.1\r\nHost: h\r\nContent-Length: 1048576\r\n\r\n'
    answer = server.raw((request + MEGABYTE) * 3 + b'GET /unread HTTP/1.1\r\n' + HEAD)
    assert answer.count(b'HTTP/1.1 200 OK') == 4 and answer.count(b'\r\n\r\nunread') == 4, answer


@both
def test_100_continue_comes_when_the_body_is_read(server):
    with server.connect() as s:
        s.sendall(b'POST /digest HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n' + HEAD)
        assert s.recv(1000) == b'HTTP/1.1 100 Continue\r\n\r\n'
        s.sendall(b'ok')
        assert b'\r\n\r\n2 ' in read_all(s)


def test_100_continue_does_not_come_when_it_is_not():
    with python() as server:
        answer = server.raw(b'POST /unread HTTP/1.1\r\nExpect: 100-continue\r\n'
                            b'Content-Length: 2\r\n' + HEAD)
        assert answer.startswith(b'HTTP/1.1 200 '), answer


@both
def test_a_client_that_breaks_off_its_upload_is_an_error_of_its_own(server):
    with server.connect() as s:
        s.sendall(b'POST /digest HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf')
    assert server.get('/unread').body == b'unread'


# Responses.

@both
def test_a_response_without_length_is_chunked(server):
    answer = server.raw(b'GET /large?1 HTTP/1.1\r\n' + HEAD)
    assert b'\r\nTransfer-Encoding: chunked\r\n' in answer and answer.endswith(b'\r\n0\r\n\r\n')
    answer = server.raw(b'GET /large?1 HTTP/1.0\r\n\r\n')
    head, _, body = answer.partition(b'\r\n\r\n')
    assert b'chunked' not in head and body == MEGABYTE


@both
def test_a_head_request_has_no_body(server):
    answer = server.raw(b'HEAD /unread HTTP/1.1\r\n' + HEAD)
    assert b'\r\nContent-Length: 6\r\n' in answer and answer.endswith(b'\r\n\r\n'), answer
    answer = server.raw(b'HEAD /large?1 HTTP/1.1\r\nHost: h\r\n\r\n'
                        b'HEAD /unread HTTP/1.1\r\n' + HEAD)
    assert b'\r\n0\r\n' not in answer and answer.endswith(b'\r\n\r\n'), answer


@both
def test_204_and_304_have_neither_body_nor_length(server):
    for status in b'204', b'304':
        answer = server.raw(b'GET /empty?' + status + b'+X HTTP/1.1\r\n' + HEAD)
        assert answer.startswith(b'HTTP/1.1 ' + status) and answer.endswith(b'\r\n\r\n'), answer
        assert b'Content-Length' not in answer and b'chunked' not in answer, answer


@both
def test_a_redirect_and_two_cookies_pass(server):
    assert server.get('/empty?303+See').status == 303
    assert server.get('/cookies').headers.get_all('Set-Cookie') == ['a=1', 'b=2']


def headers_path(status, *headers, write=''):
    import urllib.parse
    return '/headers%s?%s' % (write, urllib.parse.quote(json.dumps([status, headers])))


@both
def test_a_header_named_status_is_one_like_any_other(server):
    response = server.get(headers_path('200 OK', ('Status', '404 Nope'), ('X-A', 'b')))
    assert response.status == 200 and response.body == b'ok', response.status
    assert response.headers['Status'] == '404 Nope' and response.headers['X-A'] == 'b'


def head_of(server, *words):
    """The lines of a response's head, without those that it has in any case."""
    answer = server.raw(b'GET %s HTTP/1.1\r\n' % headers_path(*words).encode() + HEAD)
    lines = answer.partition(b'\r\n\r\n')[0].decode('latin-1').split('\r\n')
    return [line for line in lines if not line.startswith(('Date:', 'Connection:'))]


def test_the_http_library_words_the_head_its_own_way():
    with python() as server:
        head = head_of(server, '404 Nope', ('Content-Length', '2'), ('X-B', 'b'), ('X-Empty', ''),
                       ('X-A', 'a'), ('Server', 'mine'))
        assert head == ['HTTP/1.1 404 Not Found', 'X-B: b', 'X-A: a', 'Server: mine',
                        'Content-Length: 2'], head
        head = head_of(server, '299 Fine', ('X-B', 'b'))
        assert head[:2] == ['HTTP/1.1 299 Non-Standard Status', 'X-B: b'], head
        assert head[2].startswith('Server: wsgi-serve/') and len(head) == 4, head


NO_RESPONSE = [
    (('200 OK', ('Content-Length', '2'), ('Content-Length', '7')), "two Content-Lengths: 2 and 7"),
    (('101 Switching Protocols',), "status '101 Switching Protocols'"),
    (('200 OK', ('Content-Length', '99999999999999999999')), "Content-Length '9999999999"),
]


def test_what_is_no_response_is_a_500_with_words_that_say_why():
    for words, why in NO_RESPONSE:
        for method in 'GET', 'HEAD', 'POST':
            for write in '', '/write':
                with python() as server:
                    response = server.get(headers_path(*words, write=write), method)
                    assert response.status == 500, (words, response.status)
                    body = b'A server error occurred.  Please contact the administrator.'
                    assert response.body == (b'' if method == 'HEAD' else body), response.body
                    line = server.await_log(r'"%s /headers.*' % method)
                    assert line.endswith(' 500 %d' % len(response.body)), line
                    assert why in server.log(), server.log()
                    if not write:
                        assert 'Protocol error' not in server.log(), server.log()


@both
def test_each_piece_is_sent_when_it_is_made(server):
    with server.connect() as s:
        s.sendall(b'GET /ticks HTTP/1.1\r\n' + HEAD)
        times = []
        while True:
            data = s.recv(1000)
            if not data:
                break
            times += [time.monotonic()] * data.count(b'tick')
    # Together they would come within no time; a busy machine may put off the first of them.
    assert len(times) == 4 and times[-1] - times[0] > .4, times


@both
def test_an_exception_is_a_500_without_a_traceback(server):
    response = server.get('/fail')
    assert response.status == 500 and b'on purpose' not in response.body
    server.await_log('ValueError: on purpose')


@both
def test_an_exception_after_the_first_byte_cuts_the_connection(server):
    answer = server.raw(b'GET /fail_late HTTP/1.1\r\nHost: h\r\n\r\n')
    assert b'half' in answer and b'0\r\n\r\n' not in answer, answer
    server.await_log('ValueError: on purpose, late')


@both
def test_a_response_shorter_than_its_length_is_seen_as_cut(server):
    answer = server.raw(b'GET /short HTTP/1.1\r\nHost: h\r\n\r\n')
    assert b'\r\nContent-Length: 10\r\n' in answer and answer.endswith(b'half'), answer


@both
def test_a_response_longer_than_its_length_is_cut_there(server):
    answer = server.raw(b'GET /long HTTP/1.1\r\nHost: h\r\n\r\nGET /unread HTTP/1.1\r\n' + HEAD)
    assert b'more' not in answer and answer.count(b'HTTP/1.1 200 OK') in (1, 2), answer


@both
def test_a_file_is_sent(server):
    path = os.path.join(TEMP, 'file')
    with open(path, 'wb') as f:
        f.write(os.urandom(200000))
    with open(path, 'rb') as f:
        assert server.get('/file?' + path).body == f.read()


@both
def test_close_is_called_when_the_client_leaves(server):
    path = os.path.join(TEMP, 'closed-%d' % len(os.listdir(TEMP)))
    with server.connect() as s:
        s.sendall(b'GET /endless?' + path.encode() + b' HTTP/1.1\r\nHost: h\r\n\r\n')
        s.recv(1000)
    end = time.monotonic() + WAIT
    while not os.path.exists(path) and time.monotonic() < end:
        time.sleep(.05)
    time.sleep(.1)
    with open(path) as f:
        assert f.read() == 'closed\n'


@both
def test_connections_are_kept_and_pipelined(server):
    request = b'GET /unread HTTP/1.1\r\nHost: h\r\n\r\n'
    answer = server.raw(request * 20 + b'GET /unread HTTP/1.1\r\n' + HEAD)
    assert answer.count(b'HTTP/1.1 200 OK') == 21, answer


def test_many_clients_at_once():
    for kind in BOTH:
        with kind('--threads', '4') as server:
            wrong = []

            def client():
                for _ in range(25):
                    if server.get('/digest', 'POST', b'x' * 5000).body[:5] != b'5000 ':
                        wrong.append(1)

            threads = [threading.Thread(target=client) for _ in range(20)]
            for t in threads:
                t.start()
            for t in threads:
                t.join(WAIT * 2)
            assert not wrong and not any(t.is_alive() for t in threads)


def test_an_idle_client_keeps_nobody_waiting():
    with python() as server:
        idle = [server.connect() for _ in range(50)]
        for s in idle[:25]:
            s.sendall(b'GET / HT')
        assert server.get('/unread').body == b'unread'
        for s in idle:
            s.close()


# The log, and the end.

def test_each_request_is_a_line_as_in_simple_server():
    with python() as server:
        server.get('/unread?x')
        line = server.await_log(r'.*unread\?x.*')
        assert re.fullmatch(r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z][a-z]/\d{4} \d\d:\d\d:\d\d\] '
                            r'"GET /unread\?x HTTP/1\.1" 200 6', line), line
        server.raw(b'GET /unread?\x1b[31m HTTP/1.1\r\n' + HEAD)
        assert '\x1b' not in server.log()


@both
def test_wsgi_errors_reaches_the_log(server):
    assert server.get('/log').body == b'logged'
    server.await_log('a line for the log')


def test_a_signal_ends_it_with_status_0():
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        for words in ['demo'], [app_file()], ['--fcgi', 'unix:/nowhere']:
            with Server(*words) as server:
                server.get('/unread')
                server.process.send_signal(number)
                assert server.process.wait(WAIT) == 0
                assert 'Traceback' not in server.log(), server.log()


def test_a_hangup_removes_the_unix_socket_and_is_ignored_if_it_was():
    address = socket_path()
    for ignored in True, False:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
        try:
            server = Server(app_file(), bind=address)
        finally:
            signal.signal(signal.SIGHUP, before)
        with server:
            for _ in range(2):  # the terminal's, and the shell's
                server.process.send_signal(signal.SIGHUP)
            if ignored:
                time.sleep(.2)
                assert server.get('/unread').body == b'unread'
            else:
                assert server.process.wait(WAIT) == 0
                assert not os.path.exists(address[5:])


def test_a_hangup_is_the_applications_if_it_wants_it():
    path = os.path.join(TEMP, 'rereading.py')
    with open(path, 'w') as f:
        f.write(APPLICATION + 'import signal\nsignal.signal(signal.SIGHUP, lambda *_: None)\n')
    with Server(path) as server:
        server.process.send_signal(signal.SIGHUP)
        time.sleep(.2)
        assert server.get('/unread').body == b'unread'


def test_an_interrupt_while_it_loads_ends_it_quietly():
    loading = os.path.join(TEMP, 'loading')
    path = os.path.join(TEMP, 'slow_to_load.py')
    with open(path, 'w') as f:
        f.write('import time\nopen(%r, "w").close()\ntime.sleep(20)\n' % loading)
    with subprocess.Popen([os.path.join(BUILD, 'wsgi-serve'), '--bind', '127.0.0.1:0', path],
                          cwd=TEMP, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        end = time.monotonic() + WAIT
        while not os.path.exists(loading) and time.monotonic() < end:
            time.sleep(.02)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=WAIT) == (None, b'')
        assert process.returncode == -signal.SIGINT


@both
def test_a_signal_lets_the_request_end_that_has_begun(server):
    path = os.path.join(TEMP, 'begun-%d' % len(os.listdir(TEMP)))
    answer = []
    t = threading.Thread(target=lambda: answer.append(server.get('/wait?' + path).body))
    t.start()
    end = time.monotonic() + WAIT
    while not os.path.exists(path) and time.monotonic() < end:
        time.sleep(.02)
    server.process.terminate()
    assert server.process.wait(WAIT) == 0
    t.join(WAIT)
    assert answer == [b'waited'], answer


def ends_within(server, seconds):
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    code = server.process.wait(WAIT)
    took = time.monotonic() - began
    assert code == 0 and took < seconds, (code, took)
    return took


def test_a_request_that_does_not_end_is_cut_off_after_10_seconds():
    for client_stays in True, False:
        address = socket_path()
        with Server('--threads', '3', app_file(), bind=address) as server:
            path = os.path.join(TEMP, 'begun-%d' % len(os.listdir(TEMP)))
            with server.connect() as s, server.connect() as reader:
                s.sendall(b'GET /wait/40?' + path.encode() + b' HTTP/1.1\r\n' + HEAD)
                reader.sendall(b'GET /endless?' + path.encode() + b'.closed HTTP/1.1\r\n' + HEAD)
                end = time.monotonic() + WAIT
                while not os.path.exists(path) and time.monotonic() < end:
                    time.sleep(.02)
                reader.recv(1000)
                if not client_stays:
                    s.close()
                assert ends_within(server, 15) > 9
                assert not client_stays or read_all(s).startswith(b'HTTP/1.1 500 ')
            assert '2 requests not answered within 10 s: cut off' in server.log(), server.log()
            assert not os.path.exists(address[5:])
            with open(path + '.closed') as f:
                assert f.read() == 'closed\n'


def test_a_client_that_does_not_read_is_cut_off_and_the_end_is_an_orderly_one():
    path = os.path.join(TEMP, 'closed-%d' % len(os.listdir(TEMP)))
    with python() as server, server.connect() as s:
        server.get('/at_exit?' + path)
        s.sendall(b'GET /endless?' + path.encode() + b' HTTP/1.1\r\n' + HEAD)
        s.recv(1000)
        ends_within(server, 15)
        assert '1 request not answered within 10 s: cut off' in server.log(), server.log()
        with open(path) as f:
            assert f.read() == 'closed\nexit\n'


def test_a_child_of_the_application_can_be_ended():
    with python('--threads', '2') as server:
        assert server.get('/child').body == b'-15'


def test_a_forked_child_ends_and_answers_nothing():
    for words in [], ['--threads', '3']:
        with python(*words) as server, server.connect() as idle:
            idle.sendall(b'GET /unread HTTP/1.1\r\nHost: h\r\n\r\n')
            assert b'200 OK' in idle.recv(1000)
            for how, status in ('exit', 3), ('read', 3), ('raise', 1), ('return', 0), ('again', 0):
                path = os.path.join(TEMP, 'forked-%d' % len(os.listdir(TEMP)))
                answer = server.raw(b'POST /fork/%s?%s HTTP/1.1\r\nContent-Length: 5\r\n'
                                    % (how.encode(), path.encode()) + HEAD + b'hello')
                assert answer.endswith(b'\r\n\r\n%d' % (status << 8)), (how, answer)
                assert answer.count(b'HTTP/1.1') == 1, (how, answer)
                with open(path) as f:
                    assert f.read() == 'none', how
                server.await_log(re.escape(path) + r' HTTP/1\.1" 200 ')
            idle.sendall(b'GET /unread HTTP/1.1\r\n' + HEAD)
            assert b'200 OK' in read_all(idle)
            assert ' 500 ' not in server.log(), server.log()


def test_a_forked_child_that_stays_does_not_keep_the_address():
    path = os.path.join(TEMP, 'forked-%d' % len(os.listdir(TEMP)))
    with python() as server:
        pid = int(server.get('/fork/linger?' + path).body)
        with server.connect() as s:
            s.sendall(b'GET /unread HTTP/1.1\r\n' + HEAD)
            read_all(s)
    try:
        with Server('demo', bind='%s:%d' % server.address) as second:
            assert second.get('/').status == 200
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            with contextlib.suppress(OSError), open('/proc/%d/stat' % pid) as f:
                if f.read().split()[2] != 'Z':
                    time.sleep(.05)
                    continue
            break
        else:
            raise AssertionError('the child does not end')
    finally:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


# TLS.

@both_by_tls
def test_https_is_served_and_the_environ_says_so(server):
    assert server.name.startswith('https://127.0.0.1:'), server.name
    code, answer = curl('--cacert', pem('cert'), server.name + 'show')
    env = json.loads(answer)
    assert code == 0 and env['wsgi.url_scheme'] == 'https' and env['HTTPS'] == 'on', env
    assert env['SERVER_PORT'] == str(server.address[1]) and env['REMOTE_ADDR'] == '127.0.0.1', env
    assert server.show()['wsgi.url_scheme'] == 'https'


def test_tls_is_1_2_or_1_3():
    with Server(*tls_words(), 'demo') as server:
        for version, spoken in (ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (
                ssl.TLSVersion.TLSv1_3, True):
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                server.tls = client_context()
                server.tls.set_ciphers('ALL:@SECLEVEL=0')
                server.tls.minimum_version = server.tls.maximum_version = version
            try:
                assert server.get('/').status == 200 and spoken, version
            except ssl.SSLError:
                assert not spoken, version


def test_the_key_may_stand_in_the_file_of_the_certificate():
    path = os.path.join(TEMP, 'both')
    with open(path, 'wb') as f:
        for name in 'key', 'cert':
            with open(pem(name), 'rb') as part:
                f.write(part.read())
    for bind in '127.0.0.1:0', '[::1]:0', socket_path():
        with Server('--certfile', path, 'demo', bind=bind) as server:
            assert server.get('/').status == 200


def test_a_certificate_that_will_not_do_is_said():
    for words, code, says in (
            (['--certfile', pem('cert'), '--keyfile', '/nowhere'], 69, '/nowhere: No such file'),
            (['--certfile', app_file()], 64, 'no certificate in PEM in ' + app_file()),
            (['--certfile', pem('cert')], 64, 'no private key in PEM in ' + pem('cert')),
            (['--certfile', pem('cert'), '--keyfile', pem('other')], 64, 'do not match'),
            (['--certfile', pem('cert'), '--keyfile', pem('encrypted')], 64, 'is encrypted'),
            (['--keyfile', pem('key')], 64, 'certificate')):
        said_code, said = failing(*words, '--bind', '127.0.0.1:0', 'demo')
        assert said_code == code and says in said, (words, said_code, said)
        assert said.startswith('wsgi-serve: ') and said.count('\n') == 1, said


@both_by_tls
def test_64_megabytes_go_up_and_down_by_tls(server):
    size = 64 << 20
    path = os.path.join(TEMP, 'random')
    sha = hashlib.sha256()
    with open(path, 'wb') as f:
        for _ in range(64):
            piece = os.urandom(1 << 20)
            sha.update(piece)
            f.write(piece)
    known = ['--cacert', pem('cert')]
    assert curl(*known, '-T', path, server.name + 'digest') == (
        0, '%d %s' % (size, sha.hexdigest()))
    code, answer = curl(*known, '-o', path + '.down', '-w', '%{size_download}',
                        server.name + 'file?' + path)
    with open(path + '.down', 'rb') as f:
        down = hashlib.sha256(f.read())
    assert (code, answer) == (0, str(size)) and down.digest() == sha.digest()


@both_by_tls
def test_an_echo_by_tls_does_not_block(server):
    data = os.urandom(8 << 20)
    assert server.get('/echo', 'POST', data).body == data


@both_by_tls
def test_what_lies_undeciphered_while_the_application_waits_is_not_forgotten(server):
    """All has come, in the last record the last bytes: no socket becomes readable any more."""
    for size in 65535, 65536, 65537, 66000, 81920, 131072, 200000, 1000000:
        data = os.urandom(size)
        answer = server.get('/late', 'POST', data).body.decode()
        assert answer == '%d %s' % (size, hashlib.sha256(data).hexdigest()), (size, answer)


@both_by_tls
def test_an_upload_that_the_application_reads_slowly_is_read_whole_by_tls(server):
    data = os.urandom(3000000)
    answer = server.get('/slow', 'POST', iter([data])).body.decode()
    assert answer == '%d %s' % (len(data), hashlib.sha256(data).hexdigest()), answer


@both_by_tls
def test_a_client_that_reads_slowly_gets_all_by_tls(server):
    with server.connect() as s:
        s.sendall(b'GET /large?8 HTTP/1.0\r\n' + HEAD)
        size = len(s.recv(1000))
        for pause in [.5] + [.01] * 50:
            time.sleep(pause)
            size += len(s.recv(20000))
        data = read_all(s)
        assert size + len(data) > 8 << 20 and data.endswith(b'xxxx'), size + len(data)


@both_by_tls
def test_100_continue_comes_by_tls(server):
    with server.connect() as s:
        s.sendall(b'POST /digest HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n' + HEAD)
        assert s.recv(1000) == b'HTTP/1.1 100 Continue\r\n\r\n'
        s.sendall(b'hello')
        assert b'\r\n5 ' in read_all(s)


@both_by_tls
def test_connections_are_kept_and_pipelined_by_tls(server):
    with server.connect() as s:
        for count in 1, 3:
            s.sendall(b'GET /unread HTTP/1.1\r\nHost: h\r\n\r\n' * count)
            answer = b''
            while answer.count(b'unread') < count:
                answer += s.recv(5000)
            assert answer.count(b'200 OK') == count, answer


def test_plain_http_on_the_port_of_tls_does_no_harm():
    with Server(*tls_words(), 'demo') as server:
        for data in b'GET / HTTP/1.1\r\n' + HEAD, b'', b'\x16\x03\x01', os.urandom(5000):
            with server.connect_plain() as s, contextlib.suppress(OSError):
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                assert b'HTTP' not in read_all(s)
        assert server.get('/').status == 200
        assert server.log().count('\n') == 2, server.log()


def test_a_client_that_does_not_trust_the_certificate_does_no_harm():
    with Server(*tls_words(), 'demo') as server:
        server.tls = ssl.create_default_context()
        try:
            server.get('/')
        except ssl.SSLCertVerificationError:
            server.tls = client_context()
        assert server.get('/').status == 200


def test_a_signal_and_a_fork_are_by_tls_as_ever():
    path = os.path.join(TEMP, 'forked-%d' % len(os.listdir(TEMP)))
    with secure('--threads', '2') as server:
        assert server.get('/fork/exit?' + path).body == b'%d' % (3 << 8)
        with open(path) as f:
            assert f.read() == 'none'
        with server.connect() as idle:
            idle.sendall(b'GET /unread HTTP/1.1\r\nHost: h\r\n\r\n')
            assert b'200 OK' in idle.recv(1000)
            ends_within(server, 5)


# A backend.

def test_a_missing_backend_is_a_502_and_words_that_help():
    with Server('--fcgi', 'unix:%s/nobody' % TEMP) as server:
        response = server.get('/')
        assert response.status == 502
        line = server.await_log(r'wsgi-serve: no FastCGI.*')
        assert 'nobody' in line and 'wsgi-fcgi --bind' in line, line


def test_a_backend_may_come_later_and_go_and_come_again():
    address = socket_path()
    with Server('--fcgi', address) as server:
        assert server.get('/unread').status == 502
        for _ in range(2):
            with Program(os.path.join(BUILD, 'wsgi-fcgi'), '--bind', address, app_file()):
                assert server.get('/unread').status == 200
            assert server.get('/unread').status == 502


def test_a_backend_that_is_killed_in_mid_response_is_seen():
    with forwarding() as server, server.connect() as s:
        s.sendall(b'GET /ticks HTTP/1.1\r\nHost: h\r\n\r\n')
        data = s.recv(1000)
        for worker in workers_of(server.backend.process.pid):
            os.kill(worker, signal.SIGKILL)
        data += read_all(s)
        assert b'tick' in data and b'0\r\n\r\n' not in data, data
        server.await_log('in the middle of its response')


def test_a_backend_that_does_not_speak_fastcgi_is_a_502():
    listener = socket.create_server(('127.0.0.1', 0))

    def answer():
        s, _ = listener.accept()
        with s:
            s.recv(1000)
            s.sendall(b'HTTP/1.1 400 Bad Request\r\n\r\n')

    t = threading.Thread(target=answer, daemon=True)
    t.start()
    with listener, Server('--fcgi', '127.0.0.1:%d' % listener.getsockname()[1]) as server:
        assert server.get('/').status == 502
        server.await_log('is not FastCGI')
    t.join(WAIT)


def main():
    try:
        return runner.say(*runner.run(globals()))
    finally:
        shutil.rmtree(TEMP, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
