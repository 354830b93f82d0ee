"""What the end-to-end tests stand on: real front ends, the gateways, a plain HTTP client.

Apache and nginx are started privately, each in the test's own temporary folder, on ports that the
system chooses, with the configuration files of scripts/frontends as they are: Apache's by Define
and Include, nginx's with the @PLACEHOLDERS@ put in, as wsgi-frontends(7) tells a user to.

Environment: BUILD, the folder of the binaries (build/ of this repository); KEEP=1 keeps the
temporary folder. Words on a test's command line choose the tests whose names have one of them.
"""

import atexit
import contextlib
import grp
import hashlib
import json
import os
import pwd
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
SHIPPED = os.path.join(REPO, 'scripts', 'frontends')
MODULES = '/usr/lib/apache2/modules'
WEB_USER = 'www-data' if os.geteuid() == 0 else None
READY_SECONDS = 20
ANSWER_SECONDS = 30


class Skip(Exception):
    """A test that cannot run on this machine; said and counted."""


# The folder of one run.

class Work:
    """A temporary folder that the web server's user can read, with copies of what it has to run."""

    def __init__(self, name):
        self.path = tempfile.mkdtemp(prefix='wsgi-e2e-%s-' % name)
        os.chmod(self.path, 0o755)
        atexit.register(self.remove)
        self.bin = self.folder('bin')
        for name in sorted(os.listdir(BUILD)):
            source = os.path.join(BUILD, name)
            if os.path.isfile(source) and (name.startswith('wsgi-') or name.endswith('.abi3.so')):
                shutil.copy(source, self.bin)
        if not os.path.exists(self.program('wsgi-cgi')):
            sys.exit('%s: no wsgi-cgi in %s: make first' % (sys.argv[0], BUILD))
        self.apps = self.folder('apps')
        shutil.copytree(os.path.join(HERE, 'apps'), self.apps, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns('__pycache__'))
        native = os.path.join(BUILD, 'apps')
        if os.path.isdir(native):
            for name in os.listdir(native):
                if name.endswith('.so'):
                    shutil.copy(os.path.join(native, name), self.apps)
        self.run = self.folder('run', own=True)

    def folder(self, *parts, own=False):
        """A new folder; own: the web server's user may write in it."""
        path = os.path.join(self.path, *parts)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o755)
        if own:
            self.give(path)
        return path

    def file(self, *parts, text='', mode=0o644):
        path = os.path.join(self.path, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, mode)
        return path

    def link(self, target, *parts):
        path = os.path.join(self.path, *parts)
        os.symlink(target, path)
        return path

    def give(self, path):
        """Hand a folder and all in it to the web server's user."""
        if WEB_USER is None:
            return
        user = pwd.getpwnam(WEB_USER)
        for root, folders, files in os.walk(path):
            for name in [''] + folders + files:
                os.chown(os.path.join(root, name), user.pw_uid, user.pw_gid, follow_symlinks=False)

    def program(self, name):
        return os.path.join(self.bin, name)

    def app(self, name):
        return os.path.join(self.apps, name)

    def native(self, name):
        path = self.app(name)
        if not os.path.exists(path):
            raise AssertionError('no application %s: make builds it from tests/apps' % name)
        return path

    def remove(self):
        if not os.environ.get('KEEP'):
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            print('kept:', self.path)


# Processes: each ended by its own id, none by a name.

RUNNING = []


class Process:
    """A program that a test started, and the file of what it said on standard error."""

    def __init__(self, argv, log, as_web_user=True, env=None, **more):
        if as_web_user and WEB_USER and 'user' not in more:
            more.update(user=WEB_USER, group=WEB_USER, extra_groups=[])
        self.argv, self.log = argv, log
        environment = {'PATH': '/usr/bin:/bin', 'LANG': 'C.UTF-8', 'HOME': '/'}
        environment.update(env or {})
        with open(log, 'ab') as f:
            # A session of its own: a prefork Apache ends all of its process group.
            self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                                          env=environment, start_new_session=True, **more)
        RUNNING.append(self)

    @property
    def pid(self):
        return self.child.pid

    def stop(self, number=signal.SIGTERM, bound=10):
        """End it and wait; returns the exit status."""
        if self in RUNNING:
            RUNNING.remove(self)
        if self.child.poll() is None:
            self.child.send_signal(number)
            try:
                self.child.wait(bound)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        return self.child.returncode

    def ready(self, connect):
        """Wait until connect() succeeds."""
        end = time.monotonic() + READY_SECONDS
        while True:
            try:
                connect().close()
                return
            except OSError as error:
                status = self.child.poll()
                if status is not None:
                    raise AssertionError('%s ended with status %s:\n%s' %
                                         (' '.join(self.argv), status, tail(self.log)))
                if time.monotonic() > end:
                    raise AssertionError('%s is not ready: %s\n%s' %
                                         (' '.join(self.argv), error, tail(self.log)))
                time.sleep(0.02)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@atexit.register
