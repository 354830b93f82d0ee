"""wsgi-fcgi's logs, as an operator has them: forms, rotation, full disks; and its configuration."""

import datetime
import json
import os
import re
import signal
import subprocess

from fastcgi import Connection, request, variables
from frontend import Fcgi, Skip, Work, has, has_not, main, same, tail, test, until

WORK = Work('logs')
PYTHON = ['--python', '/usr/bin/python3']

APP = '''
def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/fail':
        raise ValueError('as asked')
    if path == '/print':
        print('printed', flush=True)
    start_response('404 Not Found' if path == '/no' else '200 OK',
                   [('Content-Type', 'text/plain'), ('X-Made-By', 'test')])
    return [b'x' * int(environ['QUERY_STRING'] or 5)]
'''
APPLICATION = WORK.file('apps', 'logged.py', text=APP)
HEAD = r'\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] \[[A-Z]+\] '


def read(path):
    try:
        with open(path, 'rb') as f:
            return f.read().decode('utf-8', 'surrogateescape')
    except FileNotFoundError:
        return ''


class Server(Fcgi):
    """With both log files, in a folder that its user may write to."""

    def __init__(self, *options, **more):
        folder = WORK.folder('run', 'logs%d' % Fcgi.count, own=True)
        self.error, self.access = os.path.join(folder, 'error.log'), os.path.join(folder, 'access.log')
        super().__init__(WORK, APPLICATION, *PYTHON, '--error-logfile', self.error,
                         '--access-logfile', self.access, *options, **more)
        self.wait('listening on')

    def wait(self, words, count=1):
        until(lambda: read(self.error).count(words) >= count,
              '%r in\n%s' % (words, tail(self.error)))

    def ask(self, path='/', query='', **more):
        with Connection(self.address) as c:
            c.send(request(variables(path, query, **more)))
            return c.reply()

    def lines(self, count):
        """The access log, once it has so many lines."""
        until(lambda: read(self.access).count('\n') >= count, '%d lines in %s' % (
            count, tail(self.access)))
        found = read(self.access).splitlines()
        same(len(found), count)
        return found

    def end(self):
        same(self.stop(), 0)


@test
def each_request_has_a_line_in_the_combined_format():
    server = Server()
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    server.ask('/a', '7', HTTP_USER_AGENT='curl', HTTP_REFERER='http://x/')
    server.ask('/no')
    server.ask('/fail', REMOTE_USER='ann')
    first, second, third = server.lines(3)
    found = re.fullmatch(r'127\.0\.0\.1 - - \[([^]]+)\] "GET /a\?7 HTTP/1\.1" 200 7 "http://x/" "curl"',
                         first)
    at = datetime.datetime.strptime(found.group(1), '%d/%b/%Y:%H:%M:%S %z')
    same(before <= at <= datetime.datetime.now(datetime.timezone.utc), True)
    has(second, '"GET /no HTTP/1.1" 404 5 "-" "-"')
    has(third, '- ann [')
    has(third, '"GET /fail HTTP/1.1" 500 ')
    server.end()


@test
def the_error_log_has_gunicorns_form_and_what_is_printed():
    server = Server('--log-level', 'info')
    server.ask('/print')
    server.wait('printed')
    server.end()
    for line in read(server.error).splitlines():
        same(line == 'printed' or re.match(HEAD, line) is not None, True, line)
    same(os.stat(server.error).st_mode & 0o777 & ~0o640, 0)
    same(read(server.log), '')


@test
def all_that_is_said_at_a_start_and_an_upgrade_is_in_the_error_log():
    server = Server('--status-socket', 'unix:' + os.path.join(WORK.run, 'status-logs.sock'))
    os.kill(server.pid, signal.SIGUSR2)
    server.wait('listening on', 2)
    text = read(server.error)
    same(len(re.findall('(?m)^' + HEAD + 'status on unix:.*$', text)), 2)
    same(read(server.log), '')
    server.end()


@test
def a_level_drops_what_is_below_it():
    server = Fcgi(WORK, APPLICATION, *PYTHON, '--log-level', 'warning')
    server.stop()
    same(read(server.log), '')


