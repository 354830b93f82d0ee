"""wsgi-fcgi's process manager: real masters, zygotes and workers, and what an operator does to them."""

import concurrent.futures
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time

from fastcgi import Connection, request, variables
from frontend import Fcgi, Work, has, has_not, main, same, tail, test, until

WORK = Work('manager')
PYTHON = ['--python', '/usr/bin/python3']
COUNT = 0

APP = '''
import os, signal, sys, time
{top}
def application(environ, start_response):
    path, query = environ['PATH_INFO'], environ['QUERY_STRING']
    if path == '/sleep':
        time.sleep(float(query))
    if path == '/die':
        os.kill(os.getpid(), int(query))
    if path == '/exit':
        os._exit(int(query))
    if path == '/orphan':
        if os.fork() == 0:
            if os.fork() == 0:
                time.sleep(0.2)
            os._exit(7)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [('%d {version} %s' % (os.getpid(), os.getcwd())).encode()]
'''


def write(name, version='one', top=''):
    return WORK.file('apps', name, text=APP.format(version=version, top=top))


def app(version='one', top=''):
    """An application of its own for each test: it may be changed."""
    global COUNT
    COUNT += 1
    return write('managed%d.py' % COUNT, version, top)


class Answer:
    def __init__(self, reply):
        self.reply, self.status = reply, reply.status
        words = reply.body.decode().split()
        self.pid, self.version, self.folder = int(words[0]), words[1], words[2]


class Server(Fcgi):
    def __init__(self, *options, application=None, ready=True, **more):
        self.application = application or app()
        more.setdefault('cwd', WORK.path)  # where --chdir comes from and may go back to
        super().__init__(WORK, self.application, *PYTHON, *options, **more)
        self.child = self.process.child
        if ready:
            self.wait('listening on')

    def text(self):
        with open(self.log, errors='backslashreplace') as f:
            return f.read()

    def wait(self, words, count=1, bound=15):
        """Until the log has the words so often."""
        until(lambda: self.text().count(words) >= count, '%r %d times in %s' % (words, count,
                                                                               tail(self.log)), bound)

    def get(self, path='/', query=''):
        with Connection(self.address) as c:
            c.send(request(variables(path, query)))
            return Answer(c.reply())

    def begin(self, path, query=''):
        """A request that is under way; its connection."""
        c = Connection(self.address)
        c.send(request(variables(path, query)))
        return c

    def children(self, role):
        """The process ids of those that the master has."""
        found = []
        with open('/proc/%d/task/%d/children' % (self.pid, self.pid)) as f:
            for pid in map(int, f.read().split()):
                with contextlib.suppress(OSError), open('/proc/%d/cmdline' % pid) as c:
                    if c.read().split('\0')[:2] == ['wsgi-fcgi', role]:
                        found.append(pid)
        return found

    def workers(self, count=None, bound=15):
        """Their process ids; wait until there are so many, and all of them serve."""
        if count is not None:
            until(lambda: len(self.children('worker')) == count, '%d workers' % count, bound)
        return self.children('worker')

    def zygote(self):
        return until(lambda: self.children('zygote'), 'a zygote')[0]

    def kill(self, number):
        self.child.send_signal(number)

    def serves(self, version, bound=15):
        """Until three answers one after the other are of that version."""
        until(lambda: {self.get().version for _ in range(3)} == {version}, version, bound)

    def end(self, status=0, number=signal.SIGTERM):
        same(self.stop(number=number), status)


def is_alive(pid):
    try:
        with open('/proc/%d/stat' % pid) as f:
            return f.read().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


def are_gone(pids, bound=10):
    until(lambda: not any(map(is_alive, pids)), 'the end of %s' % pids, bound)