def stop_all():
    for process in list(reversed(RUNNING)):
        process.stop()


def tail(path, lines=25):
    with contextlib.suppress(OSError):
        with open(path, 'rb') as f:
            f.seek(max(0, os.path.getsize(path) - 20000))
            text = f.read().decode('utf-8', 'backslashreplace').splitlines()[-lines:]
            return '--- %s\n%s' % (path, '\n'.join('    ' + line for line in text))
    return '--- %s: nothing' % path


def log_size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


class Logs:
    """What some logs get from now on."""

    def __init__(self, paths):
        self.begin = {path: log_size(path) for path in paths}

    def text(self):
        out = []
        for path, offset in self.begin.items():
            with contextlib.suppress(OSError), open(path, 'rb') as f:
                f.seek(offset)
                out.append(f.read().decode('utf-8', 'backslashreplace'))
        return '\n'.join(out)

    def wait(self, wanted, bound=5):
        """The text, once it has the wanted words; they are missing: the test fails."""
        end = time.monotonic() + bound
        while True:
            text = self.text()
            if wanted in text:
                return text
            if time.monotonic() > end:
                raise AssertionError('no %r in the log: %s' % (wanted, text[-1500:]))
            time.sleep(0.02)


def until(what, words=None, bound=20):
    """Wait until what() is true; returns what it gave. words: what it is, if it never comes."""
    end = time.monotonic() + bound
    while True:
        value = what()
        if value:
            return value
        assert time.monotonic() < end, 'not in %s s: %s' % (bound, words or what.__name__)
        time.sleep(0.01)


def free_port():
    """A port that the system chooses."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


# The front ends.

APACHE_MAIN = '''\
ServerRoot "{folder}"
ServerName localhost
Listen 127.0.0.1:{port}
PidFile "{folder}/pid"
ErrorLog "{log}"
LogLevel info
ErrorLogFormat "[%l] %M"
Mutex file:{folder} default
{loads}
<IfModule cgid_module>
	ScriptSock "{folder}/cgisock"
</IfModule>
User {user}
Group {group}
StartServers 1
<IfModule mpm_event_module>
	ServerLimit 1
	ThreadsPerChild 32
	MinSpareThreads 1
	MaxSpareThreads 32
	MaxRequestWorkers 32
</IfModule>
TypesConfig /etc/mime.types
DocumentRoot "{root}"
<Directory "/">
	AllowOverride None
	Require all denied
</Directory>
<Directory "{root}">
	Require all granted
</Directory>
'''


class Apache:
    """A private Apache with shipped configuration files, each a (name, defines) pair."""

    def __init__(self, work, shipped, extra='', name='apache', mpm='event', cgi='cgid',
                 modules=()):
        self.work, self.port = work, free_port()
        folder = work.folder(name)
        self.log = os.path.join(folder, 'error.log')
        self.root = work.folder('htdocs')
        user = pwd.getpwnam(WEB_USER) if WEB_USER else pwd.getpwuid(os.geteuid())
        names = ['mpm_' + mpm, cgi, *modules,
                 *'authz_core unixd env alias mime dir actions setenvif reqtimeout'.split()]
        loads = '\n'.join('LoadModule %s_module %s/mod_%s.so' % (n, MODULES, n) for n in names
                          if os.path.exists('%s/mod_%s.so' % (MODULES, n)))
        text = APACHE_MAIN.format(folder=folder, port=self.port, log=self.log, root=self.root,
                                  user=user.pw_name, group=grp.getgrgid(user.pw_gid).gr_name,
                                  loads=loads)
        for file, defines in shipped:
            text += ''.join('Define %s "%s"\n' % pair for pair in defines.items())
            text += 'Include "%s"\n' % os.path.join(SHIPPED, file)
        config = work.file(name, 'httpd.conf', text=text + extra)
        self.process = Process(['/usr/sbin/apache2', '-f', config, '-DFOREGROUND'],
                               os.path.join(folder, 'stderr.log'), as_web_user=False)
        self.process.ready(lambda: connect(self.port))

    def logs(self):
        return [self.log, self.process.log]


NGINX_MAIN = '''\
daemon off;
pid {folder}/pid;
error_log {log} info;
{user}
worker_processes 1;
events {{ worker_connections 512; }}
http {{
	access_log off;
	client_body_temp_path {folder}/body;
	fastcgi_temp_path {folder}/fastcgi;
	proxy_temp_path {folder}/proxy;
	uwsgi_temp_path {folder}/uwsgi;
	scgi_temp_path {folder}/scgi;
	include site.conf;
}}
'''


class Nginx:
    """A private nginx with one shipped configuration file."""

    count = 0

    def __init__(self, work, shipped, backend, more=(), **placeholders):
        Nginx.count += 1
        name = 'nginx%d' % Nginx.count
        self.port = free_port()
        folder = work.folder(name)
        self.log = os.path.join(folder, 'error.log')
        work.file(name, 'nginx.conf', text=NGINX_MAIN.format(
            folder=folder, log=self.log, user='user %s;' % WEB_USER if WEB_USER else ''))
        shutil.copy(os.path.join(SHIPPED, 'wsgi_params'), folder)
        with open(os.path.join(SHIPPED, shipped)) as f:
            text = f.read()
        placeholders.update(LISTEN='127.0.0.1:%d' % self.port, BACKEND=backend)
        for key, value in placeholders.items():
            text = text.replace('@%s@' % key, value)
        for old, new in more:
            assert old in text, old
            text = text.replace(old, new)
        work.file(name, 'site.conf', text=text)
        self.process = Process(['/usr/sbin/nginx', '-p', folder, '-c', 'nginx.conf',
                                '-e', self.log], os.path.join(folder, 'stderr.log'),
                               as_web_user=False)
        self.process.ready(lambda: connect(self.port))

    def logs(self):
        return [self.log, self.process.log]


class Fcgi:
    """wsgi-fcgi with one application."""

    count = 0

    def __init__(self, work, application, *options, tcp=False, env=None, **more):
        Fcgi.count += 1
        name = 'fcgi%d' % Fcgi.count
        if tcp:
            port = free_port()
            self.bind, self.address = '127.0.0.1:%d' % port, ('127.0.0.1', port)
        else:
            self.address = os.path.join(work.run, name + '.sock')
            self.bind = 'unix:' + self.address
        self.log = os.path.join(work.path, name + '.log')
        self.process = Process([work.program('wsgi-fcgi'), '--bind', self.bind, *options,
                                application], self.log, env=env, **more)
        self.process.ready(lambda: connect(self.address))

    @property
    def pid(self):
        return self.process.pid

    def stop(self, **more):
        return self.process.stop(**more)

    def logs(self):
        return [self.log]


# A plain HTTP client: what went over the wire, and whether it was whole.

def connect(address, seconds=ANSWER_SECONDS):
    """A stream socket to a port of this machine, a (host, port), or a unix socket's path."""
    if isinstance(address, int):
        address = ('127.0.0.1', address)
    s = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    s.settimeout(seconds)
    try:
        s.connect(address)
    except OSError:
        s.close()
        raise
    return s


