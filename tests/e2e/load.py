"""No request is lost: wsgi-fcgi behind nginx with kept connections, under a steady load, while it is
reloaded, stopped, upgraded, and its workers are killed.

LOAD_TIMES=10 makes each test do its deed ten times as often.
"""

import os
import signal
import threading
import time

from frontend import (Fcgi, Logs, Nginx, Process, Work, connect, free_port, main, request, same, test,
                      until)
from steady import Load

TIMES = int(os.environ.get('LOAD_TIMES', 1))
WORK = Work('load')
PYTHON = ['--python', '/usr/bin/python3']
APP = WORK.app('steady_app.py')
NEXT = ('fastcgi_keep_conn on;', 'fastcgi_keep_conn on; fastcgi_next_upstream error timeout non_idempotent;')


def worker_of(port):
    return int(request(port, '/?n=0').body.split(b';')[1])


def say(name, result):
    print('     %s: %d requests, %d failed, longest %.3f s' %
          (name, result['sent'], len(result['failures']), result['longest']), flush=True)
    assert result['sent'] >= 50, result
    same(result['good'] + len(result['failures']), result['sent'])


def all_good(name, result):
    say(name, result)
    same(result['failures'][:5], [])


class Kind:
    def __init__(self, name, *options, app=APP):
        self.name, self.options, self.app = name, options, app

    def __str__(self):
        return self.name

    def server(self, *more, tcp=False):
        return Fcgi(WORK, self.app, *self.options, *more, *PYTHON, tcp=tcp)


KINDS = [Kind('two workers', '-w', '2'),
         Kind('preloaded, threads', '-w', '2', '--threads', '3', '--preload'),
         Kind('dynamic', '--pm', 'dynamic', '-w', '6', '--min-spare-servers', '1', '--max-spare-servers', '3')]


@test(each=KINDS)
def hup_loses_nothing(kind):
    server = kind.server()
    front = Nginx(WORK, 'nginx-site.conf', server.bind)
    logs = Logs(server.logs())
    with Load(front.port, connections=12) as load:
        for _ in range(5 * TIMES):
            before = worker_of(front.port)
            server.process.child.send_signal(signal.SIGHUP)
            until(lambda: worker_of(front.port) != before)
            until(lambda: not os.path.exists('/proc/%d' % before))
        all_good('%d HUPs' % (5 * TIMES), load.stop())
    same('Traceback' in logs.text(), False)
    same(server.stop(), 0)


@test
def hups_that_come_too_fast_lose_nothing():
    server = KINDS[0].server()
    front = Nginx(WORK, 'nginx-site.conf', server.bind)
    with Load(front.port, connections=12) as load:
        for _ in range(20 * TIMES):
            server.process.child.send_signal(signal.SIGHUP)
            time.sleep(0.05)
        time.sleep(1)
        all_good('%d HUPs in a row' % (20 * TIMES), load.stop())
    same(request(front.port, '/?n=1').status, 200)
    same(server.stop(), 0)


def kill_workers(server, front, times):
    """Kill the worker that answers next, so many times. Returns how many were."""
    killed = 0
    while killed < times:
        pid = worker_of(front.port)
        os.kill(pid, signal.SIGKILL)
        killed += 1
        until(lambda: not os.path.exists('/proc/%d' % pid))
        time.sleep(0.05)
    return killed


@test
def a_killed_worker_costs_what_was_in_flight_on_it_at_most():
    server = KINDS[0].server()
    front = Nginx(WORK, 'nginx-site.conf', server.bind)
    with Load(front.port, connections=12) as load:
        n = kill_workers(server, front, 20 * TIMES)
        result = load.stop()
    say('%d workers killed' % n, result)
    assert len(result['failures']) <= 12 * n, result
    same([f for f in result['failures'] if '502' not in f][:3], [])
    same(server.stop(), 0)


@test
def a_killed_worker_costs_nothing_where_the_front_end_asks_the_next():
    server = KINDS[0].server()
    front = Nginx(WORK, 'nginx-site.conf', server.bind, more=[NEXT, second_of(server)])
    with Load(front.port, connections=12) as load:
        n = kill_workers(server, front, 20 * TIMES)
        all_good('%d workers killed, next upstream' % n, load.stop())
    same(server.stop(), 0)


