"""Threads, children, signals and clients that come in the middle: nothing of it is a crash."""

import os
import signal
import socket
import subprocess
import time

import gateway
from gateway import PYTHON, Client, Folder, fastcgi
from fastcgi import PARAMS, STDIN, begin, pairs, stream, variables
from frontend import Logs, has, has_not, main, same, test

FOLDER = Folder('python-strangers')
APPLICATION = FOLDER.file('strangers', 'app.py', text='''\
import os, subprocess, sys, threading, time
seen = []

def log(environ, text):
    environ['wsgi.errors'].write(text + '\\n')
    environ['wsgi.errors'].flush()

def read_in_a_thread(environ):
    def run():
        try:
            n = len(environ['wsgi.input'].read())
        except Exception as e:
            n = type(e).__name__
        print('THREAD READ %s' % n, file=sys.stderr, flush=True)
    thread = threading.Thread(target=run)
    thread.start()
    return thread

class Body:
    def __init__(self, environ):
        self.environ = environ
    def __iter__(self):
        for i in range(200):
            yield b'x' * 10000
            time.sleep(0.01)
    def close(self):
        log(self.environ, 'LOG: closed')
        raise ValueError('in close')

class Watcher(list):
    def close(self):
        seen.append(repr(sys.exc_info()[1]))

def application(environ, start_response):
    kind = environ['QUERY_STRING']
    headers = [('Content-Type', 'text/plain')]
    if kind == 'thread_reads':          # and goes on reading after the response
        read_in_a_thread(environ)
        time.sleep(0.2)
        start_response('200 OK', headers)
        return [b'answered']
    if kind == 'thread_reads_first':
        read_in_a_thread(environ).join()
    if kind.startswith('how='):
        f = environ['wsgi.input']
        try:
            {'read': f.read, 'read_n': lambda: f.read(1000000), 'readline': f.readline,
             'readlines': f.readlines, 'iterate': lambda: list(f)}[kind[4:]]()
            log(environ, 'LOG: how it read')
        except Exception as e:
            log(environ, 'LOG: how ' + type(e).__name__)
    if kind == 'read_all':
        environ['wsgi.input'].read()
    if kind == 'written_then_failed':
        start_response('200 OK', headers)(b'some ')
        raise ValueError('after write')
    if kind == 'endless':
        start_response('200 OK', headers)
        return Body(environ)
    if kind == 'file':
        start_response('200 OK', headers + [('Content-Length', str(50 << 20))])
        return environ['wsgi.file_wrapper'](open(os.environ['SPARSE'], 'rb'))
    if kind == 'attributes':
        w = environ['wsgi.file_wrapper'](open(__file__, 'rb'), 10)
        w.extra = 1
        start_response('200 OK', headers)
        return [repr((w.extra, w.blksize, next(w))).encode()]
    if kind == 'child_body':
        if os.fork() == 0:
            start_response('200 OK', headers)
            return [b'from the child']
        time.sleep(0.3)
        start_response('200 OK', headers)
        return [b'%d' % len(environ['wsgi.input'].read())]
    if kind == 'fork':
        if os.fork() == 0:
            sys.exit(3)
        code = os.waitstatus_to_exitcode(os.wait()[1])
        start_response('200 OK', headers)
        return [b'child %d' % code]
    if kind == 'terminate':
        child = subprocess.Popen(['sleep', '20'])
        child.terminate()
        start_response('200 OK', headers)
        return [b'%d' % child.wait(5)]
    if kind == 'linger':
        threading.Thread(target=time.sleep, args=(20,)).start()
    start_response('200 OK', headers)
    return Watcher([' '.join(seen).encode() if kind == 'seen' else b'ok'])
''')


def server(*options, **more):
    return FOLDER.server(*options, application=APPLICATION, **more)


THREE = server('--threads', '3')