def run(*words, seconds=30):
    done = subprocess.run([WORK.program('wsgi-fcgi'), *PYTHON, *words], capture_output=True,
                          timeout=seconds, env={'PATH': '/usr/bin:/bin'}, cwd=WORK.path,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stderr.decode()


def address():
    global COUNT
    COUNT += 1
    return 'unix:' + os.path.join(WORK.run, 'own%d.sock' % COUNT)


# The start.

@test
def a_master_starts_its_workers_and_says_where_it_listens():
    server = Server('-w', '3')
    workers = server.workers(3)
    same(server.get().pid in workers, True)
    same(server.text().count('listening on ' + server.bind), 1)
    with open('/proc/%d/cmdline' % server.pid) as f:
        same(f.read().split('\0')[:3], ['wsgi-fcgi', 'master', server.application])
    server.end()
    are_gone(workers)


@test(each=['worker', 'zygote under --preload'])
def an_application_that_does_not_load_ends_the_program_with_its_status(where):
    more = ['--preload'] if 'preload' in where else []
    status, err = run('-b', address(), '-w', '3', *more, app(top='import no_such_module'))
    same(status, 78)
    same(err.count('ModuleNotFoundError'), 1)
    has_not(err, 'listening on')
    status, err = run('-b', address(), *more, '/no/such/app.py')
    same(status, 66)


@test
def an_interpreter_that_is_not_there_ends_the_program():
    status, err = run('--python', '/no/python', '-b', address(), app())
    same((status, err.count('\n')), (69, 1))
    has(err, '/no/python')


@test(each=['--python=/bin/true 0', '--env=PYTHONHOME=/no/home 1'])
def an_interpreter_that_does_not_start_is_named_with_what_to_try(case):
    option, status = case.split()
    python = option[9:] if 'true' in option else PYTHON[1]
    ended, err = run(option, '-b', address(), app())
    same(ended, int(status) or 70)
    has(err, 'ended with status %s before it could serve: see whether %s is a Python that starts, '
             'and mend --python or PYTHONHOME' % (status, python))
    has_not(err, 'while it is loaded')


@test
def an_application_that_ends_the_zygote_while_it_loads_is_named():
    path = app(top='os._exit(0)')
    status, err = run('--preload', '-b', address(), path)
    same(status, 70)
    has(err, 'else what %s does while it is loaded' % path)


@test(each=['os._exit(3)', 'os.kill(os.getpid(), 9)'])
def a_first_worker_that_ends_while_it_loads_ends_the_program(how):
    status, err = run('-b', address(), '-w', '2', app(top=how))
    same(status, 3 if '3' in how else 70)
    has(err, 'before it could serve')


@test(each=['worker', 'zygote under --preload'])
def an_application_that_closes_the_servers_descriptors_is_told_so(where):
    more = ['--preload'] if 'preload' in where else []
    status, err = run('-b', address(), *more, app(top='os.closerange(3, 1000)'))
    same(status, 70)
    has(err, 'has closed descriptors that are not its own')


@test
def an_application_that_is_a_subreaper_before_its_workers_are_forked_is_served():
    server = Server('-w', '2', '--preload',
                    application=app(top='import ctypes; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)'))
    same(server.get().pid in server.workers(2), True)
    server.end()


@test
def an_address_that_is_taken_is_an_error():
    server = Server()
    status, err = run('-b', server.bind, app())
    same(status, 69)
    has(err, 'another server answers there')
    server.end()


@test(each=['64 --user=no-such-user', '66 --error-logfile=/no/folder/log', '69 --error-logfile=/tmp',
            '66 --pid=/no/folder/pid', '69 --bind=192.0.2.1:1', '66 --bind=unix:/no/folder/s',
            '69 --bind=unix:/etc/passwd/s', '69 --bind=unix:/etc/passwd', '64 --bind=localhost',
            '66 --status-socket=unix:/no/folder/s', '64 --pid=/etc/passwd', '64 --bind=fd://x'])
def what_cannot_be_opened_ends_the_program_with_a_status_and_a_line_that_says_so(case):
    wanted, option = case.split()
    status, err = run('-b', address(), option, app())
    same((status, err.count('\n')), (int(wanted), 1))
    has(err, option.split('=')[1])
    if '192' not in option:
        same(run('--check-config', '-b', address(), option, app()), (status, err))


@test
def a_check_beside_the_server_that_it_is_of_finds_nothing_wrong():
    pid = os.path.join(WORK.run, 'checked.pid')
    status = 'unix:' + os.path.join(WORK.run, 'checked-status.sock')
    server = Server('--pid', pid, '--status-socket', status)
    wanted = 0, 'wsgi-fcgi: the configuration is fine\n'
    same(run('--check-config', '-b', server.bind, '--pid', pid, '--status-socket', status, app()), wanted)
    same(server.get().status, 200)
    server.kill(signal.SIGUSR2)
    server.wait('new workers take over')
    server.end()


@test
def a_check_without_an_address_warns_that_a_socket_has_to_be_given():
    status, err = run('--check-config', app())
    same((status, err.count('\n')), (0, 2))
    has(err, 'no --bind is given')


@test
def the_options_of_the_manager_are_refused_on_descriptor_0():
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(os.path.join(WORK.run, 'zero.sock'))
        s.listen()
        done = subprocess.run([WORK.program('wsgi-fcgi'), '-w', '2', app()], stdin=s.fileno(),
                              capture_output=True, timeout=20)
    same(done.returncode, 64)
    has(done.stderr.decode(), '--workers is for the process manager')


@test
def the_pid_file_is_the_masters_and_goes_with_it():
    path = os.path.join(WORK.run, 'pid')
    server = Server('--pid', path)
    with open(path) as f:
        same(int(f.read()), server.pid)
    server.end()
    same(os.path.exists(path), False)


@test
def an_application_in_c_has_workers_too():
    server = Server('-w', '2', application=WORK.native('hello.so'))
    server.workers(2)
    with Connection(server.address) as c:
        c.send(request(variables()))
        same(c.reply().status, 200)
    server.kill(signal.SIGHUP)
    server.wait('started', 4)
    server.workers(2)
    server.end()


@test
def more_workers_than_orders_fit_into_the_line_to_a_zygote_are_all_started():
    server = Server('-w', '400', '--max-spawn-rate', '1024', application=WORK.native('hello.so'))
    until(lambda: len(server.children('worker')) == 400, '400 workers', 10)
    has_not(server.text(), 'no worker can be started')
    server.end()


# The end.

@test(each=[signal.SIGTERM, signal.SIGQUIT])
def a_graceful_end_finishes_requests_and_leaves_nobody(number):
    server = Server('-w', '2')
    everybody = server.workers(2) + [server.zygote()]
    c = server.begin('/sleep', '1')
    time.sleep(0.3)
    server.kill(number)
    until(lambda: not os.path.exists(server.address), 'the end of the socket')
    same(c.reply().status, 200)
    same(server.child.wait(5), 0)
    are_gone(everybody)


@test
def a_request_that_is_beyond_the_graceful_timeout_is_cut():
    server = Server('--graceful-timeout', '0.5')
    c = server.begin('/sleep', '20')
    time.sleep(0.3)
    began = time.monotonic()
    server.end()
    assert 0.4 < time.monotonic() - began < 5
    same(c.reply().ended, None)
    has(server.text(), 'did not end in time')


@test(each=['INT', 'a second TERM'])
def at_once_is_at_once(how):
    server = Server('-w', '2')
    everybody = server.workers(2) + [server.zygote()]
    c = server.begin('/sleep', '20')
    time.sleep(0.3)
    began = time.monotonic()
    if how == 'INT':
        server.kill(signal.SIGINT)
    else:
        server.kill(signal.SIGTERM)
        time.sleep(0.3)
        same(server.child.poll(), None)
        server.kill(signal.SIGTERM)
    same(server.child.wait(5), 0)
    assert time.monotonic() - began < 3
    are_gone(everybody)
    same(c.reply().ended, None)


@test
def without_a_master_workers_finish_and_end():
    server = Server('-w', '2')
    everybody = server.workers(2) + [server.zygote()]
    c = server.begin('/sleep', '1')
    time.sleep(0.3)
    server.stop(number=signal.SIGKILL)
    same(c.reply().status, 200)
    are_gone(everybody)


@test
def without_a_master_a_worker_that_does_not_finish_ends_in_time():
    server = Server('--graceful-timeout', '1')
    workers = server.workers(1)
    c = server.begin('/sleep', '60')
    server.wait('started')
    server.stop(number=signal.SIGKILL)
    are_gone(workers)
    same(c.reply().ended, None)
    server.wait('has no master any more')


@test
def a_standard_error_that_nobody_reads_does_not_keep_a_master_from_its_end():
    out, err = os.pipe()
    child = subprocess.Popen([WORK.program('wsgi-fcgi'), *PYTHON, '-b', address(), app()],
                             stdin=subprocess.DEVNULL, stderr=err)
    try:
        has(os.read(out, 4096).decode(), 'started')
        os.set_blocking(err, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(err, b'x' * 4096)
        child.terminate()
        same(child.wait(10), 0)
    finally:
        child.kill()
        os.close(out)
        os.close(err)


# Workers.

@test(each=[9, 11, 15])
def a_worker_that_is_killed_is_replaced(number):
    server = Server('-w', '2')
    before = server.workers(2)
    os.kill(before[0], number)
    after = until(lambda: before[0] not in server.workers() and server.workers(2), 'another one')
    same(before[1] in after, True)
    same(server.get().status, 200)
    if number != 15:  # an orderly end, which somebody asked for
        has(server.text(), 'worker %d was killed by signal %d' % (before[0], number))
    server.end()


@test(each=['/die 9', '/die 11', '/exit 3'])
def a_request_that_ends_its_worker_is_named(what):
    path, query = what.split()
    server = Server('--timeout', '60')
    worker, = server.workers(1)
    server.begin(path, query).close()
    server.wait('worker %d: GET %s?%s is left unanswered' % (worker, path, query))
    server.wait('starting another')
    server.end()


@test
def a_zygote_that_is_killed_is_replaced_and_its_workers_go_on():
    server = Server('-w', '2')
    server.wait('started', 2)
    before, zygote = server.workers(2), server.zygote()
    os.kill(zygote, signal.SIGKILL)
    until(lambda: server.children('zygote') not in ([], [zygote]), 'another zygote')
    same(sorted(server.workers()), sorted(before))
    os.kill(before[0], signal.SIGKILL)
    until(lambda: before[0] not in server.workers() and server.workers(2), 'another worker')
    server.end()


@test
def a_zygote_that_does_not_answer_holds_up_no_end_and_no_reload():
    server = Server()
    before, zygote = server.workers(1), server.zygote()
    os.kill(zygote, signal.SIGSTOP)
    server.kill(signal.SIGHUP)
    server.wait('new workers take over')
    are_gone(before + [zygote])
    zygote = server.zygote()
    os.kill(zygote, signal.SIGSTOP)
    os.kill(server.workers(1)[0], signal.SIGKILL)
    server.wait('was killed by signal 9')
    server.end()
    has(server.text(), 'zygote %d does not answer: killed' % zygote)


SCRIBBLE = '''
import ctypes, threading
def scribble(byte):
    with open('/proc/self/maps') as maps:
        for line in maps:
            if 'wsgi-board' in line:
                first, last = (int(x, 16) for x in line.split()[0].split('-'))
                ctypes.memset(first, byte, last - first)
    sys.stderr.write('scribbled\\n')
threading.Timer(0.5, scribble, [%d]).start()
'''


@test(each=[0, 1, 0x7f, 0xff])
def an_application_that_writes_over_the_scoreboard_harms_no_master(byte):
    server = Server('-w', '2', '--timeout', '5', '--slow', '1', application=app(top=SCRIBBLE % byte))
    server.wait('scribbled', 2)
    write(os.path.basename(server.application), 'two')
    server.kill(signal.SIGHUP)
    server.wait('new workers take over')
    server.serves('two')
    server.kill(signal.SIGUSR2)
    server.wait('new workers take over', 2)
    server.workers(2)
    server.end()


@test
def a_limit_of_memory_below_what_a_worker_needs_replaces_nobody_who_is_idle():
    server = Server('--max-memory', '1M')
    before = server.workers(1)
    server.wait('before its first request')
    time.sleep(2.5)
    same(server.workers(1), before)
    same(server.get().pid, before[0])
    server.wait('worker %d has reached --max-memory: ' % before[0])
    server.wait('started', 2)
    are_gone(before)
    server.end()


@test
def workers_that_do_not_start_any_more_are_tried_ever_more_slowly():
    server = Server('-w', '2', application=app())
    server.wait('started', 2)
    write(os.path.basename(server.application), top='raise SystemExit(5)')
    for pid in server.workers(2):
        os.kill(pid, signal.SIGKILL)
    server.wait('did not come to serve; the next try is in 1 s')
    same(server.text().count('did not come to serve'), 3)
    write(os.path.basename(server.application), 'two')
    server.wait('started', 4)
    same(server.get().version, 'two')
    server.end()


@test
def orphans_of_an_application_are_reaped():
    server = Server()
    server.get('/orphan')
    time.sleep(0.5)
    same(len(server.workers(1)), 1)
    with open('/proc/%d/task/%d/children' % (server.pid, server.pid)) as f:
        children = f.read().split()
    same(len(children), 2, 'a zygote and a worker')
    has_not(server.text(), 'status 7')
    server.end()


@test
def after_max_requests_a_worker_is_replaced_and_no_request_is_lost():
    server = Server('--max-requests', '5')
    with Connection(server.address) as c:
        pids = []
        for _ in range(30):
            c.send(request(variables(), flags=1))
            pids.append(Answer(c.reply()).pid)
            time.sleep(0.02)
    same(len(pids), 30)
    assert len(set(pids)) >= 2, pids
    has(server.text(), 'worker %d has reached --max-requests: ' % pids[0])
    server.workers(1)
    server.end()


@test
def ttin_and_ttou_are_one_worker_more_and_one_less():
    server = Server('-w', '2')
    server.workers(2)
    server.kill(signal.SIGTTIN)
    server.workers(3)
    server.kill(signal.SIGTTOU)
    server.workers(2)
    server.kill(signal.SIGTTOU)
    server.workers(1)
    server.kill(signal.SIGTTOU)
    server.wait('there cannot be fewer workers')
    server.workers(1)
    same(server.get().status, 200)
    server.end()


@test
def what_is_sent_to_the_whole_group_is_the_masters_to_answer():
    server = Server('-w', '2')
    workers = server.workers(2)
    for number in signal.SIGUSR1, signal.SIGTTIN:
        os.killpg(server.pid, number)
    server.workers(3)
    same(set(workers) < set(server.workers()), True)
    same({server.get().status for _ in range(6)}, {200})
    os.killpg(server.pid, signal.SIGHUP)
    server.wait('new workers take over')
    are_gone(workers)
    server.workers(2)
    same(server.get().status, 200)
    os.killpg(server.pid, signal.SIGTERM)
    same(server.child.wait(10), 0)


# Requests that take long.

@test
def a_request_beyond_the_timeout_is_shown_and_its_worker_replaced():
    server = Server('-t', '1', '-w', '1')
    before = server.get().pid
    c = server.begin('/sleep', '60')
    server.wait('worker %d: GET /sleep?60 runs for ' % before)
    until(lambda: server.get().pid != before, 'another worker')
    same(c.reply().ended, None)
    text = server.text()
    has(text, 'in application')
    has(text, 'worker %d did not end in time: killed' % before)
    are_gone([before])
    server.end()


@test
def the_other_requests_of_its_worker_are_finished():
    server = Server('-t', '1', '--threads', '2')
    stuck = server.begin('/sleep', '60')
    time.sleep(0.6)
    other = server.begin('/sleep', '0.9')
    server.wait('is replaced: --timeout')
    same(other.reply().status, 200)
    same(stuck.reply().ended, None)
    server.end()


@test
def a_slow_request_is_shown_once_and_goes_on():
    server = Server('--slow', '0.5')
    same(server.get('/sleep', '2').status, 200)
    text = server.text()
    same(text.count('GET /sleep?2 runs for '), 1)
    same(text.count('in application'), 1)
    server.end()


# How many there are.

@test
def dynamic_has_spare_workers():
    server = Server('--pm', 'dynamic', '-w', '5', '--start-servers', '2',
                    '--min-spare-servers', '2', '--max-spare-servers', '3')
    server.workers(2)
    busy = [server.begin('/sleep', '5') for _ in range(3)]
    server.workers(5)
    same([c.reply().status for c in busy], [200] * 3)
    server.workers(3)
    server.end()


@test
def ondemand_has_none_while_nobody_comes():
    server = Server('--pm', 'ondemand', '-w', '3', '--process-idle-timeout', '0.5')
    server.workers(0)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: server.get('/sleep', '1'), range(3)))
    same([a.status for a in answers], [200] * 3)
    has_not(server.text(), 'allows no more')
    assert 2 <= len({a.pid for a in answers}) <= 3
    server.workers(0)
    same(server.get().status, 200)
    server.end()