class Answer:
    """An HTTP response: status, headers in order, body, and whether the body is whole."""

    def __init__(self, line, headers, body, whole):
        self.line, self.headers, self.body, self.whole = line, headers, body, whole
        self.status = int(line.split(' ')[1])

    def header(self, name):
        found = self.all(name)
        return found[0] if found else None

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        body = self.body if len(self.body) < 600 else self.body[:600] + b'...'
        return '%s %r %r%s' % (self.line, self.headers, body, '' if self.whole else ' (cut)')


def read_answer(f, method='GET', sink=None):
    """Read one response from a file of a socket. sink(bytes) takes the body in its place."""
    line = f.readline().decode('latin-1').rstrip('\r\n')
    assert line.startswith('HTTP/1.'), 'no response but %r' % line
    headers = []
    while True:
        text = f.readline()
        assert text, 'the headers are cut after %r' % headers
        if text in (b'\r\n', b'\n'):
            break
        name, _, value = text.decode('latin-1').rstrip('\r\n').partition(':')
        headers.append((name, value.strip()))
    answer = Answer(line, headers, b'', True)
    if 100 <= answer.status < 200:
        return read_answer(f, method, sink)
    if method == 'HEAD' or answer.status in (204, 304):
        return answer
    parts = []
    take = sink or parts.append
    try:
        if 'chunked' in (answer.header('Transfer-Encoding') or ''):
            answer.whole = read_chunks(f, take)
        elif answer.header('Content-Length') is not None:
            answer.whole = read_bytes(f, int(answer.header('Content-Length')), take)
        else:
            while True:
                data = f.read1(1 << 18)
                if not data:
                    break
                take(data)
    except ConnectionResetError:
        answer.whole = False
    answer.body = b''.join(parts)
    return answer


def read_bytes(f, length, take):
    while length:
        data = f.read1(min(length, 1 << 18))
        if not data:
            return False
        length -= len(data)
        take(data)
    return True