@test
def usr1_opens_new_files_and_no_line_is_lost():
    server, asked = Server('-w', '2', '--threads', '2'), 0
    with Connection(server.address) as kept:
        for turn in range(5):
            for _ in range(20):
                kept.send(request(variables('/%d' % asked), flags=1))
                same(kept.reply().status, 200)
                asked += 1
            os.rename(server.access, '%s.%d' % (server.access, turn))
            os.rename(server.error, '%s.%d' % (server.error, turn))
            server.child = server.process.child
            server.child.send_signal(signal.SIGUSR1)
            server.wait('the log files were opened again')
    until(lambda: sum(read('%s%s' % (server.access, end)).count('\n')
                      for end in ['', '.0', '.1', '.2', '.3', '.4']) == asked, '%d lines' % asked)
    # Every worker has heard of it in the end: what is asked now is in the new file.
    until(lambda: server.ask('/last').status == 200 and '/last' in read(server.access), 'new lines')
    server.end()


@test
def what_a_client_sends_is_one_line():
    server = Server()
    server.ask('/a', HTTP_USER_AGENT=b'x" 200 1\r\n127.0.0.1 - - forged \\ caf\xc3\xa9 \xff')
    line, = server.lines(1)
    has(line, r'"x\" 200 1\x0d\x0a127.0.0.1 - - forged \\ caf\xc3\xa9 \xff"')
    server.end()


@test
def json_is_an_object_a_line():
    server = Server('--access-logformat', 'json')
    agent = bytes(range(1, 256))
    server.ask('/a', '9', HTTP_USER_AGENT=agent, HTTP_HOST='h')
    line, = server.lines(1)
    found = json.loads(line.encode('utf-8', 'surrogateescape').decode('utf-8'))
    same(found['user_agent'], agent.decode('latin-1'))
    same([found[n] for n in ('method', 'uri', 'status', 'bytes', 'host', 'referer')],
         ['GET', '/a?9', 200, 9, 'h', None])
    same(0 <= found['seconds'] < 15, True)
    datetime.datetime.fromisoformat(found['time'])
    server.end()


@test
def on_a_full_disk_requests_go_on_and_lost_lines_are_counted():
    if os.geteuid() != 0:
        raise Skip('only root can mount a file system')
    folder = WORK.folder('small')
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=16k', 'small', folder]).returncode != 0:
        raise Skip('no file system can be mounted')
    try:
        access, filler = os.path.join(folder, 'access.log'), os.path.join(folder, 'filler')
        server = Fcgi(WORK, APPLICATION, *PYTHON, '--access-logfile', access, as_web_user=False)
        with open(filler, 'wb', buffering=0) as f:
            try:
                while True:
                    f.write(b'x' * 512)
            except OSError:
                pass
        with Connection(server.address) as c:
            for _ in range(30):
                c.send(request(variables('/full'), flags=1))
                same(c.reply().status, 200)
            os.unlink(filler)
            until(lambda: (c.send(request(variables('/again'), flags=1)), c.reply(),
                           'lost: ' in read(access))[2], 'a line that says so')
        found = re.findall(r'^lost: (\d+) lines: No space left on device$', read(access), re.M)
        same(len(found), 1)
        same(int(found[0]) + read(access).count('GET /full HTTP'), 30)
        same(server.stop(), 0)
    finally:
        subprocess.run(['umount', '-l', folder])


@test
def the_files_need_not_be_the_users():
    if os.geteuid() != 0:
        raise Skip('only root can become somebody else')
    folder = WORK.folder('roots')
    os.chmod(folder, 0o711)
    access = os.path.join(folder, 'access.log')
    server = Fcgi(WORK, APPLICATION, *PYTHON, '-u', 'nobody', '--access-logfile', access,
                  as_web_user=False)
    with Connection(server.address) as c:
        c.send(request(variables('/one'), flags=1))
        same(c.reply().status, 200)
        until(lambda: '/one' in read(access), 'a line')
        os.rename(access, access + '.1')
        server.process.child.send_signal(signal.SIGUSR1)
        until(lambda: os.path.exists(access), 'a new file')
        until(lambda: (c.send(request(variables('/two'), flags=1)), c.reply(),
                       '/two' in read(access))[2], 'a line in it')
    same(os.stat(access).st_uid, 0)
    same(server.stop(), 0)


# -- against gunicorn itself -----------------------------------------------------------------------

ATOMS = ['h', 'l', 'u', 'r', 's', 'm', 'U', 'q', 'H', 'b', 'B', 'f', 'a', '{user-agent}i',
         '{Content-Type}i', '{x-none}i', '{X-Made-By}o', '{content-type}o', '{x-none}o',
         '{path_info}e', '{REMOTE_ADDR}e', '{none}e']
