"""Python in the workers of wsgi-fcgi: what they have in common with their zygote, and what not."""

import json
import os
import signal
import time

from gateway import Client, Folder, fastcgi
from frontend import Logs, has, has_not, main, same, test

FOLDER = Folder('python-workers')
APPLICATION = FOLDER.file('workers', 'app.py', text='''\
import atexit, faulthandler, gc, json, os, random, subprocess, sys, threading, time, uuid
HERE = os.environ['HERE']

def note(name):
    with open(os.path.join(HERE, name), 'a') as f:
        f.write('%d\\n' % os.getpid())

note('loaded')
atexit.register(note, 'ended')
if 'AT_LOAD' in os.environ:
    exec(os.environ['AT_LOAD'])

def about(environ):
    return {'pid': os.getpid(), 'parent': os.getppid(), 'random': random.random(),
            'threads': threading.active_count(), 'main': threading.current_thread().name,
            'frozen': gc.get_freeze_count(), 'collects': gc.isenabled(),
            'multiprocess': environ['wsgi.multiprocess'],
            'multithread': environ['wsgi.multithread'],
            'input': os.path.realpath('/proc/self/fd/0'),
            'files': sorted(os.path.realpath('/proc/self/fd/' + n)
                            for n in os.listdir('/proc/self/fd'))}

def signals(environ):
    """Of what the application starts."""
    text = subprocess.run(['cat', '/proc/self/status'], stdout=subprocess.PIPE).stdout.decode()
    return {k: v.strip() for k, v in (line.split(':', 1) for line in text.splitlines())
            if k.startswith('Sig')}

def files_of_a_program(environ):
    done = subprocess.run(['ls', '/proc/self/fd'], stdout=subprocess.PIPE, close_fds=False)
    return sorted(map(int, done.stdout.split()))

def child(environ):
    """One that lives on after the request, with what a fork has given to it."""
    pid = os.fork()
    if pid == 0:
        files = [os.path.realpath('/proc/self/fd/' + n) for n in os.listdir('/proc/self/fd')]
        with open(os.path.join(HERE, 'child'), 'w') as f:
            json.dump([os.getpid(), files], f)
        time.sleep(60)
        os._exit(0)
    return pid

def raises(environ):
    return environ['no such name']

def a_long_walk(environ):
    open(os.path.join(HERE, 'walking'), 'w').close()
    end = time.monotonic() + 20
    while not os.path.exists(os.path.join(HERE, 'arrived')) and time.monotonic() < end:
        time.sleep(0.01)
    return 'there'

def application(environ, start_response):
    answer = globals()[environ['QUERY_STRING']](environ)
    start_response('200 OK', [('Content-Type', 'application/json')])
    return [json.dumps(answer).encode()]
''')


class Server:
    """wsgi-fcgi with that application, and a folder that it writes in."""

    count = 0

    def __init__(self, *options, at_load=None):
        Server.count += 1
        self.here = FOLDER.folder('here%d' % Server.count, own=True)
        env = {'HERE': self.here}
        if at_load is not None:
            env['AT_LOAD'] = at_load
        self.server = FOLDER.server(*options, application=APPLICATION, env=env)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop()

    def ask(self, what):
        with Client(self.server) as c:
            return c.json(what)

    def notes(self, name):
        path = self.path(name)
        if not os.path.exists(path):
            return []
        with open(path) as f:
            return [int(line) for line in f]

    def path(self, name):
        return os.path.join(self.here, name)

    def logs(self):
        return Logs(self.server.logs())

    def log(self):
        with open(self.server.log) as f:
            return f.read()


def wait_for(condition, what, bound=20):
    end = time.monotonic() + bound
    while not condition():
        if time.monotonic() > end:
            raise AssertionError('%s did not come about' % what)
        time.sleep(0.01)


def state_of(pid):
    with open('/proc/%d/stat' % pid) as f:
        return f.read().rpartition(')')[2].split()[0]


def children_of(pid):
    with open('/proc/%d/task/%d/children' % (pid, pid)) as f:
        return f.read().split()


