"""Three hosts behind a balancer: wsgi-fcgi over TCP, one host killed and one drained under load.

Each host is a network namespace, joined by a bridge to another in which this program, the balancer
and the load are: the program starts itself again inside it. The namespaces have no names, and are
gone with the processes in them. It needs root, or CAP_SYS_ADMIN and CAP_NET_ADMIN.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import fastcgi
from frontend import (Logs, Nginx, Process, Work, connect, has, main, request, same, test, until)
from front_servers import Haproxy
from steady import Load

INSIDE = 'WSGI_HOSTS_INSIDE'
BALANCER, STRANGER, HOSTS = '10.9.0.1', '10.9.0.2', ['10.9.0.11', '10.9.0.12', '10.9.0.13']
CONNECTIONS, SLEEP = 8, '/sleep'  # the requests take 5 ms, so that some are always under way


def go_inside():
    """Run this program again in a network namespace of its own; without the right to, say so."""
    probe = subprocess.run(['unshare', '--net', '--', 'ip', 'link', 'add', 'probe', 'type', 'bridge'],
                           capture_output=True, text=True)
    if probe.returncode != 0:
        print('skip: three hosts need network namespaces, which this machine does not let this '
              'user make: %s' % probe.stderr.strip())
        print('0 passed, 0 failed')
        sys.exit(0)
    os.environ[INSIDE] = '1'
    os.execvp('unshare', ['unshare', '--net', '--', sys.executable, '-B', *sys.argv])


if __name__ == '__main__' and not os.environ.get(INSIDE):
    go_inside()


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, '%s: %s' % (' '.join(words), done.stderr)


# The network.

def net_of(pid):
    try:
        return os.readlink('/proc/%s/ns/net' % pid)
    except OSError:  # it has ended
        return None


class Network:
    """The balancer's end of it: a bridge with its address, and one for a stranger."""

    def __init__(self):
        run('ip', 'link', 'set', 'lo', 'up')
        run('ip', 'link', 'add', 'hosts', 'type', 'bridge')
        for address in (BALANCER, STRANGER):
            run('ip', 'address', 'add', address + '/24', 'dev', 'hosts')
        run('ip', 'link', 'set', 'hosts', 'up')
        # As nginx-balancer.conf and wsgi-scale(7) say.
        with open('/proc/sys/net/ipv4/tcp_retries2', 'w') as f:
            f.write('4')


class Host:
    """A machine: a namespace, kept by a process that sleeps, with an address, and wsgi-fcgi on it."""

    count = 0

    def __init__(self, address, *options, app='steady_app.py'):
        Host.count += 1
        self.address, self.link = address, 'host%d' % Host.count
        self.options, self.app = options, app
        self.log = os.path.join(WORK.path, self.link + '.log')
        self.sleep = Process(['unshare', '--net', '--', 'sleep', '300'], self.log, as_web_user=False)
        mine = net_of('self')
        until(lambda: net_of(self.sleep.pid) not in (mine, None))
        self.net = net_of(self.sleep.pid)
        run('ip', 'link', 'add', self.link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns',
            str(self.sleep.pid))
        run('ip', 'link', 'set', self.link, 'master', 'hosts', 'up')
        # The address of its card is always the same: nobody has to find out that it is new.
        card = '02:00:00:00:00:%s' % address.rpartition('.')[2]
        for words in (['link', 'set', 'lo', 'up'], ['link', 'set', 'eth0', 'address', card],
                      ['address', 'add', address + '/24', 'dev', 'eth0'],
                      ['link', 'set', 'eth0', 'up']):
            run(*self.inside(), 'ip', *words)
        self.start()

    def inside(self):
        return ['nsenter', '--net=/proc/%d/ns/net' % self.sleep.pid, '--']

    def start(self):
        self.process = Process(
            [*self.inside(), WORK.program('wsgi-fcgi'), '--bind', self.address + ':9000',
             '--status-socket', self.address + ':9001', '--allowed-clients', BALANCER,
             '--user', 'www-data', '--workers', '2', '--threads', '2', *self.options,
             '--python', '/usr/bin/python3', WORK.app(self.app)], self.log, as_web_user=False)
        self.process.ready(lambda: connect((self.address, 9000)))
        until(lambda: self.ping() == 200)

    def ping(self):
        """What a health check gets; None: nobody answers."""
        try:
            return request((self.address, 9001), '/ping', headers=[('Host', 'x')], seconds=2).status
        except (OSError, AssertionError):
            return None

    def pids(self):
        return [int(p) for p in os.listdir('/proc') if p.isdigit() and net_of(p) == self.net]

    def kill(self):
        """As when its power goes: nobody hears of its end."""
        run('ip', 'link', 'set', self.link, 'down')
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.stop()
        self.sleep.stop()

    def gone(self):
        """Take the whole machine away at the end of a test."""
        self.process.stop(bound=20)
        self.sleep.stop(signal.SIGKILL)
        until(lambda: not self.pids())


@contextlib.contextmanager
def given_hosts(*options, addresses=HOSTS, **more):
    hosts = []
    try:
        for address in addresses:
            hosts.append(Host(address, *options, **more))
        yield hosts
    finally:
        for host in hosts:
            host.gone()