@test(each=['dynamic', 'ondemand'])
def that_there_may_be_no_more_is_said_once(pm):
    server = Server('--pm', pm, '-w', '1')
    busy = [server.begin('/sleep', '2.5') for _ in range(2)]
    server.wait('allows no more')
    time.sleep(1.2)
    same(server.text().count('allows no more'), 1)
    server.end(number=signal.SIGINT)
    for c in busy:
        c.close()


@test
def a_kept_connection_outlives_the_worker_that_was_idle():
    server = Server('--pm', 'ondemand', '--process-idle-timeout', '0.5')
    with Connection(server.address) as c:
        pids = []
        for _ in range(2):
            c.send(request(variables(), flags=1))
            pids.append(Answer(c.reply()).pid)
            server.workers(0)
    same(len(set(pids)), 2)
    server.end()


# Reloads.

@test(each=['', '--preload'])
def hup_takes_up_new_code(how):
    server = Server('-w', '3', *how.split())
    before = server.workers(3)
    same(server.get().version, 'one')
    write(os.path.basename(server.application), 'two')
    server.kill(signal.SIGHUP)
    server.serves('two')
    are_gone(before)
    server.workers(3)
    server.end()


@test
def a_kept_connection_outlives_a_reload():
    server = Server('-w', '2')
    with Connection(server.address) as c:
        seen = []
        for version in 'one', 'two', 'three':
            write(os.path.basename(server.application), version)
            if version != 'one':
                server.kill(signal.SIGHUP)
                server.serves(version)
            c.send(request(variables(), flags=1))
            seen.append(Answer(c.reply()).version)
    same(seen, ['one', 'two', 'three'])
    server.end()


