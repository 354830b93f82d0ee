"""wsgi-fcgi as a service of systemd: its units, the sockets that it is given, and what it tells.

No systemd runs as the first process where tests do. What stands in for it: systemd-socket-activate,
which is systemd's own, for the sockets; and a datagram socket that records what it is told.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import fastcgi
from frontend import (REPO, Fcgi, Logs, Process, Skip, Work, connect, free_port, has, has_not, main,
                      same, test, until)

WORK = Work('systemd')
PYTHON = ['--python', '/usr/bin/python3']
UNITS = os.path.join(REPO, 'scripts', 'systemd')
MOST_EXPOSED = 20  # of 100, as systemd-analyze counts: "OK" ends at 49
GIVEN = ('LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES', 'NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID')


def show(address, path='/show'):
    """A FastCGI request's answer."""
    with fastcgi.Connection(address) as c:
        c.send(fastcgi.request(fastcgi.variables(path)))
        return c.reply()


def environ_of(address):
    """The environment of the process that the application runs in."""
    import json
    return json.loads(show(address).body)['os.environ']


# The units.

def given_units():
    """The units of an instance, filled in as make install does."""
    folder = WORK.folder('units')
    for name in os.listdir(UNITS):
        if name.endswith('.in'):
            with open(os.path.join(UNITS, name)) as f:
                text = f.read().replace('@PREFIX@', WORK.path).replace('@WEB_GROUP@', 'www-data')
            has_not(text, '@PREFIX')
            WORK.file('units', name[:-3].replace('@.', '@blog.'), text=text)
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]


def analyze(*words):
    if shutil.which('systemd-analyze') is None:
        raise Skip('no systemd-analyze: the package systemd is not installed')
    return subprocess.run(['systemd-analyze', '--no-pager', *words], capture_output=True, text=True,
                          env={'PATH': '/usr/bin:/bin', 'LANG': 'C.UTF-8'})


@test
def the_units_are_sound():
    units = given_units()
    same([os.path.basename(u) for u in units], ['wsgi-fcgi@blog.service', 'wsgi-fcgi@blog.socket'])
    done = analyze('verify', '--man=no', *units)
    # What is said of other units of the machine is not ours.
    same([line for line in done.stderr.splitlines() if 'wsgi-fcgi' in line], [])


@test
def the_service_is_closed_to_what_it_does_not_need():
    service = [u for u in given_units() if u.endswith('.service')][0]
    done = analyze('security', '--offline=true', '--threshold=%d' % MOST_EXPOSED, service)
    found = re.search(r'Overall exposure level for \S+: (\S+) (\S+)', done.stdout)
    assert found, done.stdout[-500:] + done.stderr
    print('     exposure %s %s' % found.groups())
    same(done.returncode, 0, found.group(0))


@test
def the_options_of_the_service_are_options():
    with open(os.path.join(UNITS, 'wsgi-fcgi@.service.in')) as f:
        words = re.search(r'^ExecStart=@PREFIX@/bin/wsgi-fcgi (.*)$', f.read(), re.M).group(1)
    config = WORK.file('blog.conf', text='application = "%s"\npython = "/usr/bin/python3"\n'
                                         'bind = "127.0.0.1:0"\n' % WORK.app('exchange.py'))
    argv = [w.replace('/etc/wsgi/%i.conf', config) for w in words.split()]
    server = Process([WORK.program('wsgi-fcgi'), *argv], os.path.join(WORK.path, 'blog.log'))
    until(lambda: b'listening on 127.0.0.1:' in open(server.log, 'rb').read())
    same(server.stop(), 0)


# Sockets.

@contextlib.contextmanager
def given_activation(*options, sockets=None, app='exchange.py', env=()):
    """wsgi-fcgi, started by the first connection to sockets: paths, and HOST:PORT."""
    if shutil.which('systemd-socket-activate') is None:
        raise Skip('no systemd-socket-activate: the package systemd is not installed')
    log = os.path.join(WORK.path, 'activated.log')
    words = [w for s in sockets for w in ('--listen', s)]
    words += ['-E' + e for e in env]
    server = Process(['systemd-socket-activate', *words, '--', WORK.program('wsgi-fcgi'), *options,
                      *PYTHON, WORK.app(app)], log)
    Logs([log]).wait('Listening on', 10)
    try:
        yield server
    finally:
        server.stop()


def socket_path(name):
    path = os.path.join(WORK.run, name + '.sock')
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    return path


@test
def the_sockets_that_were_given_are_served():
    path, port = socket_path('given'), free_port()
    with given_activation(sockets=[path, '127.0.0.1:%d' % port]):
        for address in (path, ('127.0.0.1', port), path):
            same(show(address, '/slow').status, 200)
        environ = environ_of(path)
        same([name for name in GIVEN if name in environ], [])


@test
def a_socket_that_was_given_stays_when_the_service_ends():
    path = socket_path('stays')
    with given_activation(sockets=[path]) as server:
        logs = Logs([server.log])
        same(show(path, '/slow').status, 200)
        same(server.stop(), 0)
        assert os.path.exists(path), 'the path of systemd\'s socket is gone'