# The balancers.

def haproxy():
    return Haproxy(WORK, 'haproxy-balancer.cfg', HOST1=HOSTS[0], HOST2=HOSTS[1], HOST3=HOSTS[2])


def nginx():
    return Nginx(WORK, 'nginx-balancer.conf', '', HOST1=HOSTS[0], HOST2=HOSTS[1], HOST3=HOSTS[2])


BALANCERS = {'HAProxy': haproxy, 'nginx': nginx}
FRONTS = []


@contextlib.contextmanager
def given_balancers():
    """Both, before the same hosts."""
    try:
        for balancer in BALANCERS.values():
            FRONTS.append(balancer())
        for front in FRONTS:
            until(lambda: request(front.port, '/?n=0').status == 200)
        yield FRONTS
    finally:
        while FRONTS:
            FRONTS.pop().process.stop()


@contextlib.contextmanager
def given_loads(fronts, posts=4):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Load(front.port, SLEEP, CONNECTIONS, 0.01, posts))
               for front in fronts]


# The tests.

def served_by(port, times=60):
    """The workers that answer."""
    return {request(port, '/?n=0').body.split(b';')[1] for _ in range(times)}


def result_of(what, loads):
    """The failures of both loads: of requests that may be asked again, and of others."""
    again, once = [], []
    for name, load in zip(BALANCERS, loads):
        result = load.stop()
        posts = [f for f in result['failures'] if f.startswith('POST')]
        gets = [f for f in result['failures'] if not f.startswith('POST')]
        print('     %s, %s: %d requests, GET: %d failed, POST: %d failed, longest %.3f s' %
              (name, what, result['sent'], len(gets), len(posts), result['longest']), flush=True)
        assert result['sent'] >= 100, result
        same(result['good'] + len(result['failures']), result['sent'])
        again += gets
        # Each connection of the load has one request under way at most, and waits for its end.
        assert len(posts) <= CONNECTIONS, (name, posts[:5])
        once += posts
    return again, once


@test
def a_host_whose_power_goes_loses_only_the_posts_that_it_had():
    with given_hosts() as hosts, given_balancers() as fronts:
        with given_loads(fronts) as loads:
            time.sleep(1)
            hosts[0].kill()
            time.sleep(5)  # longer than it takes the balancers to see it
            again, _ = result_of('a host killed', loads)
        same(again[:3], [])
        for front in fronts:
            same(request(front.port, '/?n=0', method='POST', body=b'x').status, 200)


@test
def a_host_that_is_drained_loses_nothing_and_is_asked_again_when_it_is_back():
    with given_hosts() as hosts, given_balancers() as fronts:
        with given_loads(fronts) as loads:
            time.sleep(1)
            same(hosts[1].process.stop(bound=20), 0)
            time.sleep(1)
            hosts[1].start()
            for front in fronts:
                until(lambda: served_by(front.port) & {b'%d' % pid for pid in hosts[1].pids()})
            again, once = result_of('a host drained, and back again', loads)
        same(again[:3], [])
        # One that meets the end of a kept connection: the balancer cannot tell that nobody had it.
        assert len(once) <= CONNECTIONS // 2, once


@test
def a_host_that_is_to_stop_says_so_and_ends_what_it_has():
    with given_hosts('--graceful-timeout', '20', addresses=HOSTS[:1], app='exchange.py') as hosts:
        seen, host = [], hosts[0]
        with fastcgi.Connection((host.address, 9000)) as c:
            c.send(fastcgi.request(fastcgi.variables('/slow', '2'), flags=fastcgi.KEEP_CONN))
            until(lambda: b'"active processes":1' in status(host))
            stop = threading.Thread(target=host.process.stop, kwargs={'bound': 20})
            stop.start()
            while stop.is_alive():
                seen.append(host.ping())
                time.sleep(0.05)
            same(c.reply().body, b'slept')
        assert 503 in seen, seen
        assert 200 not in seen[seen.index(503):], seen
        same(host.process.child.returncode, 0)


def status(host):
    return request((host.address, 9001), '/status?json', headers=[('Host', 'x')]).body


def from_address(source, host):
    """What a FastCGI request gets that comes from an address of this machine."""
    with socket.create_connection((host.address, 9000), 5, source_address=(source, 0)) as s:
        with contextlib.suppress(ConnectionError):
            s.sendall(fastcgi.request(fastcgi.variables('/', 'n=1')))
            return s.makefile('rb').read()
    return b''


@test
def a_peer_that_is_not_on_the_list_is_refused_and_the_log_says_so():
    with given_hosts(addresses=HOSTS[:1]) as hosts:
        logs = Logs([hosts[0].log])
        has(from_address(BALANCER, hosts[0]), b'n=1;')
        same(from_address(STRANGER, hosts[0]), b'')
        logs.wait('a connection from %s was not served: --allowed-clients does not have it' % STRANGER)
        has(from_address(BALANCER, hosts[0]), b'n=1;')


if __name__ == '__main__':
    WORK = Work('hosts')
    Network()
    main(lambda: [log for front in FRONTS for log in front.logs()])