def second_of(server):
    """
    The upstream, named once more than nginx keeps connections: a try goes to the next of its
    names, and each kept connection of a killed worker may be one in vain.
    """
    line = 'server %s;' % server.bind
    return line, line.replace(';', ' max_fails=0;') * 17


@test
def max_requests_lose_nothing():
    server = KINDS[0].server('--max-requests', '50', '--max-requests-jitter', '20')
    front = Nginx(WORK, 'nginx-site.conf', server.bind)
    seen = set()
    with Load(front.port, connections=12) as load:
        until(lambda: seen.add(worker_of(front.port)) or len(seen) >= 10 * TIMES, 60)
        all_good('%d workers after another' % len(seen), load.stop())
    same(server.stop(), 0)


@test
def usr2_loses_nothing():
    server = KINDS[0].server()
    front = Nginx(WORK, 'nginx-site.conf', server.bind)
    with Load(front.port, connections=12) as load:
        for _ in range(3 * TIMES):
            before = worker_of(front.port)
            server.process.child.send_signal(signal.SIGUSR2)
            until(lambda: worker_of(front.port) != before)
            until(lambda: not os.path.exists('/proc/%d' % before))
            same(server.process.child.poll(), None)
        all_good('%d upgrades' % (3 * TIMES), load.stop())
    same(server.stop(), 0)


@test
def term_loses_nothing_where_another_takes_over():
    """
    Two servers behind one nginx; each in its turn is ended in mid-load and started again. FastCGI
    has no way to say "this was the last one": a request that nginx sends in the instant in which
    its connection is closed has to be asked of the other one.
    """
    ports = [free_port(), free_port()]

    def start(i):
        log = os.path.join(WORK.path, 'term%d.log' % i)
        process = Process([WORK.program('wsgi-fcgi'), '-w', '2', '--bind', '127.0.0.1:%d' % ports[i],
                           *PYTHON, APP], log)
        process.ready(lambda: connect(ports[i]))
        return process

    servers = [start(0), start(1)]
    both = ' '.join('server 127.0.0.1:%d max_fails=0;' % port for port in ports)
    front = Nginx(WORK, 'nginx-site.conf', '127.0.0.1:%d' % ports[0],
                  more=[('server 127.0.0.1:%d;' % ports[0], both), NEXT])
    with Load(front.port, connections=12) as load:
        for round in range(4 * TIMES):
            time.sleep(0.3)
            same(servers[round % 2].stop(), 0)
            servers[round % 2] = start(round % 2)
        all_good('%d TERMs' % (4 * TIMES), load.stop())
    for server in servers:
        same(server.stop(), 0)


@test
def term_finishes_what_has_come():
    """What the server has begun is answered; after TERM nobody listens."""
    server = KINDS[0].server()
    front = Nginx(WORK, 'nginx-site.conf', server.bind)
    with Load(front.port, path='/sleep', connections=12, posts=0) as load:
        time.sleep(0.5)
        same(server.stop(), 0)
        result = load.stop()
    say('TERM in mid-load', result)
    # nginx gives 502 to what comes once nobody listens, or in the instant of the end.
    same([f for f in result['failures'] if '502' not in f][:3], [])


@test
def a_slow_request_in_one_worker_holds_up_no_kept_connection():
    """nginx keeps connections to both workers; one is busy for long, the other serves for both."""
    app = WORK.file('apps', 'busy.py', text=BUSY)
    server = Fcgi(WORK, app, '-w', '2', *PYTHON)
    front = Nginx(WORK, 'nginx-site.conf', server.bind)
    with Load(front.port, connections=12, posts=0) as load:
        time.sleep(0.5)
        answer = []
        thread = threading.Thread(target=lambda: answer.append(request(front.port, '/busy')))
        thread.start()
        thread.join()
        result = load.stop()
    all_good('beside a request of 3 s', result)
    same(answer[0].status, 200)
    assert result['longest'] < 2, result
    same(server.stop(), 0)


BUSY = '''
import time


def application(environ, start_response):
    if environ['PATH_INFO'] == '/busy':
        time.sleep(3)
    out = ('%s;\\n' % environ['QUERY_STRING']).encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(out)))])
    return [out]
'''

if __name__ == '__main__':
    main()