def each_worker(server, n):
    """What n workers say about themselves; who has, is stopped until all have."""
    said, stopped = [], []
    master = server.server.pid
    wait_for(lambda: len(children_of(master)) == n + 1, 'the last of the workers')  # and a zygote
    try:
        while len(said) < n:
            said.append(server.ask('about'))
            pid = said[-1]['pid']
            os.kill(pid, signal.SIGSTOP)
            stopped.append(pid)
            wait_for(lambda: state_of(pid) == 'T', 'the stop')  # it would be woken for the next
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    same(len({w['pid'] for w in said}), n)
    return said


# What is loaded where.

@test
def each_worker_loads_the_application_and_ends_by_itself():
    with Server('--workers=3') as server:
        pids = {w['pid'] for w in each_worker(server, 3)}
        same(set(server.notes('loaded')), pids)
        same(server.notes('ended'), [])
    same((len(server.notes('loaded')), set(server.notes('ended'))), (3, pids))


@test
def with_preload_the_zygote_loads_it_once_and_does_not_end_it():
    with Server('--workers=3', '--preload') as server:
        pids = {w['pid'] for w in each_worker(server, 3)}
        zygotes = server.notes('loaded')
        same(len(zygotes), 1)
        assert zygotes[0] not in pids
    same(set(server.notes('ended')), pids)
    same(len(server.notes('ended')), 3)


def is_there(pid):
    try:
        return state_of(pid) != 'Z'
    except OSError:
        return False


@test
def without_a_master_all_end_and_the_application_ends_in_workers_only():
    with Server('--workers=2', '--preload') as server:
        children = [int(pid) for w in each_worker(server, 2) for pid in children_of(server.server.pid)]
        workers = set(children) - set(server.notes('loaded'))
        os.kill(server.server.pid, signal.SIGKILL)
        wait_for(lambda: not any(is_there(pid) for pid in children), 'the end of all')
        same(set(server.notes('ended')), workers)


@test(each=[(), ('--preload',)])
def workers_do_not_draw_the_same_numbers(options):
    with Server('--workers=3', *options) as server:
        same(len({w['random'] for w in each_worker(server, 3)}), 3)


@test
def the_collector_leaves_alone_what_was_loaded_before_the_forks():
    with Server() as plain, Server('--preload', at_load='KEPT = [[i] for i in range(50000)]') as server:
        before, after = plain.ask('about'), server.ask('about')
        assert before['frozen'] > 1000, before
        assert after['frozen'] > before['frozen'] + 50000, (before['frozen'], after['frozen'])
        assert after['collects'] and before['collects']


@test(each=[(), ('--preload',)])
def what_was_printed_before_a_fork_is_printed_once(options):
    with Server('--workers=3', *options, at_load="if 'wsgi_said' not in sys.modules:\n"
                "    sys.modules['wsgi_said'] = sys; print('HALF A LINE', end='')") as server:
        each_worker(server, 3)
    same(server.log().count('HALF A LINE'), 1 if options else 3)


@test
def an_application_is_told_that_it_has_company():
    with Server('--threads=3') as many, Server() as one:
        a, b = many.ask('about'), one.ask('about')
        same((a['multiprocess'], a['multithread']), (True, True))
        same((b['multiprocess'], b['multithread']), (True, False))
        same(b['main'], 'MainThread')


# Threads.

START = 'threading.Thread(target=time.sleep, args=(300,), daemon=True).start()\n'


@test
def a_thread_that_was_started_while_it_was_loaded_runs_in_each_worker():
    with Server('--workers=2', at_load=START) as server:
        same([w['threads'] for w in each_worker(server, 2)], [2, 2])
        has_not(server.log(), '--preload')


@test(each=[1, 2])
def with_preload_it_does_not_and_the_log_says_so(n):
    with Server('--workers=2', '--preload', at_load=START * n) as server:
        same([w['threads'] for w in each_worker(server, 2)], [1, 1])
        has(server.log(), '--preload: the application started %d thread%s while' % (n, 's'[:n - 1]))
        same(server.log().count('--preload:'), 1)


