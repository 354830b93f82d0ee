"""wsgi-serve --reload: source files change under a real server, and clients keep coming.

Environment: BUILD, the folder of the binaries. Words on the command line choose tests by name.
"""

import concurrent.futures
import contextlib
import fcntl
import http.client
import json
import os
import pty
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import termios
import threading
import time
import traceback
import zipfile

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get('BUILD', os.path.join(REPO, 'build')))
SERVE = os.path.join(BUILD, 'wsgi-serve')
WAIT = 15
TICK = .02  # of a file system's clock, and more: nobody writes as soon after a load as a test
SETTLED = .8  # longer than a change that counts goes unnoticed

APP = '''\
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [%r]
'''
IMPORTING = '''\
import %s as other
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [other.text]
'''
LAZY = '''\
def application(environ, start_response):
    import late
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [late.text]
'''
DOING = '''\
import json, os, signal, subprocess, sys, time, tty

def targets():
    found = []
    for n in range(3, 200):
        try:
            found.append(os.readlink('/proc/self/fd/%d' % n))
        except OSError:
            pass
    return [t for t in found if 'pipe:' in t or 'socket:' in t]

def forked():
    child = os.fork()
    if child == 0:
        with open('forked', 'w') as f:
            json.dump(targets(), f)
        os._exit(0)
    os.waitpid(child, 0)
    with open('forked') as f:
        return json.load(f)

def interrupts():  # what a helper and a child have for SIGINT
    helper = subprocess.check_output(['cat', '/proc/self/status'], text=True)
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        with open('/proc/self/status', 'rb') as f:
            os.write(theirs, f.read())
        os._exit(0)
    os.waitpid(child, 0)
    masks = [l for l in (helper + os.read(ours, 65536).decode()).splitlines()
             if l.startswith(('SigIgn', 'SigCgt'))]
    return [bool(int(l.split()[1], 16) & 2) for l in masks]

INTERRUPTS = interrupts()
AT_IMPORT = forked()

def show(environ):
    program = 'ls -l /proc/self/fd | grep -v " [0-2] -> " | grep -o "\\(pipe\\|socket\\):.*"'
    started = subprocess.run(program, shell=True, close_fds=False, stdout=subprocess.PIPE).stdout
    return json.dumps({'environ': dict(os.environ), 'argv': sys.argv, 'cwd': os.getcwd(),
                       'path': sys.path[:2], 'multithread': environ['wsgi.multithread'],
                       'at_import': AT_IMPORT, 'interrupts': INTERRUPTS,
                       'forked': forked(), 'pid': os.getpid(),
                       'started': started.decode().split()}).encode()

def sleep(environ):
    open('asleep', 'w').close()
    time.sleep(float(environ['QUERY_STRING']))
    return b'slept'

def exit(environ):
    os._exit(int(environ['QUERY_STRING']))

def crash(environ):
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(5)

def prompt(environ):
    tty.setraw(0)
    os.kill(os.getpid(), signal.SIGKILL)

def application(environ, start_response):
    body = globals()[environ['PATH_INFO'].strip('/')](environ)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [body]
'''
PAGE = b'The application does not load; the terminal says why.\n'


