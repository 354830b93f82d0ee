"""--validate on each gateway: what is right has no complaint, what is wrong is a 500 and a line.

Environment: BUILD, the folder of the binaries. Words on the command line choose the tests.
"""

import functools
import os
import re
import subprocess
import urllib.parse

import frontend
from frontend import Fcgi, Logs, Nginx, Process, Work, connect, has, has_not, main, request, same, test

WORK = Work('validate')
PYTHON = ['--python', '/usr/bin/python3', '--pythonpath', WORK.apps]
DEMO = 'demo'
GOOD_C, BAD_C = WORK.native('hello.so'), WORK.native('breaks.so')
PYTHON_APP = WORK.file('site', 'app.py', text='''\
def application(environ, start):
    query = environ['QUERY_STRING']
    if query == 'twice':
        start('200 OK', [('Content-Type', 'text/plain')])
    if query == 'trapped':
        try:
            start('200 OK', [('Content-Type', 'text/plain'), ('Connection', 'close')])
        except AssertionError:
            pass
    if query == 'read':
        environ['wsgi.input'].read()
    if query == 'string':
        start('200 OK', [('Content-Type', 'text/plain')])
        return b'text'
    write = start('200 OK', [('Content-Type', 'text/plain')] if query != 'type' else [])
    if query == 'late':
        def late():
            yield b'before '
            write(b'within')
        return late()
    if query == 'file':
        return environ['wsgi.file_wrapper'](open(__file__, 'rb'))
    write(b'written ')
    return [b'well', environ['wsgi.input'].read(100)]
''')
KINDS = ['wsgi-cgi', 'wsgi-iis', 'wsgi-fcgi', 'wsgi-serve']
ENV = {'DJANGO_SETTINGS_MODULE': 'django_site.settings', 'HOME': WORK.run,
       'E2E_DATABASE': os.path.join(WORK.run, 'django.sqlite3')}
SERVER_NAME = [('server {', 'server {\n\tserver_name localhost;')]


class Cgi:
    """wsgi-cgi or wsgi-iis, a process for each request."""

    def __init__(self, program, application):
        self.words = [WORK.program(program), '--validate', *PYTHON, application]
        self.log = os.path.join(WORK.path, program + '.log')

    def ask(self, path, query, body):
        env = {'PATH': '/usr/bin:/bin', 'GATEWAY_INTERFACE': 'CGI/1.1', 'SERVER_NAME': 'localhost',
               'SERVER_PORT': '80', 'SERVER_PROTOCOL': 'HTTP/1.1', 'SCRIPT_NAME': '/app.exe',
               'PATH_INFO': path, 'QUERY_STRING': query, 'REQUEST_METHOD': 'POST' if body else 'GET',
               'CONTENT_LENGTH': str(len(body)), **ENV}
        if 'iis' in self.words[0]:
            env['PATH_INFO'] = '/app.exe' + path
        if body:
            env['CONTENT_TYPE'] = 'application/x-www-form-urlencoded'
        with open(self.log, 'ab') as log:
            out = subprocess.run(self.words, env=env, input=body, stdout=subprocess.PIPE, stderr=log,
                                 timeout=frontend.ANSWER_SECONDS).stdout
        head, _, rest = out.partition(b'\r\n\r\n')
        return int(head.split()[1]), rest

    def logs(self):
        return [self.log]


class Server:
    """wsgi-fcgi behind nginx, or wsgi-serve."""

    def __init__(self, program, application, more=SERVER_NAME):
        if program == 'wsgi-fcgi':
            server = Fcgi(WORK, application, '--validate', *PYTHON, env=ENV)
            front = Nginx(WORK, 'nginx-site.conf', server.bind, more)
            self.port, self.log_paths = front.port, server.logs() + front.logs()
        else:
            self.port = frontend.free_port()
            log = os.path.join(WORK.path, 'serve%d.log' % self.port)
            server = Process([WORK.program(program), '--bind', '127.0.0.1:%d' % self.port, '--validate',
                              *PYTHON, application], log, env=ENV)
            server.ready(lambda: connect(self.port))
            self.log_paths = [log]

    def ask(self, path, query, body):
        more = dict(method='POST', body=body, headers=[
            ('Content-Type', 'application/x-www-form-urlencoded')]) if body else {}
        answer = request(self.port, path + ('?' + query if query else ''), **more)
        return answer.status, answer.body

    def logs(self):
        return self.log_paths


@functools.lru_cache(None)
def place(kind, application):
    return Cgi(kind, application) if kind in KINDS[:2] else Server(kind, application)


def answered(kind, application, path='/', query='', body=b'', log=None):
    """Status, body, and what the log got; log: words to wait for."""
    at = place(kind, application)
    logs = Logs(at.logs())
    status, text = at.ask(path, query, body)
    return status, text, logs.wait(log) if log else logs.text()


def goes_well(kind, application, part, **more):
    status, text, log = answered(kind, application, **more)
    same(status, 200, log[-1000:])
    has(text, part)
    for word in ('validate:', 'Traceback', 'Warning', 'PEP 3333'):
        has_not(log, word)


def is_refused(kind, application, query, words, **more):
    status, text, _ = answered(kind, application, query=query, log=words, **more)
    same((status, text), (500, b'A server error occurred.  Please contact the administrator.'))


# What is right.