# What a worker inherits, and what it gives on.

@test(each=[(), ('--preload',), ('--threads=3',)])
def a_program_that_it_starts_has_all_signals(options):
    with Server(*options) as server:
        got = server.ask('signals')
        # 32 and 33 are the C library's own: what make starts has them ignored.
        mine = [int(got[name], 16) & ~0x180000000 for name in ('SigBlk', 'SigIgn', 'SigCgt')]
        same(mine, [0, 0, 0])


@test
def it_reads_nothing_and_has_no_file_of_others():
    with Server() as server:
        about = server.ask('about')
        same(about['input'], '/dev/null')
        log = os.path.realpath(server.server.log)
        files = [f for f in about['files'] if f.startswith('/') and not f.startswith('/proc/')]
        same(sorted(set(files) - {'/dev/null', log, '/memfd:wsgi-board (deleted)'}), [], about['files'])


@test(each=[(), ('--preload',)])
def a_program_that_it_starts_has_no_file_of_ours(options):
    with Server(*options) as server:
        same(server.ask('files_of_a_program'), [0, 1, 2, 3])  # 3 is the folder that ls reads


def sockets_of(files):
    return [f for f in files if 'socket:' in f or 'memfd' in f or 'event' in f]


@test
def a_child_that_it_forks_has_no_file_of_ours():
    with Server() as server:
        server.ask('child')
        wait_for(lambda: os.path.exists(server.path('child')) and os.path.getsize(server.path('child')),
                 'the child')
        with open(server.path('child')) as f:
            pid, files = json.load(f)
        try:
            same(sockets_of(files), [])
        finally:
            os.kill(pid, signal.SIGKILL)


FORK = """
if os.fork() == 0:
    files = [os.path.realpath('/proc/self/fd/' + n) for n in os.listdir('/proc/self/fd')]
    with open(os.path.join(HERE, 'child'), 'w') as f:
        json.dump([os.getpid(), files], f)
"""


@test(each=[(), ('--preload',)])
def a_child_that_it_forks_at_load_has_no_file_of_ours_and_does_not_serve(options):
    with Server('--workers=1', *options, at_load=FORK) as server:
        about = server.ask('about')
        wait_for(lambda: os.path.exists(server.path('child')) and os.path.getsize(server.path('child')),
                 'the child')
        with open(server.path('child')) as f:
            pid, files = json.load(f)
        same(sockets_of(files), [])
        assert pid != about['pid']
        for _ in range(5):
            same(server.ask('about')['pid'], about['pid'])


# The stack of who takes long.

DUMP = signal.SIGRTMIN + 1


@test(each=[('--threads=1',), ('--threads=3',), ('--preload',)])
def the_stacks_of_all_threads_go_to_the_log(options):
    with Server(*options) as server:
        log = server.logs()
        with Client(server.server) as c:
            pid = server.ask('about')['pid']
            c.send(fastcgi.request(fastcgi.variables('/', 'a_long_walk')))
            wait_for(lambda: os.path.exists(server.path('walking')), 'the request')
            os.kill(pid, DUMP)
            log.wait('in a_long_walk')
            log.wait('in application')  # written after it, a piece at a time
            os.close(os.open(server.path('arrived'), os.O_CREAT | os.O_WRONLY))
            same(c.reply().status, 200)
        same(server.ask('about')['pid'], pid)


@test(each=[signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
def a_signal_that_is_the_masters_does_nothing_to_a_worker(number):
    with Server() as server:
        pid = server.ask('about')['pid']
        os.kill(pid, number)
        same(server.ask('about')['pid'], pid)
        has_not(server.log(), 'Traceback')


@test
def an_exception_is_logged_by_the_worker():
    with Server('--preload') as server:
        with Client(server.server) as c:
            reply = c.get('raises')
        same(reply.status, 500)
        has(reply.err.decode(), 'KeyError')


if __name__ == '__main__':
    main()