@test(each=['', '--preload'])
def a_version_that_is_broken_leaves_the_old_one_serving(how):
    server = Server('-w', '2', *how.split())
    before = server.workers(2)
    write(os.path.basename(server.application), top='import no_such_module')
    server.kill(signal.SIGHUP)
    server.wait('the reload has failed')
    has(server.text(), 'ModuleNotFoundError')
    same(sorted(server.workers(2)), sorted(before))
    same(server.get().version, 'one')
    if not how:  # what a worker loads is on the disk
        write(os.path.basename(server.application), 'three')
    os.kill(before[0], signal.SIGKILL)
    server.wait('started', 3)
    same(server.get().status, 200)
    server.end()


@test
def a_version_that_hangs_gives_way_to_the_next():
    server = Server()
    write(os.path.basename(server.application), top='time.sleep(60)')
    server.kill(signal.SIGHUP)
    until(lambda: len(server.workers()) == 2, 'a worker that loads')
    hanging = server.workers()
    same(server.get().version, 'one')
    write(os.path.basename(server.application), 'three')
    server.kill(signal.SIGHUP)
    server.serves('three')
    are_gone(hanging)
    server.workers(1)
    server.end()


@test
def hup_reads_the_configuration_again():
    first, second = WORK.folder('first'), WORK.folder('second')
    config = WORK.file('fcgi.conf', text='workers = 1\nchdir = %s\n' % first)
    server = Server('-c', config)
    same(server.get().folder, first)
    WORK.file('fcgi.conf', text='workers = 3\nthreads = 4\nchdir = %s\n' % second)
    server.kill(signal.SIGHUP)
    server.workers(3)
    until(lambda: server.get().folder == second, second)
    WORK.file('fcgi.conf', text='workers = none\n')
    server.kill(signal.SIGHUP)
    server.wait('the reload has failed')
    server.workers(3)
    same(server.get().status, 200)
    WORK.file('fcgi.conf', text='bind = "127.0.0.1:1"\nworkers = 1\n')
    server.kill(signal.SIGHUP)
    server.workers(1)
    server.end()