class Place:
    """A folder of its own, and what was started in it; all of it ends with the with block."""

    def __init__(self):
        self.path = os.path.realpath(tempfile.mkdtemp(prefix='wsgi-reload-'))
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(WAIT)
        shutil.rmtree(self.path, ignore_errors=True)

    def at(self, *parts):
        return os.path.join(self.path, *parts)

    def write(self, name, text):
        """In one step, as a careful editor does: by a rename."""
        time.sleep(TICK)
        os.makedirs(os.path.dirname(self.at(name)), exist_ok=True)
        with open(self.at(name + '.new'), 'w' if isinstance(text, str) else 'wb') as f:
            f.write(text)
        os.rename(self.at(name + '.new'), self.at(name))

    def app(self, text, name='hello.py'):
        self.write(name, APP % text)

    def text(self, text, name='helper.py'):
        self.write(name, 'text = %r\n' % text)

    def log(self):
        with open(self.at('log'), encoding='utf-8', errors='replace') as f:
            return f.read()

    def count(self, pattern):
        return len(re.findall(pattern, self.log()))

    def await_log(self, pattern, times=1):
        until(lambda: self.count(pattern) >= times, lambda: 'no %r in:\n%s' % (pattern, self.log()))
        return re.search(pattern, self.log())

    def start(self, *words, bind='127.0.0.1:0', stdin=subprocess.DEVNULL, **kept):
        """wsgi-serve --reload; what it says is in the file "log"."""
        env = dict(os.environ, PYTHONDONTWRITEBYTECODE='1', LC_ALL='C.UTF-8')
        log = os.open(self.at('log'), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.process = subprocess.Popen([SERVE, '--reload', '--bind', bind, '--python',
                                         sys.executable, *words], cwd=self.path,
                                        stdin=stdin, stdout=log, stderr=log, env=env, **kept)
        os.close(log)
        self.processes.append(self.process)
        found = self.await_log(r'listening on (?:https?://(\S+):(\d+)/|unix:(\S+))')
        self.address = found[3] or (found[1], int(found[2]))
        return self

    def connect(self):
        if isinstance(self.address, tuple):
            return socket.create_connection(self.address, WAIT)
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(WAIT)
        s.connect(self.address)
        return s

    def get(self, path='/', context=None):
        connection = http.client.HTTPConnection('h', timeout=WAIT)
        connection.sock = self.connect()
        if context is not None:
            connection.sock = context.wrap_socket(connection.sock)
        with contextlib.closing(connection):
            connection.request('GET', path)
            response = connection.getresponse()
            return response.status, response.read()

    def answers(self, text, status=200, may_crash=False, **how):
        """Sooner or later it answers so."""
        seen = []

        def is_so():
            try:
                seen[:] = [self.get(**how)]
            except (http.client.HTTPException, OSError):
                if not may_crash:
                    raise
            return seen == [(status, text)]
        until(is_so, lambda: 'wanted %r, seen %r, log:\n%s' % (text, seen, self.log()))

    def child(self):
        """The one child of the supervisor."""
        with open('/proc/%d/task/%d/children' % (self.process.pid, self.process.pid)) as f:
            pids = [int(p) for p in f.read().split()]
        assert len(pids) == 1, pids
        return pids[0]

    def stop(self, signo=signal.SIGTERM):
        self.process.send_signal(signo)
        return self.process.wait(WAIT)


def until(is_so, why, seconds=WAIT):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, why()
        time.sleep(.02)


def in_background(function, *args):
    """Returns a function that waits for the result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*args)), daemon=True)
    thread.start()

    def result():
        thread.join(WAIT)
        assert results, 'it failed, or is still under way'
        return results[0]
    return result


def same(seen, wanted):
    assert seen == wanted, 'seen %r, wanted %r' % (seen, wanted)


# What is a change.

def test_a_changed_application_is_started_again_and_the_log_names_it(w):
    w.app(b'one')
    w.start('hello.py')
    w.answers(b'one')
    w.app(b'two')
    w.answers(b'two')
    same(w.count('wsgi-serve: hello.py changed: starting again\n'), 1)
    same(w.count('listening on'), 1)


def test_a_module_and_one_of_a_package_and_one_beside_dots(w):
    w.text(b'one', 'package/deep/part.py')
    w.write('main.py', IMPORTING % 'package.deep.part')
    w.start('main')
    w.answers(b'one')
    w.text(b'two', 'package/deep/part.py')
    w.answers(b'two')
    w.await_log('wsgi-serve: package/deep/part.py changed: starting again\n')
    w.write('main.py', APP % b'three')
    w.answers(b'three')
    w.await_log('wsgi-serve: main.py changed: starting again\n')


def test_a_module_that_is_imported_by_a_request(w):
    w.text(b'one', 'late.py')
    w.write('hello.py', LAZY)
    w.start('hello.py')
    w.answers(b'one')  # and at once, before the reporter has looked:
    w.text(b'two', 'late.py')
    w.answers(b'two')
    w.await_log('wsgi-serve: late.py changed')


def test_an_archive_is_watched_for_the_modules_in_it(w):
    def pack(text):
        with zipfile.ZipFile(w.at('new'), 'w') as z:
            z.writestr('zipped.py', 'text = %r' % text)
        os.rename(w.at('new'), w.at('modules.zip'))
    pack(b'one')
    w.write('hello.py', IMPORTING % 'zipped')
    w.start('--pythonpath', w.at('modules.zip'), 'hello.py')
    w.answers(b'one')
    pack(b'two')
    w.answers(b'two')
    w.await_log('wsgi-serve: modules.zip changed')


def test_however_a_file_is_written(w):
    def overwrite(text):
        with open(w.at('hello.py'), 'w') as f:
            f.write('')
            f.flush()
            time.sleep(.03)
            f.write(text)

    def remove_and_write(text):
        os.unlink(w.at('hello.py'))
        time.sleep(.03)
        overwrite(text)
    w.app(b'zero')
    w.start('hello.py')
    w.answers(b'zero')
    for n, how in enumerate((overwrite, remove_and_write)):
        how(APP % (b'%d' % n))
        w.answers(b'%d' % n)
    same(w.count('does not load'), 0)
    os.utime(w.at('hello.py'))
    w.await_log('changed', 3)


def test_an_extra_file(w):
    w.write('hello.py', APP.replace('%r', 'open("extra.txt", "rb").read()'))
    w.write('extra.txt', 'one')
    w.write('other.txt', 'one')
    w.start('--reload-extra-file', 'extra.txt', '--reload-extra-file=other.txt', 'hello.py')
    w.answers(b'one')
    for n, name in enumerate(('extra.txt', 'other.txt', 'extra.txt')):
        before = w.child()
        w.write(name, 'other %d' % n)
        until(lambda: w.child() != before, w.log)
        w.await_log('wsgi-serve: %s changed: starting again\n' % name)
        w.get()


def test_what_is_beside_the_files_is_no_change(w):
    w.text(b'one')
    w.write('hello.py', IMPORTING % 'helper')
    w.start('-e', 'PYTHONDONTWRITEBYTECODE=', 'hello.py')
    w.answers(b'one')
    assert os.path.isdir(w.at('__pycache__'))
    w.app(b'two', 'another.py')
    shutil.rmtree(w.at('__pycache__'))
    time.sleep(SETTLED)
    same(w.count('changed'), 0)


def test_a_change_while_it_loads_counts_too(w):
    w.text(b'one')
    w.write('hello.py', IMPORTING % 'helper' + 'import time; time.sleep(.6)\n')
    w.start('hello.py')
    w.answers(b'one')
    w.text(b'two')
    w.await_log('changed', 1)
    time.sleep(.3)  # its import of helper is done
    w.text(b'three')
    w.answers(b'three')


def test_a_change_right_after_an_import_counts(w):
    w.text(b'one')
    w.write('hello.py', IMPORTING % 'helper' + 'open("imported", "w").close()\n'
            'import time; time.sleep(.5)\n')
    soon = in_background(w.start, 'hello.py')
    until(lambda: os.path.exists(w.at('imported')), lambda: 'not imported')
    w.text(b'two')
    soon()
    w.answers(b'two')
    same(w.count('changed'), 1)


def test_what_each_load_writes_itself_does_not_start_it_for_ever(w):
    w.write('hello.py', 'import time\nwith open("made.py", "w") as f:\n'
                        '    f.write("text = b%r" % str(time.time()))\n' + IMPORTING % 'made')
    w.start('hello.py')
    words = 'wsgi-serve: made.py is written each time the application loads: ignored there\n'
    w.await_log(words)
    before = w.count('made.py changed')
    assert 3 <= before <= 4, w.log()
    time.sleep(SETTLED)
    same(w.count('made.py changed'), before)
    os.utime(w.at('hello.py'))
    w.await_log('hello.py changed')
    time.sleep(SETTLED)
    same((w.count('made.py changed'), w.count(words)), (before, 1))
    w.write('made.py', 'text = b"by hand"\n')
    w.await_log('made.py changed', before + 1)


def test_what_is_not_imported_any_more_is_no_longer_watched(w):
    w.text(b'one')
    w.write('hello.py', IMPORTING % 'helper')
    w.start('hello.py')
    w.answers(b'one')
    w.app(b'two')
    w.answers(b'two')
    w.text(b'three')
    time.sleep(SETTLED)
    same(w.count('changed'), 1)


def test_a_module_that_is_missing_for_a_while_is_noticed_when_it_is_back(w):
    w.text(b'one', 'local.py')
    w.write('hello.py', 'try:\n    import local as other\nexcept ImportError:\n'
                        '    class other: text = b"none"\n' + IMPORTING.partition('\n')[2])
    w.start('hello.py')
    w.answers(b'one')
    os.rename(w.at('local.py'), w.at('aside'))
    w.answers(b'none')
    time.sleep(SETTLED)
    os.rename(w.at('aside'), w.at('local.py'))
    w.answers(b'one')


# What does not load, or ends.

def test_wrong_syntax_is_answered_503_until_it_is_mended(w):
    w.text(b'one')
    w.write('hello.py', IMPORTING % 'helper')
    w.start('hello.py')
    w.answers(b'one')
    w.write('helper.py', 'text = = 1\n')
    w.answers(PAGE, 503)
    w.await_log(r'SyntaxError: [^\n]+\n[^\n]+traceback is above\n'
                r'wsgi-serve: hello.py does not load; waiting for a change\n')
    w.text(b'two')
    w.answers(b'two')
    w.write('hello.py', 'def application(\n')
    w.answers(PAGE, 503)
    w.app(b'three')
    w.answers(b'three')


def test_wrong_from_the_beginning(w):
    w.write('main.py', IMPORTING % 'helper')
    w.write('helper.py', 'import missing.part\n')
    w.write('missing/__init__.py', '')
    w.start('main')
    w.answers(PAGE, 503)
    for text in ('text = = 1\n', 'text = 1 / 0\n', 'raise SystemExit(1)\n', 'import again\n'):
        before = w.count('does not load')
        w.write('missing/part.py' if before == 1 else 'helper.py', text)
        w.await_log('does not load', before + 1)
    w.text(b'mended', 'again.py')
    w.write('helper.py', 'from again import text\n')
    w.answers(b'mended')


def test_the_module_that_is_wrong_at_the_start_is_known(w):
    for text in ('text = = 1\n', 'text = 1 / 0\n', 'raise SystemExit(1)\n'):
        w.write('log', '')
        w.write('helper.py', text)
        w.write('between.py', 'try:\n    from helper import text\nexcept SyntaxError:\n'
                              '    raise RuntimeError("on the way")\n')
        w.write('main.py', IMPORTING % 'between')
        w.start('main')
        w.answers(PAGE, 503)
        w.text(b'mended')
        w.answers(b'mended')
        same(w.stop(), 0)


def test_the_missing_module_is_waited_for(w):
    w.write('main.py', IMPORTING % 'helper')
    w.start('main')
    w.answers(PAGE, 503)
    w.text(b'it came', 'helper/__init__.py')
    w.answers(b'it came')


def test_a_removed_application_is_waited_for(w):
    w.app(b'one')
    w.start('hello.py')
    w.answers(b'one')
    os.unlink(w.at('hello.py'))
    w.answers(PAGE, 503)
    w.await_log('hello.py does not load; waiting for a change\n')
    w.app(b'two')
    w.answers(b'two')


def test_one_that_ends_by_itself_is_not_started_before_a_change(w):
    w.write('hello.py', DOING)
    w.start('hello.py')
    for path, words in (('/exit?3', 'hello.py has ended, with status 3; waiting for a change\n'),
                        ('/crash', 'hello.py has ended: signal 11, Segmentation fault; waiting'),
                        ('/exit?0', 'hello.py has ended, with status 0; waiting for a change\n')):
        with contextlib.suppress(http.client.HTTPException, OSError):
            w.get(path)
        w.answers(PAGE, 503)
        w.await_log(re.escape(words))
        time.sleep(.4)
        same(w.get(), (503, PAGE))
        os.utime(w.at('hello.py'))
        w.answers(b'slept', path='/sleep?0')
    same(w.count('changed'), 3)
    same(w.stop(), 0)


def test_one_that_ends_while_it_loads_is_said(w):
    w.write('hello.py', 'import os; os._exit(3)\n')
    w.start('hello.py')
    w.await_log('hello.py does not load, with status 3; waiting for a change\n')
    w.write('hello.py', 'import os; os.kill(os.getpid(), 9)\n')
    w.await_log('hello.py does not load: signal 9, Killed; waiting for a change\n')
    same(w.stop(), 0)


def test_a_child_that_is_killed_at_a_prompt_leaves_the_terminal_as_it_was(w):
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    w.write('hello.py', DOING)
    w.start('hello.py', stdin=theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    with contextlib.suppress(http.client.HTTPException, OSError):
        w.get('/prompt')
    w.await_log('hello.py has ended: signal 9, Killed; waiting')
    same(termios.tcgetattr(theirs), before)
    same(w.stop(), 0)
    os.close(ours)
    os.close(theirs)


# In C.

def application_in_c(w, source, how):
    path = os.path.join(BUILD, 'apps', source + '.so')
    time.sleep(TICK)
    if how == 'rename':
        shutil.copy(path, w.at('new'))
        os.rename(w.at('new'), w.at('app.so'))
    else:
        with open(path, 'rb') as new, open(w.at('app.so'), 'wb') as f:
            shutil.copyfileobj(new, f)


def test_an_application_in_c_that_is_built_again(w):
    application_in_c(w, 'hello', 'rename')
    w.start('app.so')
    w.answers(b'hello GET / ')
    for source, how, text in (('ret_list_one', 'rename', b'hello world\n'),
                              ('hello', 'write', b'hello GET / '),
                              ('ret_list_one', 'write', b'hello world\n'),
                              ('hello', 'rename', b'hello GET / ')):
        times = w.count('app.so changed') + 1
        application_in_c(w, source, how)
        with contextlib.suppress(http.client.HTTPException, OSError):
            w.get()  # overwritten where it is mapped: this one may end the process
        w.await_log('wsgi-serve: app.so changed: starting again\n', times)
        w.answers(text, may_crash=how == 'write')
    w.write('app.so', 'no library')
    w.answers(PAGE, 503)
    application_in_c(w, 'hello', 'rename')
    w.answers(b'hello GET / ')


# Clients.

def load(w, path, until_set, seen, **how):
    while not until_set.is_set():
        try:
            seen.append(w.get(path, **how)[0])
        except Exception as e:
            seen.append(repr(e))


def descriptors(pid):
    return len(os.listdir('/proc/%d/fd' % pid))


def reloads_under_load(w, bind):
    w.app(b'0')
    w.start('--threads', '2', 'hello.py', bind=bind)
    w.answers(b'0')
    before = descriptors(w.process.pid)
    end, seen = threading.Event(), []
    clients = [threading.Thread(target=load, args=(w, '/', end, seen)) for _ in range(4)]
    for c in clients:
        c.start()
    try:
        for n in range(1, 11):
            w.app(b'%d' % n)
            w.answers(b'%d' % n)
    finally:
        end.set()
        for c in clients:
            c.join(WAIT)
    same([s for s in seen if s != 200], [])
    assert len(seen) > 100, len(seen)
    same(w.count('changed: starting again'), 10)
    same(descriptors(w.process.pid), before)
    with open('/proc/%d/stat' % w.child()) as f:  # one child, and it is alive
        assert f.read().rpartition(')')[2].split()[0] in 'SR'


def test_no_client_notices_ten_reloads(w):
    reloads_under_load(w, '127.0.0.1:0')


def test_no_client_of_a_unix_socket_notices_and_its_path_stays(w):
    threading.Timer(.5, lambda: inodes.append(os.stat(w.at('s')).st_ino)).start()
    inodes = []
    reloads_under_load(w, 'unix:' + w.at('s'))
    same(inodes, [os.stat(w.at('s')).st_ino])
    same(w.stop(), 0)
    assert not os.path.exists(w.at('s'))


def test_ten_failures_leave_no_descriptors_either(w):
    w.app(b'good')
    w.start('hello.py')
    w.answers(b'good')
    before = descriptors(w.process.pid)
    for n in range(10):
        w.write('hello.py', 'wrong %d\n' % n if n % 2 else 'import os; os._exit(%d)\n' % n)
        w.await_log('does not load', n + 1)
    w.app(b'good')
    w.answers(b'good')
    same(descriptors(w.process.pid), before)


def test_a_request_under_way_is_answered(w):
    w.write('hello.py', DOING)
    w.start('hello.py')
    for what in ('reload', 'stop'):
        slept = in_background(w.get, '/sleep?1.2')
        until(lambda: os.path.exists(w.at('asleep')), w.log)
        os.unlink(w.at('asleep'))
        if what == 'reload':
            os.utime(w.at('hello.py'))
        else:
            w.process.terminate()
        same(slept(), (200, b'slept'))
    same(w.process.wait(WAIT), 0)
    same(w.count('killed'), 0)


def test_one_that_takes_too_long_is_not_waited_for(w):
    w.write('hello.py', DOING)
    w.start('hello.py')
    slow = w.connect()
    slow.sendall(b'GET /sleep?60 HTTP/1.0\r\n\r\n')
    until(lambda: os.path.exists(w.at('asleep')), w.log)
    w.app(b'new')
    w.await_log('changed')
    begin = time.monotonic()
    time.sleep(.5)  # who is let in before the signal comes has to wait behind the slow one
    w.answers(b'new')
    assert 2.5 < time.monotonic() - begin < 6
    w.await_log('wsgi-serve: hello.py did not end in time: killed\n')
    slow.close()


# The end.

def test_a_signal_ends_it_with_status_0(w):
    for signo in (signal.SIGTERM, signal.SIGINT):
        for state in ('serving', 'failed', 'loading'):
            w.write('log', '')
            w.app(b'text')
            w.start('hello.py')
            w.answers(b'text')
            child = w.child()
            if state == 'failed':
                w.write('hello.py', 'wrong\n')
                w.answers(PAGE, 503)
            if state == 'loading':
                w.write('hello.py', 'import time; open("asleep", "w").close(); time.sleep(20)\n')
                until(lambda: os.path.exists(w.at('asleep')), w.log)
                child = w.child()
                os.unlink(w.at('asleep'))
            same((state, w.stop(signo)), (state, 0))
            assert not os.path.exists('/proc/%d' % child)
            same(w.count('Traceback|KeyboardInterrupt'), 1 if state == 'failed' else 0)


def test_an_interrupt_at_the_terminal_goes_to_all_and_is_taken_once(w):
    for state in ('serving', 'loading'):
        w.write('log', '')
        w.app(b'text')
        w.start('hello.py', start_new_session=True)
        w.answers(b'text')
        lines = 2  # the address, the request
        if state == 'loading':
            w.write('hello.py', 'import time; open("asleep", "w").close(); time.sleep(20)\n')
            until(lambda: os.path.exists(w.at('asleep')), w.log)
            lines += 1
            os.kill(w.child(), signal.SIGINT)  # who of the two is first is not known
            time.sleep(.2)
        os.killpg(w.process.pid, signal.SIGINT)
        same(w.process.wait(WAIT), 0)
        same(w.log().count('\n'), lines)


def test_a_process_that_it_starts_while_it_loads_can_be_interrupted(w):
    w.write('hello.py', DOING)
    w.start('hello.py')
    same(json.loads(w.get('/show')[1])['interrupts'], [False] * 4)


def test_a_hangup_ends_it_however_often_it_comes(w):
    w.write('hello.py', DOING)
    w.start('hello.py', bind='unix:' + w.at('s'), start_new_session=True)
    slept = in_background(w.get, '/sleep?1.2')
    until(lambda: os.path.exists(w.at('asleep')), w.log)
    for _ in range(3):  # the terminal's, and the shell's
        os.killpg(w.process.pid, signal.SIGHUP)
        time.sleep(.1)
    same(slept(), (200, b'slept'))
    same(w.process.wait(WAIT), 0)
    assert not os.path.exists(w.at('s'))


def test_a_hangup_that_is_ignored_stays_so(w):
    w.app(b'one')
    w.start('hello.py', preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    w.answers(b'one')
    os.kill(w.child(), signal.SIGHUP)
    w.process.send_signal(signal.SIGHUP)
    w.app(b'two')
    w.answers(b'two')
    same(w.stop(), 0)


def test_a_second_signal_does_not_wait(w):
    w.write('hello.py', DOING)
    w.start('hello.py')
    slow = w.connect()
    slow.sendall(b'GET /sleep?60 HTTP/1.0\r\n\r\n')
    until(lambda: os.path.exists(w.at('asleep')), w.log)
    w.process.terminate()
    time.sleep(.3)
    assert w.process.poll() is None
    w.process.terminate()
    begin = time.monotonic()
    same(w.process.wait(WAIT), 0)
    assert time.monotonic() - begin < 2
    slow.close()


def test_nothing_serves_on_when_the_supervisor_is_killed(w):
    w.app(b'text')
    w.start('hello.py')
    w.answers(b'text')
    child = w.child()
    w.process.kill()
    w.process.wait(WAIT)
    until(lambda: not os.path.exists('/proc/%d' % child) or
          open('/proc/%d/stat' % child).read().rpartition(')')[2].split()[0] == 'Z', w.log)
    try:
        w.connect().close()
    except ConnectionRefusedError:
        return
    raise AssertionError('somebody still listens')


# Words.

def failing(w, *words):
    done = subprocess.run([SERVE, *words], cwd=w.path, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=WAIT)
    same(done.stderr.count('\n'), 1)
    return done.returncode, done.stderr


def test_a_wrong_command_line_ends_at_once(w):
    w.app(b'text')
    os.mkdir(w.at('folder'))
    with socket.create_server(('127.0.0.1', 0)) as taken:
        for status, wanted, words in (
                (64, 'no application is named', ()),
                (64, "'nowhere' is no address", ('--bind', 'nowhere', 'hello.py')),
                (64, '--bind wants ADDRESS after it', ('--bind',)),
                (64, 'give --bind once', ('--bind=a:1', '--bind=b:1', 'hello.py')),
                (64, "' ' cannot stand in a module's name", ('a b',)),
                (64, '--reload is for an application', ('--fcgi', 'unix:/x')),
                (64, '--debug shows the program',
                 ('--debug', '--bind', '0.0.0.0:0', 'hello.py')),
                (66, 'cannot read the script', ('nothing.py',)),
                (66, 'No such file', ('./nothing.so',)),
                (66, '--reload-extra-file no.txt: No such file',
                 ('--reload-extra-file=no.txt', 'hello.py')),
                (66, '--reload-extra-file folder: Is a directory',
                 ('--reload-extra-file=folder', 'hello.py')),
                (69, 'in use', ('--bind', '%s:%d' % taken.getsockname(), 'hello.py'))):
            if '--bind' not in ' '.join(words):
                words = ('--bind', '127.0.0.1:0') + words
            code, said = failing(w, '--reload', *words)
            assert code == status and wanted in said, (words, code, said)


def test_the_word_for_children_is_nobody_elses(w):
    code, said = failing(w, '--reload-pipe=0', '--bind=127.0.0.1:0', 'demo')
    assert code == 64 and '--reload-pipe 0' in said, (code, said)


def test_the_words_and_the_environment_reach_the_application(w):
    w.write('below/doing.py', DOING)
    os.mkdir(w.at('first'))
    w.start('--chdir', 'below', '-e', 'GREETING=hi', '--threads=3', '--pythonpath', w.at('first'),
            'doing.py')
    for _ in range(2):
        status, body = w.get('/show')
        same(status, 200)
        seen = json.loads(body)
        same((seen['argv'], seen['cwd'], seen['multithread']), (['doing.py'], w.at('below'), True))
        same(seen['path'], [w.at('below'), w.at('first')])
        same(seen['environ'].pop('GREETING'), 'hi')
        same(set(seen['environ']) - set(os.environ) - {'LC_ALL', 'PYTHONDONTWRITEBYTECODE'},
             set())
        os.utime(w.at('below', 'doing.py'))
        until(lambda: json.loads(w.get('/show')[1])['pid'] != seen['pid'], w.log)
    w.await_log('wsgi-serve: doing.py changed')


def test_no_process_of_the_application_has_the_pipe_or_the_socket(w):
    w.write('hello.py', DOING)
    w.start('hello.py')
    seen = json.loads(w.get('/show')[1])
    assert targets_of(w.child()) & targets_of(w.process.pid), 'no pipe and no socket to look for'
    for who in ('at_import', 'started', 'forked'):
        same((who, [t for t in seen[who] if t in targets_of(w.process.pid)]), (who, []))


def targets_of(pid):
    folder = '/proc/%d/fd' % pid
    found = set()
    for n in os.listdir(folder):
        try:
            found |= {os.readlink(os.path.join(folder, n))} if int(n) > 2 else set()
        except FileNotFoundError:  # closed since the folder was read
            pass
    return found


def test_https_goes_on_with_the_same_certificate(w):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
                    '-subj', '/CN=localhost', '-keyout', w.at('key.pem'), '-out', w.at('cert.pem')],
                   check=True, capture_output=True)
    context = ssl.create_default_context(cafile=w.at('cert.pem'))
    context.check_hostname = False
    w.app(b'one')
    w.start('--certfile', w.at('cert.pem'), '--keyfile', w.at('key.pem'), 'hello.py')
    w.await_log('listening on https://')
    w.answers(b'one', context=context)
    w.write('hello.py', 'wrong\n')
    w.answers(PAGE, 503, context=context)
    w.app(b'two')
    w.answers(b'two', context=context)


def run(name, test):
    """Whether it passed."""
    begin = time.monotonic()
    try:
        with Place() as place:
            test(place)
    except Exception:
        print('FAIL %s\n%s' % (name, traceback.format_exc()), flush=True)
        return False
    print('ok   %s %.1f s' % (name, time.monotonic() - begin), flush=True)
    return True


def main():
    chosen = [(name, test) for name, test in globals().items() if name.startswith('test_') and
              (not sys.argv[1:] or any(w in name for w in sys.argv[1:]))]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:  # they wait most of the time
        passed = sum(pool.map(lambda c: run(*c), chosen))
    print('%d passed, %d failed' % (passed, len(chosen) - passed))
    return passed < len(chosen)


if __name__ == '__main__':
    sys.exit(main())
