"""The status of wsgi-fcgi: on a path of the application's, on a socket of its own, in a browser."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree

import frontend
from fastcgi import Connection, request, variables
from frontend import Fcgi, Work, connect, free_port, has, has_not, main, same, tail, test

WORK = Work('status')
PYTHON = ['--python', '/usr/bin/python3']
APP = WORK.file('apps', 'status_app.py', text='''
import time
def application(environ, start_response):
    if environ['PATH_INFO'] == '/sleep':
        time.sleep(float(environ['QUERY_STRING']))
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'the application']
''')
HOSTILE = b'/<script>document.title="run"</script>"\'&\x1b[31m\n\xff\\'


class Server(Fcgi):
    def __init__(self, *options):
        self.http = free_port()
        super().__init__(WORK, APP, *PYTHON, '--status-socket', '127.0.0.1:%d' % self.http,
                         '--status-path=/status', '--ping-path=/ping', *options)
        self.child = self.process.child
        until(lambda: self.ping().status == 200, 'a worker in %s' % tail(self.log))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()

    def ask(self, query='', path='/status', **more):
        return frontend.request(self.http, path + ('?' + query if query else ''), **more)

    def ping(self):
        """Over HTTP; the socket is there before its process is."""
        return self.ask(path='/ping')

    def json(self):
        return self.ask('json&full').json()

    def begin(self, path='/', query='', **more):
        c = Connection(self.address)
        c.send(request(variables(path, query, **more)))
        return c

    def get(self, path='/', query='', **more):
        with self.begin(path, query, **more) as c:
            return c.reply()

    def status_process(self):
        """Its id; 0: there is none."""
        with open('/proc/%d/task/%d/children' % (self.pid, self.pid)) as f:
            for pid in map(int, f.read().split()):
                with contextlib.suppress(OSError), open('/proc/%d/cmdline' % pid) as c:
                    if '--status-board=' in c.read():
                        return pid
        return 0


def until(what, words, bound=20):
    end = time.monotonic() + bound
    while True:
        with contextlib.suppress(OSError, AssertionError):
            value = what()
            if value:
                return value
        assert time.monotonic() < end, 'never: %s' % words
        time.sleep(0.05)


def is_gone(pid):
    try:
        with open('/proc/%d/stat' % pid) as f:
            return f.read().rpartition(')')[2].split()[0] == 'Z'
    except OSError:
        return True


# OpenMetrics, as its specification has it.

SAMPLE = re.compile(r'([a-z_]+)(\{[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"'
                    r'(?:,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*\})? (\d+)')
SUFFIX = {'counter': '_total', 'gauge': '', 'info': '_info'}


def metrics(text):
    """The samples by name and labels; what is not of the format is an AssertionError."""
    assert text.endswith('\n# EOF\n') and text.count('# EOF') == 1
    samples, types, family = {}, {}, None
    for line in text.splitlines()[:-1]:
        if line.startswith('# '):
            word, name, rest = line[2:].split(' ', 2)
            assert word in ('HELP', 'TYPE', 'UNIT'), line
            if name != family:
                assert name not in types and word == 'HELP', 'begun twice: ' + line
                family = name
            if word == 'TYPE':
                types[name] = rest
            if word == 'UNIT':
                assert name.endswith('_' + rest), line
            continue
        found = SAMPLE.fullmatch(line)
        assert found, 'no sample: %r' % line
        same(found[1], family + SUFFIX[types[family]])
        assert (found[1], found[2]) not in samples, line
        samples[found[1] + (found[2] or '')] = int(found[3])
    return samples


# What is answered.

@test
def every_form_says_the_same():
    with Server('--workers', '2', '--threads', '2') as s:
        for _ in range(3):
            same(s.get().body, b'the application')
        until(lambda: s.json()['total processes'] == 2, 'two workers')
        said = s.json()
        same([said[k] for k in ('process manager', 'accepted conn', 'idle processes', 'threads')],
             ['static', 3, 2, 2])
        same(len(said['processes']), 4)
        same(sum(p['requests'] for p in said['processes']), 3)
        tree = xml.etree.ElementTree.fromstring(s.ask('xml&full').body)
        same(tree.find('accepted-conn').text, '3')
        same(len(tree.find('processes')), 4)
        text = s.ask('full').body.decode()
        has(text, 'accepted conn:        3\n')
        same(text.count('*' * 24 + '\n'), 4)
        numbers = metrics(s.ask('openmetrics&full').body.decode())
        same([numbers['wsgi_fcgi_' + n] for n in ('accepted_connections_total', 'idle_processes',
                                                  'listen_queue_length', 'up')],
             [3, 2, said['listen queue len'], 1])
        same(sum(v for k, v in numbers.items() if k.startswith('wsgi_fcgi_worker_requests')), 3)
        page = s.ask('html')
        same(page.header('Content-Type'), 'text/html; charset=utf-8')
        same(page.body.count(b'<tr class='), 4)


@test
def a_worker_answers_its_paths_before_the_application():
    with Server('--threads', '2') as s:
        reply = s.get('/status', 'json&full')
        same(reply.status, 200)
        said = json.loads(reply.body)
        row = [p for p in said['processes'] if p['state'] == 'Running']
        same(len(row), 1)
        same((row[0]['request method'], said['active processes']), ('GET', 1))
        has(row[0]['request uri'], '/status')
        same(s.get('/ping').body, b'pong')
        same(s.get('/status/x').body, b'the application')
        same(s.get('/ping', REQUEST_METHOD='POST').status, 405)


@test
def a_request_is_shown_while_it_runs():
    with Server() as s, s.begin('/sleep', '2') as c:
        row = until(lambda: [p for p in s.json()['processes'] if p['state'] == 'Running'],
                    'a request')[0]
        has(row['request uri'], '/sleep')
        assert row['request duration'] < 30e6
        same(s.json()['idle processes'], 0)
        same(c.reply().body, b'the application')
        until(lambda: s.json()['idle processes'] == 1, 'its end')
        assert s.json()['processes'][0]['request duration'] >= 2e6


@test
def the_socket_has_a_status_and_a_ping_and_nothing_else():
    with Server() as s:
        same(s.ask(path='/').status, 404)
        same(s.ask(path='/statusx').status, 404)
        same(s.ask(path='/ping', method='POST', body=b'x').status, 405)
        same(s.ask(path='/ping', method='HEAD').body, b'')
        answer = s.ping()
        same((answer.body, answer.header('Cache-Control')),
             (b'pong', 'no-cache, no-store, must-revalidate, max-age=0'))


@test
def a_hostile_uri_is_shown_as_what_it_is():
    with Server() as s:
        s.get(REQUEST_URI=HOSTILE, REMOTE_USER=HOSTILE)
        shown = HOSTILE.decode('utf-8', 'replace')
        same(s.json()['processes'][0]['request uri'], shown)
        xml.etree.ElementTree.fromstring(s.ask('xml&full').body)
        metrics(s.ask('openmetrics&full').body.decode())
        has_not(s.ask('html').body.decode(), '<script>document')
        text = s.ask('full').body.decode()
        has(text, '\\x1b[31m\\x0a')
        has_not(text, '\x1b')


# How long it is there.

@test
def a_balancer_is_sent_elsewhere_before_the_end():
    s = Server()
    with s.begin('/sleep', '2') as c:
        until(lambda: s.json()['active processes'] == 1, 'the request')
        s.child.send_signal(signal.SIGTERM)
        until(lambda: s.ping().status == 503, '503')
        same(s.ping().body, b'stopping')
        same(c.reply().body, b'the application')
    same(s.child.wait(20), 0)
    with contextlib.suppress(ConnectionRefusedError):
        connect(s.http).close()
        raise AssertionError('it still listens')


@test
def it_is_there_through_reloads_and_upgrades():
    with Server('--workers', '2') as s:
        s.child.send_signal(signal.SIGHUP)
        until(lambda: s.json()['reloads'] == 1 and s.json()['generation'] == 2, 'a reload')
        same(s.ping().status, 200)
        before = s.status_process()
        s.child.send_signal(signal.SIGUSR2)
        while s.status_process() in (0, before) or 'workers take over' not in open(s.log).read(
                ).partition('becoming')[2]:
            has((200, 503), s.ping().status)
        same(s.ping().status, 200)


@test
def it_takes_no_signal_and_is_replaced_when_killed():
    with Server() as s:
        pid = s.status_process()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT,
                       signal.SIGUSR1, signal.SIGUSR2):
            os.kill(pid, number)
        same(s.ping().status, 200)
        same(s.status_process(), pid)
        os.kill(pid, signal.SIGKILL)
        until(lambda: s.status_process() not in (0, pid), 'another one')
        same(s.ping().status, 200)
        has(open(s.log).read(), 'ended by signal 9; another is started')


@test
def it_writes_to_the_log_of_today():
    log = os.path.join(WORK.run, 'error.log')
    with Server('--error-logfile', log) as s:
        pid = s.status_process()
        os.rename(log, log + '.1')
        s.child.send_signal(signal.SIGUSR1)
        until(lambda: s.status_process() not in (0, pid), 'another one')
        same(os.readlink('/proc/%d/fd/2' % s.status_process()), log)
        until(lambda: is_gone(pid), 'the end of the old one')
        same(s.ping().status, 200)


@test
def it_ends_with_a_master_that_is_killed():
    s = Server()
    pid = s.status_process()
    s.child.kill()
    until(lambda: is_gone(pid), 'its end')
    s.child.wait()


@test
def without_wsgi_serve_the_start_says_so():
    folder = WORK.folder('lonely')
    program = shutil.copy(WORK.program('wsgi-fcgi'), folder)
    done = subprocess.run([program, '--bind', '127.0.0.1:0', '--status-socket', '127.0.0.1:0',
                           'demo'], capture_output=True, timeout=30, text=True)
    same(done.returncode, 69)
    has(done.stderr, 'wsgi-fcgi: --status-socket wants %s/wsgi-serve' % folder)


# As a person sees it.

@test
def the_page_is_live_and_runs_nothing_of_a_clients():
    import browser
    try:
        with browser.Chromium() as chrome, Server() as s:
            chrome.go('http://127.0.0.1:%d/status?html' % s.http)
            same(chrome.run('document.querySelectorAll("tbody tr").length'), 1)
            s.get(REQUEST_URI=HOSTILE)
            until(lambda: 'document.title="run"' in chrome.run('document.body.innerText'),
                  'the request')
            has(chrome.run('document.getElementById("live").textContent'), 'live, as of')
            has(chrome.run('document.title'), 'busy:')
            chrome.shoot('status')
            same(chrome.complaints(), [])
            s.stop()
            until(lambda: 'no answer' in chrome.run('document.getElementById("live").textContent'),
                  'that it is gone')
    finally:
        shutil.rmtree(browser.TEMP, ignore_errors=True)


if __name__ == '__main__':
    main()