CONTRADICTIONS = {
    '--min-spare-servers 4 is more than --workers 1':
        'pm = dynamic\nmin-spare-servers = 4\n',
    '--max-requests-jitter is for --max-requests': 'max-requests-jitter = 3\n',
    '--reload and --preload cannot both be': 'reload = true\npreload = true\n',
    "--allowed-clients: 'web1' is neither": 'allowed-clients = web1\n',
    '--access-logformat: there is no atom %(y)s': 'access-logformat = %(y)s\n',
}


@test(each=CONTRADICTIONS)
def options_that_cannot_be_are_refused_in_one_line(words):
    config = WORK.file('contradiction.conf', text=CONTRADICTIONS[words])
    for more in [], ['--check-config'], ['--print-config']:
        status, error = run('-c', config, '-b', '127.0.0.1:0', *more, 'demo')
        same(status, os.EX_USAGE)
        has(error, 'wsgi-fcgi: ' + words)
        same(error.count('\n'), 1)


@test(each=CONTRADICTIONS)
def a_reload_with_options_that_cannot_be_fails(words):
    config = WORK.file('contradiction.conf', text='workers = 1\n')
    server = Server('-c', config)
    before = server.workers(1)
    WORK.file('contradiction.conf', text=CONTRADICTIONS[words])
    server.kill(signal.SIGHUP)
    server.wait('the reload has failed')
    has(server.text(), 'wsgi-fcgi: ' + words)
    same(server.workers(1), before)
    server.end()