def read_chunks(f, take):
    while True:
        size = f.readline().strip()
        if not size:
            return False
        length = int(size.split(b';')[0], 16)
        if length and not read_bytes(f, length, take):
            return False
        if f.readline() != b'\r\n':
            return False
        if not length:
            return True


def request_head(method, path, headers, body, chunked):
    given = {name.lower() for name, _ in headers}
    lines = ['%s %s HTTP/1.1' % (method, path)]
    if 'host' not in given:
        lines.append('Host: localhost')
    lines += ['%s: %s' % pair for pair in headers]
    if chunked:
        lines.append('Transfer-Encoding: chunked')
    elif body is not None and 'content-length' not in given:
        lines.append('Content-Length: %d' % len(body))
    return ('\r\n'.join(lines) + '\r\n\r\n').encode('latin-1')


def send(s, method, path, headers=(), body=None, chunked=False):
    """Write one request. chunked: body is an iterable of bytes."""
    s.sendall(request_head(method, path, headers, body, chunked))
    if chunked:
        for piece in body:
            s.sendall(b'%x\r\n%b\r\n' % (len(piece), piece))
        s.sendall(b'0\r\n\r\n')
    elif body:
        s.sendall(body)


def request(port, path='/', method='GET', headers=(), body=None, chunked=False, sink=None,
            seconds=ANSWER_SECONDS):
    """One request on a connection of its own; nothing may come after its response."""
    headers = list(headers.items() if isinstance(headers, dict) else headers)
    if isinstance(port, int) and not any(name.lower() == 'host' for name, _ in headers):
        headers.insert(0, ('Host', 'localhost:%d' % port))
    with connect(port, seconds) as s, s.makefile('rb') as f:
        send(s, method, path, headers + [('Connection', 'close')], body, chunked)
        answer = read_answer(f, method, sink)
        with contextlib.suppress(ConnectionResetError):
            rest = f.read(1000)
            assert not rest, 'bytes after the response: %r' % rest
        return answer


def curl(*words, data=None, seconds=60):
    """Run curl: exit status, standard output, standard error."""
    done = subprocess.run(['curl', '-sS', '--max-time', str(seconds), *words], input=data,
                          capture_output=True, timeout=seconds + 10)
    return done.returncode, done.stdout, done.stderr.decode()


def pattern(length, seed=7):
    """Bytes of every value that do not repeat soon."""
    out, block = bytearray(), b'%d' % seed
    while len(out) < length:
        block = hashlib.sha512(block).digest()
        out += block
    return bytes(out[:length])


def same(got, expected, what=''):
    """An assertion that shows both sides."""
    if got != expected:
        def short(value):
            text = repr(value)
            return text if len(text) < 900 else '%s... (%d)' % (text[:900], len(text))
        raise AssertionError('%s%sgot %s, expected %s' % (what, what and ': ', short(got),
                                                         short(expected)))


def has(text, part):
    if part not in text:
        raise AssertionError('%r is not in %r' % (part, text[-1500:]))


def has_not(text, part):
    if part in text:
        raise AssertionError('%r is in %r' % (part, text[-1500:]))


# Running the tests.

TESTS = []


def test(function=None, each=None):
    """A test: its name is a sentence. each: it runs once for every value, named by str(value)."""
    if function is None:
        return lambda f: test(f, each)
    for value in [None] if each is None else each:
        TESTS.append((function, value))
    return function


def main(logs=lambda: ()):
    """Run the tests, a line each. logs(): the files whose ends are shown when one fails."""
    passed = failed = skipped = 0
    words = sys.argv[1:]
    began = time.monotonic()
    for function, value in TESTS:
        sentence = function.__name__.strip('_').replace('_', ' ')
        if value is not None:
            sentence += ' (%s)' % (value,)
        if words and not any(word in sentence for word in words):
            continue
        before = {path: log_size(path) for path in logs()}
        try:
            function(*(() if value is None else (value,)))
        except Skip as why:
            skipped += 1
            print('skip %s: %s' % (sentence, why), flush=True)
        except Exception as error:
            failed += 1
            print('FAIL %s' % sentence)
            print('     %s: %s' % (type(error).__name__, error))
            where = traceback.extract_tb(error.__traceback__)
            print('     at ' + ', '.join('%s:%d' % (os.path.basename(x.filename), x.lineno)
                                         for x in where[-4:]))
            for path in logs():
                if log_size(path) > before.get(path, 0):
                    print(tail(path))
            sys.stdout.flush()
        else:
            passed += 1
            print('ok   %s' % sentence, flush=True)
    stop_all()
    if skipped:
        print('%d skipped' % skipped)
    print('%s: %.0f seconds' % (os.path.basename(sys.argv[0]), time.monotonic() - began))
    print('%d passed, %d failed' % (passed, failed), flush=True)
    sys.exit(1 if failed or not passed else 0)