@test(each=KINDS)
def a_c_application_that_is_right_has_no_complaint(kind):
    goes_well(kind, GOOD_C, b'hello GET /')
    goes_well(kind, GOOD_C, b'hello POST / a=1', body=b'a=1')
    goes_well(kind, BAD_C, b'well', query='well')
    goes_well(kind, DEMO, b'Hello world!')


@test(each=KINDS)
def a_python_application_that_is_right_has_no_complaint(kind):
    goes_well(kind, PYTHON_APP, b'written well')
    goes_well(kind, PYTHON_APP, b'written wella=1', body=b'a=1')
    goes_well(kind, PYTHON_APP, b'def application', query='file')


@test(each=KINDS)
def flask_django_and_bottle_have_no_complaint(kind):
    form = urllib.parse.urlencode({'a': '\xfc'}).encode()
    goes_well(kind, WORK.app('flask_site.py') + ':app', b'Flask at')
    goes_well(kind, WORK.app('flask_site.py') + ':app', b'{', path='/form', body=form)
    goes_well(kind, WORK.app('bottle_site.py'), b'Bottle at')
    goes_well(kind, WORK.app('bottle_site.py'), b'{', path='/form', body=form)
    goes_well(kind, 'django_site.wsgi', b'Django at')
    goes_well(kind, 'django_site.wsgi', b'part 299', path='/stream')


# What is wrong.

@test(each=KINDS)
def a_c_application_that_breaks_a_rule_is_a_500_and_a_line(kind):
    is_refused(kind, BAD_C, 'twice', 'the application: start_response() must not be called again '
                                     "without exc_info: '200 OK' (PEP 3333, The start_response() Callable)")
    is_refused(kind, BAD_C, 'type', 'the application: there must be a Content-Type header')


@test(each=KINDS)
def what_comes_too_late_for_a_500_is_a_line_all_the_same(kind):
    place(kind, BAD_C)
    logs = Logs(place(kind, BAD_C).logs())
    try:
        place(kind, BAD_C).ask('/', 'short', b'')
    except AssertionError:
        pass  # nginx and wsgi-serve cut what is too short
    logs.wait("the application: Content-Length is not that of the body: 'the body is shorter'")


@test(each=KINDS)
def a_python_application_is_checked_by_wsgiref_too(kind):
    """What it finds is an exception with a traceback."""
    for query, words in {
            'type': 'AssertionError: No Content-Type header found in headers ([])',
            'read': 'environ[\'wsgi.input\'].read()',
            'string': 'AssertionError: You should not return a string'}.items():
        is_refused(kind, PYTHON_APP, query, words)


@test(each=KINDS)
def what_wsgiref_does_not_see_libwsgi_sees(kind):
    is_refused(kind, PYTHON_APP, 'twice', 'AssertionError: the application: start_response() must not be '
                                          'called again without exc_info')
    is_refused(kind, PYTHON_APP, 'trapped', "the application: hop-by-hop headers are forbidden: 'Connection'")
    place(kind, PYTHON_APP)
    logs = Logs(place(kind, PYTHON_APP).logs())
    try:
        place(kind, PYTHON_APP).ask('/', 'late', b'')
    except AssertionError:
        pass  # cut
    logs.wait('AssertionError: the application: must not invoke write() from within its return iterable')


@test(each=['/', '/x'])
def a_front_end_that_breaks_a_rule_is_told_of_too(path):
    at = Cgi('wsgi-cgi', PYTHON_APP)
    logs = Logs(at.logs())
    env = {'PATH': '/usr/bin:/bin', 'REQUEST_METHOD': 'GET', 'SERVER_NAME': 'localhost', 'PATH_INFO': path}
    with open(at.log, 'ab') as log:
        out = subprocess.run(at.words, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                             timeout=frontend.ANSWER_SECONDS).stdout
    has(out, b'Status: 500 ')
    logs.wait("the server: the environ must contain this variable: 'SERVER_PORT' (PEP 3333, environ Variables)")


@test
def nginx_without_a_server_name_breaks_no_rule():
    at = Server('wsgi-fcgi', GOOD_C, more=())
    logs = Logs(at.logs())
    same(at.ask('/', '', b'a=1'), (200, b'hello POST / a=1'))
    same('validate:' in logs.text(), False, logs.text())


@test
def a_backend_is_no_application_to_validate():
    done = subprocess.run([WORK.program('wsgi-serve'), '--validate', '--fcgi', 'unix:/nowhere'],
                          capture_output=True, text=True, timeout=frontend.ANSWER_SECONDS)
    same(done.returncode, 64)
    has(done.stderr, '--validate is for an application')


@test
def the_manual_has_every_rule():
    def read(path):
        with open(os.path.join(frontend.REPO, 'lib', 'wsgi', path)) as f:
            return f.read()
    table = read('rules.c').partition('rules[WSGI_RULES] = {')[2].partition('\n};')[0]
    rules = re.findall(r'\] =\s*\{((?:\s*"(?:[^"\\]|\\.)*")+)', table)
    page = read('wsgi_validate.3')
    for rule in rules:
        words = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', rule)).replace('\\"', '\\(dq')
        has(page, '\n.It "%s"\n' % words)
    same(page.count('\n.It '), len(rules))


if __name__ == '__main__':
    main(lambda: [path for kind in KINDS for path in place(kind, PYTHON_APP).logs()])