@test(each=['start', 'reload'])
def a_configuration_that_is_broken_meanwhile_does_not_end_what_is_being_loaded(what):
    config = WORK.file('meanwhile.conf', text='threads = 1\n')
    server = Server('-c', config, application=app(top='time.sleep(1)'), ready=False)
    if what == 'reload':
        server.wait('started')
        write(os.path.basename(server.application), 'two', top='time.sleep(1)')
        server.kill(signal.SIGHUP)
        server.wait('reloading')
    until(lambda: server.children('zygote'), 'a zygote')
    WORK.file('meanwhile.conf', text='threadz = 1\n')
    server.kill(signal.SIGHUP)
    server.wait('no option threadz')
    server.wait('started', 2 if what == 'reload' else 1)
    server.serves('two' if what == 'reload' else 'one')
    server.workers(1)
    server.end()


@test
def requests_go_on_through_many_reloads():
    server = Server('-w', '2', '--threads', '2')
    bad = []

    def ask(until_then):
        done = 0
        with Connection(server.address) as c:
            while time.monotonic() < until_then:
                c.send(request(variables(), flags=1))
                reply = c.reply()
                if reply.status != 200:
                    bad.append(reply)
                done += 1
        return done
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        end = time.monotonic() + 2.5
        clients = [pool.submit(ask, end) for _ in range(4)]
        for i in range(1, 5):
            server.kill(signal.SIGHUP)
            server.wait('new workers take over', i)
        done = sum(c.result() for c in clients)
    same(bad, [])
    assert done > 100, done
    server.end()