ASKED = [
    {},
    {'path': '/a b', 'query': '12', 'REQUEST_URI': '/a%20b?12'},
    {'path': '/no', 'HTTP_USER_AGENT': 'Mozilla/5.0 (X11) "quoted"', 'HTTP_REFERER': 'http://x/?a=%20'},
    {'HTTP_AUTHORIZATION': 'Basic YW5uOnNlY3JldA=='},
    {'HTTP_AUTHORIZATION': 'basic !'},
    {'CONTENT_TYPE': 'text/plain', 'REMOTE_ADDR': '::1', 'method': 'PUT'},
]


def gunicorns(params, status, length):
    """The line that gunicorn writes."""
    from gunicorn.config import Config
    from gunicorn.glogging import Logger

    class Given:
        pass
    resp, req = Given(), Given()
    resp.status, resp.sent = status, length
    resp.headers = [('Content-Type', 'text/plain'), ('X-Made-By', 'test')]
    req.headers = [(k[5:].replace('_', '-'), v) for k, v in params.items() if k.startswith('HTTP_')]
    req.headers += [('CONTENT-TYPE', params['CONTENT_TYPE'])] if 'CONTENT_TYPE' in params else []
    environ = dict(params, RAW_URI=params['REQUEST_URI'])
    logger = Logger(Config())
    return '|'.join('%%(%s)s' % a for a in ATOMS) % logger.atoms_wrapper_class(
        logger.atoms(resp, req, environ, datetime.timedelta(seconds=1)))


@test
def atoms_are_those_of_gunicorn():
    try:
        import gunicorn  # noqa: F401
    except ImportError:
        raise Skip('gunicorn is not installed')
    server = Server('--access-logformat', '|'.join('%%(%s)s' % a for a in ATOMS))
    for asked in ASKED:
        params = variables(**dict({'path': '/'}, **asked))
        with Connection(server.address) as c:
            c.send(request(params))
            reply = c.reply()
        got = server.lines(ASKED.index(asked) + 1)[-1]
        same(got, gunicorns(params, reply.header('Status'), len(reply.body)))
    server.end()


# -- options ---------------------------------------------------------------------------------------

def run(*words, cwd=None):
    return subprocess.run([WORK.program('wsgi-fcgi'), *words], stdin=subprocess.DEVNULL, cwd=cwd,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, text=True)


@test
def what_is_printed_as_a_configuration_is_read_as_the_same():
    first = run('-b', 'unix:/s', '-w', '4', '-e', 'A=b "c"', '--access-logformat', '%(h)s "%(r)s"',
                '--pm=dynamic', '--print-config', 'demo')
    same((first.returncode, first.stderr), (0, ''))
    has(first.stdout, '\nmax-spare-servers = 2\n')
    path = WORK.file('printed.conf', text=first.stdout)
    second = run('-c', path, '--print-config')
    same((second.returncode, second.stdout, second.stderr), (0, first.stdout, ''))


@test
def a_check_loads_the_application_and_makes_nothing():
    folder = WORK.folder('run', 'checked', own=True)
    with open(os.path.join(folder, 'fine.py'), 'w') as f:
        f.write('import threading, time\n'
                'threading.Thread(target=time.sleep, args=(3600,)).start()\n' + APP)
    with open(os.path.join(folder, 'broken.py'), 'w') as f:
        f.write('import no_such_module\n')
    before = sorted(os.listdir(folder))
    words = [*PYTHON, '--chdir', folder, '-b', 'unix:s', '--error-logfile', 'e', '-p', 'p',
             '--check-config']
    fine = run(*words, 'fine.py')
    same((fine.returncode, fine.stderr), (0, 'wsgi-fcgi: the configuration is fine\n'))
    broken = run(*words, 'broken.py')
    same(broken.returncode, 78)
    has(broken.stderr, "No module named 'no_such_module'")
    has_not(broken.stderr, 'fine')
    same(run(*words, 'nothing.py').returncode, 66)
    same(run(*words, '-u', 'no-such-user', 'fine.py').returncode, 64)
    same(run(*words, '--access-logfile', '/nowhere/a', 'fine.py').returncode, 66)
    same(run('--check-config', 'demo').returncode, 0)
    same(sorted(os.listdir(folder)), before)


if __name__ == '__main__':
    main()