def half_a_request(client, query, length=1000000, sent=300000):
    """A request whose body is stuck half-way."""
    params = variables('/', query, 'POST', CONTENT_LENGTH=str(length))
    client.send(begin() + stream(PARAMS, pairs(params)) + stream(STDIN, b'z' * sent, end=False))


# Threads of the application.

@test
def a_thread_that_waits_for_a_body_holds_nobody_else_up():
    log = Logs(THREE.logs())
    with Client(THREE) as stuck, Client(THREE) as other:
        half_a_request(stuck, 'thread_reads_first')
        time.sleep(0.3)
        begin_s = time.monotonic()
        same(other.get('hello').body, b'ok')
        same(time.monotonic() - begin_s < 5, True)
        stuck.send(stream(STDIN, b'z' * 700000))
        same(stuck.reply().body, b'ok')
    log.wait('THREAD READ 1000000')


@test
def a_request_ends_when_its_threads_have_let_go_of_it():
    log = Logs(THREE.logs())
    with Client(THREE) as c:
        half_a_request(c, 'thread_reads')
        time.sleep(0.4)
        c.send(stream(STDIN, b'z' * 700000))
        same(c.reply().body, b'answered')
    log.wait('THREAD READ ')
    with Client(THREE) as c:
        same(c.get('hello').body, b'ok')