@test
def sockets_that_were_given_win_over_bind_and_the_log_says_so():
    path, port = socket_path('wins'), free_port()
    with given_activation('--bind', '127.0.0.1:%d' % port, sockets=[path]) as server:
        logs = Logs([server.log])
        same(show(path, '/slow').status, 200)
        logs.wait('wsgi-fcgi: --bind is not listened on: the sockets that systemd has given are')
        try:
            connect(port).close()
        except ConnectionRefusedError:
            pass
        else:
            raise AssertionError('--bind is listened on, too')


@test
def a_reload_keeps_the_sockets_that_were_given():
    path = socket_path('reload')
    with given_activation(sockets=[path], app='steady_app.py') as server:
        before = show(path, '/').body
        server.child.send_signal(signal.SIGHUP)
        until(lambda: show(path, '/').body.split(b';')[1] != before.split(b';')[1])


# What is told.

class Manager:
    """What records the states that it is told, in the place of systemd."""

    def __init__(self, name, abstract=False):
        path = os.path.join(WORK.run, name)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind('\0' + path if abstract else path)
        if not abstract:
            os.chmod(path, 0o666)
        self.socket.setblocking(False)
        self.name = ('@' if abstract else '') + path
        self.told = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def listen(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                self.told.append(dict(line.split('=', 1) for line in
                                      self.socket.recv(4096).decode().splitlines() if line))
        return self.told

    def wait(self, *names, bound=20):
        """Until a state with all these names has come; returns it, and forgets those before."""
        end = time.monotonic() + bound
        while True:
            for i, state in enumerate(self.listen()):
                if all(name in state for name in names):
                    del self.told[:i + 1]
                    return state
            assert time.monotonic() < end, 'not told %s: %s' % (names, self.told)
            time.sleep(0.01)


def given_service(manager, *options, app='exchange.py', **env):
    return Fcgi(WORK, WORK.app(app), *options, *PYTHON, env=dict(env, NOTIFY_SOCKET=manager.name))


@test(each=['a path', 'an abstract name'])
def ready_is_told_and_the_application_is_not_asked_to(kind):
    with Manager('ready', abstract=kind != 'a path') as manager:
        server = given_service(manager)
        state = manager.wait('READY')
        same(state['READY'], '1')
        assert state.get('STATUS'), state
        environ = environ_of(server.address)
        same([name for name in GIVEN if name in environ], [])
        same(server.stop(), 0)
        same(manager.wait('STOPPING')['STOPPING'], '1')
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(WORK.run, 'ready'))


@test
def ready_comes_once_the_application_is_loaded():
    with Manager('slow') as manager:
        began = time.monotonic()
        server = given_service(manager, app='steady_app.py', E2E_SLOW_LOAD='1.5')
        manager.wait('READY')
        assert time.monotonic() - began >= 1.5, 'READY before the application was there'
        server.stop()


@test
def an_application_that_does_not_load_is_never_ready():
    broken = WORK.file('apps', 'broken.py', text='raise RuntimeError("no")\n')
    with Manager('broken') as manager:
        server = Process([WORK.program('wsgi-fcgi'), '--bind', '127.0.0.1:0', *PYTHON, broken],
                         os.path.join(WORK.path, 'broken.log'), env={'NOTIFY_SOCKET': manager.name})
        assert server.child.wait(20) != 0
        same([s for s in manager.listen() if 'READY' in s], [])


@test
def a_reload_is_told_and_its_end():
    with Manager('reload') as manager:
        server = given_service(manager)
        manager.wait('READY')
        before = time.clock_gettime(time.CLOCK_MONOTONIC)
        server.process.child.send_signal(signal.SIGHUP)
        state = manager.wait('RELOADING', 'MONOTONIC_USEC')
        assert before <= int(state['MONOTONIC_USEC']) / 1e6 <= time.clock_gettime(
            time.CLOCK_MONOTONIC), state
        manager.wait('READY')
        server.stop()


@test
def a_reload_that_fails_is_at_its_end_too():
    app = WORK.file('apps', 'breaking.py', text='def application(environ, start_response):\n'
                                                '    start_response("200 OK", [])\n    return []\n')
    with Manager('failing') as manager:
        server = given_service(manager, app='breaking.py')
        manager.wait('READY')
        WORK.file('apps', 'breaking.py', text='raise RuntimeError("no")\n')
        server.process.child.send_signal(signal.SIGHUP)
        manager.wait('RELOADING')
        manager.wait('READY')
        same(show(server.address, '/').status, 200)
        server.stop()


@test
def the_watchdog_hears_of_it_twice_in_its_time():
    with Manager('watchdog') as manager:
        server = given_service(manager, WATCHDOG_USEC='500000')
        manager.wait('READY')
        last, longest = time.monotonic(), 0
        for _ in range(6):
            manager.wait('WATCHDOG', bound=5)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        assert longest < 0.5, 'the watchdog waited for %.2f s' % longest
        server.stop()


@test
def an_upgrade_is_the_same_process_and_is_ready_again():
    with Manager('upgrade') as manager:
        server = given_service(manager, WATCHDOG_USEC='500000')
        manager.wait('READY')
        server.process.child.send_signal(signal.SIGUSR2)
        manager.wait('READY')
        manager.wait('WATCHDOG', bound=5)
        same(show(server.address, '/slow').status, 200)
        same(server.process.child.poll(), None)
        same(server.stop(), 0)


if __name__ == '__main__':
    main()