@test
def too_many_crashes_start_anew():
    server = Server('-w', '2', '--emergency-restart-threshold', '3')
    for i in range(3):
        server.begin('/die', str(int(signal.SIGSEGV))).close()
        server.wait('was killed by signal 11', i + 1)
        server.wait('started', 3 + i)
    server.wait('3 workers have crashed within 60 s')
    server.wait('new workers take over')
    server.workers(2)
    server.end()


@test
def a_source_file_that_changes_is_a_reload():
    extra = WORK.file('extra.txt', text='a')
    server = Server('--reload', '--reload-extra-file', extra, '-w', '2')
    server.workers(2)
    write(os.path.basename(server.application), 'two')
    server.serves('two')
    write(os.path.basename(server.application), top='import no_such_module')
    server.wait('the reload has failed')
    same(server.get().version, 'two')
    write(os.path.basename(server.application), 'four')
    server.serves('four')
    server.workers(2)
    before = server.text().count('new workers take over')
    WORK.file('extra.txt', text='changed')
    server.wait('new workers take over', before + 1)
    status, err = run('-b', address(), '--reload', '--reload-extra-file', '/no/file', app())
    same(status, 66)
    has(err, '/no/file')
    server.end()


# Upgrades.

@test
def hup_finds_what_belongs_to_it_after_the_program_was_replaced():
    """As make install does it; the interpreter's module stands beside the program, here."""
    server = Server()
    program = WORK.program('wsgi-fcgi')
    shutil.copy(program, program + '.new')
    os.rename(program + '.new', program)
    write(os.path.basename(server.application), 'two')
    server.kill(signal.SIGHUP)
    server.serves('two')
    server.end()