@test
def a_thread_that_reads_on_in_a_cgi_program_does_not_crash_it():
    env = {'PATH': '/usr/bin:/bin', 'LANG': 'C.UTF-8',
           **variables('/', 'thread_reads', 'POST', CONTENT_LENGTH='1000')}
    with subprocess.Popen([FOLDER.program('wsgi-cgi'), *PYTHON, APPLICATION], env=env,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as p:
        time.sleep(1)
        out, err = p.communicate(b'x' * 1000, 10)
    same((gateway.body_of(out), p.returncode), (b'answered', 0), err)
    has(err.decode(), 'THREAD READ 1000')


LATE = FOLDER.file('strangers', 'late.py', text='''\
import time
def application(environ, start_response):
    import threading
    time.sleep(0.2)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    names = [threading.current_thread() is threading.main_thread(), threading.active_count()]
    return [repr(names).encode()]
''')


@test
def the_main_thread_is_not_the_one_that_imports_threading_first():
    one = FOLDER.server('--threads', '3', application=LATE)
    clients = [Client(one) for _ in range(3)]
    for c in clients:
        c.send(gateway.fastcgi.request(variables('/'), flags=1))
    mains = [c.reply().body.startswith(b'[True') for c in clients]
    for c in clients:
        c.close()
    same(sum(mains) <= 1, True, repr(mains))
    same(one.stop(bound=8), 0)      # Python waits for the threads it knows: they have said goodbye


# Clients that leave.

@test
def the_exception_of_a_client_that_left_is_not_seen_by_the_next_one():
    one = server()
    leaver = Client(one)
    half_a_request(leaver, 'read_all')
    time.sleep(0.3)
    leaver.close()
    with Client(one) as c:
        for _ in range(3):
            c.get('hello')
        same(c.get('seen').body, b'None None None')
    same(one.stop(), 0)


@test(each=['read', 'read_n', 'readline', 'readlines', 'iterate'])
def half_a_body_does_not_pass_for_a_whole_one(how):
    log = Logs(THREE.logs())
    with Client(THREE) as leaver:
        half_a_request(leaver, 'how=' + how)
        time.sleep(0.3)
    has(log.wait('LOG: how'), 'LOG: how ConnectionResetError')


@test
def what_is_logged_after_a_client_left_is_not_lost():
    log = Logs(THREE.logs())
    with Client(THREE) as leaver:
        leaver.send(fastcgi.request(variables('/', 'endless')))
        time.sleep(0.2)
    text = log.wait('ValueError: in close')
    has(text, 'LOG: closed')
    has_not(text, 'BrokenPipeError')


@test
def a_file_that_shrinks_while_it_is_sent_is_logged():
    sparse = FOLDER.file('strangers', 'sparse', text='')
    os.truncate(sparse, 50 << 20)
    one = server(env={'SPARSE': sparse})
    log = Logs(one.logs())
    with Client(one) as c:
        c.send(fastcgi.request(variables('/', 'file')))
        time.sleep(0.3)
        os.truncate(sparse, 1000)
        try:
            same(c.reply().ended, None)
        except AssertionError as e:
            has(str(e), 'a record cut')
    log.wait('the response cannot be sent')
    same(one.stop(), 0)


@test
def a_call_that_fails_after_write_is_a_response_that_was_cut():
    with Client(THREE) as c:
        reply = c.get('written_then_failed')
        same((reply.body, reply.ended), (b'some ', None))
        has(reply.err.decode(), 'ValueError: after write')


# Children.

@test
def a_forked_child_ends_by_its_own_status_and_answers_nothing():
    for _ in range(3):
        with Client(THREE) as c:
            same(c.get('fork').body, b'child 3')
            same(c.get('hello').body, b'ok')


@test
def a_forked_child_leaves_the_body_of_a_cgi_request_to_its_parent():
    ours, theirs = socket.socketpair()
    ours.sendall(b'x' * 1000)
    env = {'PATH': '/usr/bin:/bin', 'LANG': 'C.UTF-8',
           **variables('/', 'child_body', 'POST', CONTENT_LENGTH='1000')}
    done = subprocess.run([FOLDER.program('wsgi-cgi'), *PYTHON, APPLICATION], env=env,
                          stdin=theirs, capture_output=True, timeout=20)
    ours.close()
    theirs.close()
    same((gateway.body_of(done.stdout), done.returncode), (b'1000', 0), done.stderr)
    same(done.stdout.count(b'Status:'), 1)


@test
def a_child_of_any_thread_can_be_told_to_end():
    with Client(THREE) as a, Client(THREE) as b:
        for c in (a, b, a):
            same(c.get('terminate').body, b'-15')


# Signals.

@test
def a_second_signal_is_no_crash():
    one = server()
    log = Logs(one.logs())
    with Client(one) as c:
        c.get('linger')
    one.process.child.terminate()
    time.sleep(0.5)
    same(one.process.child.poll(), None)        # Python waits for the application's thread
    one.process.child.send_signal(signal.SIGINT)
    same(one.stop(bound=5), 0)
    has_not(log.text(), 'signal 11')


@test
def nor_is_it_without_a_process_manager():
    address = os.path.join(FOLDER.run, 'descriptor0.sock')
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        child = subprocess.Popen([FOLDER.program('wsgi-fcgi'), *PYTHON, APPLICATION],
                                 stdin=listener, stderr=subprocess.DEVNULL)
    try:
        with fastcgi.Connection(address) as c:
            same(c.ask(variables('/', 'linger')).status, 200)
        child.terminate()
        time.sleep(0.5)
        same(child.poll(), None)
        child.send_signal(signal.SIGINT)
        same(child.wait(5), -signal.SIGINT)
    finally:
        child.kill()
        child.wait()


# FileWrapper.

@test
def a_file_wrapper_takes_attributes():
    with Client(THREE) as c:
        same(c.get('attributes').body, repr((1, 10, b'import os,')).encode())


# What comes through the interpreter's words.

@test
def http_proxy_may_be_any_bytes():
    env = {b'PATH': b'/usr/bin:/bin', b'GATEWAY_INTERFACE': b'CGI/1.1', b'REQUEST_METHOD': b'GET',
           b'QUERY_STRING': b'', b'HTTP_PROXY': b'http://\xff\xfe/\xc3\xa9'}
    done = subprocess.run([FOLDER.program('wsgi-cgi'), *PYTHON, APPLICATION], env=env,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    same((done.stdout.partition(b'\r\n')[0], done.returncode), (b'Status: 200 OK', 0), done.stderr)


if __name__ == '__main__':
    main(THREE.logs)