@test
def usr2_becomes_the_program_that_stands_there():
    server = Server('-w', '2')
    before = server.workers(2) + [server.zygote()]
    with Connection(server.address) as c:
        c.send(request(variables(), flags=1))
        same(c.reply().status, 200)
        os.rename(WORK.program('wsgi-fcgi'), WORK.program('old'))
        subprocess.run(['cp', WORK.program('old'), WORK.program('wsgi-fcgi')], check=True)
        slow = server.begin('/sleep', '2')
        time.sleep(0.2)
        server.kill(signal.SIGUSR2)
        server.wait('new workers take over')
        same(slow.reply().status, 200)
        are_gone(before)
        c.send(request(variables(), flags=1))
        same(c.reply().status, 200)
    same(os.readlink('/proc/%d/exe' % server.pid), WORK.program('wsgi-fcgi'))
    server.workers(2)
    server.kill(signal.SIGHUP)
    server.wait('new workers take over', 2)
    server.kill(signal.SIGUSR2)
    server.wait('new workers take over', 3)
    server.end()
    same(os.path.exists(server.address), False)


@test
def a_program_that_does_not_check_does_not_take_over():
    server = Server('-w', '2')
    before = server.workers(2)
    write(os.path.basename(server.application), top='import no_such_module')
    server.kill(signal.SIGUSR2)
    server.wait('no upgrade: ')
    same(sorted(server.workers(2)), sorted(before))
    same(server.get().version, 'one')
    server.end()


REFUSES = '''#!/bin/sh
for word; do case $word in --upgrade=*) echo 'no such option' >&2; exit 64;; esac; done
'''


@test(each=['gone', 'garbage', 'older'])
def a_program_that_cannot_take_over_does_not(how):
    server = Server()
    before, program = server.workers(1), WORK.program('wsgi-fcgi')
    os.rename(program, program + '.kept')
    try:
        if how != 'gone':
            WORK.file('bin', 'wsgi-fcgi', text=REFUSES if how == 'older' else 'x', mode=0o755)
        server.kill(signal.SIGUSR2)
        server.wait('no upgrade: ')
    finally:
        os.rename(program + '.kept', program)
    same(server.workers(1), before)
    server.kill(signal.SIGUSR2)
    server.wait('new workers take over')
    server.end()


@test
def a_check_that_hangs_goes_with_its_master():
    server = Server()
    program = WORK.program('wsgi-fcgi')
    os.rename(program, program + '.kept')
    try:
        WORK.file('bin', 'wsgi-fcgi', text='#!/bin/sh\nexec sleep 60\n', mode=0o755)
        server.kill(signal.SIGUSR2)
        server.wait('checking')
        server.kill(signal.SIGUSR2)
        server.wait('no upgrade: one is under way')
        with open('/proc/%d/task/%d/children' % (server.pid, server.pid)) as f:
            children = list(map(int, f.read().split()))
        server.end()
    finally:
        os.rename(program + '.kept', program)
    same(len(children), 3)
    are_gone(children)


@test
def the_workers_of_an_older_generation_outlive_an_upgrade_and_its_board():
    config = WORK.file('threads.conf', text='threads = 1\n')
    server = Server('-c', config)
    first = server.workers(1)
    slow = server.begin('/sleep', '4')
    time.sleep(0.3)
    server.kill(signal.SIGHUP)
    server.wait('new workers take over')
    WORK.file('threads.conf', text='threads = 3\n')
    server.kill(signal.SIGUSR2)
    server.wait('new workers take over', 2)
    same(is_alive(first[0]), True)
    same(slow.reply().status, 200)
    are_gone(first)
    same(server.get().status, 200)
    server.workers(1)
    server.end()


if __name__ == '__main__':
    main()
