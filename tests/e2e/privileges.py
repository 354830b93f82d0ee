"""Who wsgi-fcgi is, and who may connect to it: --user, --group, --umask, --pid, and the owner, the
group and the mode of its sockets. It starts as root; as somebody else most of it is skipped.
"""

import grp
import json
import os
import pwd
import signal
import stat
import subprocess
import sys
import time

import fastcgi
from frontend import Fcgi, Logs, Process, Skip, Work, has, main, same, test, until

WORK = Work('privileges')
PYTHON = ['--python', '/usr/bin/python3']
APP = WORK.file('apps', 'who.py', text='''
import json, os
MASK = os.umask(0)
os.umask(MASK)

def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'application/json')])
    return [json.dumps({'ids': os.getresuid() + os.getresgid(), 'groups': os.getgroups(),
                        'umask': MASK, 'pid': os.getpid(),
                        'environ': {k: os.environ.get(k) for k in ('HOME', 'USER', 'LOGNAME')}}).encode()]
''')
CONNECT = 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])'


def as_root():
    if os.geteuid() != 0:
        raise Skip('only root can become somebody else')


def server_of(*options, **more):
    as_root()
    return Fcgi(WORK, APP, *options, *PYTHON, as_web_user=False, **more)


def who(server):
    with fastcgi.Connection(server.address) as c:
        c.send(fastcgi.request(fastcgi.variables('/')))
        return json.loads(c.reply().body)


def refused(*options, **more):
    """The exit status and the words of a start that fails, and whether it had bound its socket."""
    path = os.path.join(WORK.run, 'refused.sock')
    log = os.path.join(WORK.path, 'refused.log')
    logs = Logs([log])
    logs.begin[log] = os.path.getsize(log) if os.path.exists(log) else 0
    server = Process([WORK.program('wsgi-fcgi'), '--bind', 'unix:' + path, *options, *PYTHON, APP],
                     log, **more)
    status = server.child.wait(20)
    assert not os.path.exists(path), 'it was bound all the same'
    return status, logs.text()


def can_connect(user, path):
    done = subprocess.run([sys.executable, '-c', CONNECT, path], user=user,
                          group=pwd.getpwnam(user).pw_gid, extra_groups=[], capture_output=True)
    return done.returncode == 0


def ids_of(user, group=None):
    entry = pwd.getpwnam(user)
    gid = grp.getgrnam(group).gr_gid if group else entry.pw_gid
    return [entry.pw_uid] * 3 + [gid] * 3


@test
def the_application_is_the_users_and_the_master_is_not():
    server = server_of('--user', 'www-data')
    seen = who(server)
    same(seen['ids'], ids_of('www-data'))
    same(sorted(set(seen['groups'])), sorted(set(os.getgrouplist('www-data', ids_of('www-data')[5]))))
    same(os.stat('/proc/%d' % server.pid).st_uid, 0)
    home = pwd.getpwnam('www-data').pw_dir
    same(seen['environ'], {'HOME': home, 'USER': 'www-data', 'LOGNAME': 'www-data'})
    same(server.stop(), 0)


@test
def a_group_takes_the_place_of_the_users_and_e_of_its_home():
    server = server_of('--user', 'www-data', '--group', 'nogroup', '-e', 'HOME=/srv', '-m', '027')
    seen = who(server)
    same(seen['ids'], ids_of('www-data', 'nogroup'))
    same((seen['environ']['HOME'], seen['umask']), ('/srv', 0o027))
    server.stop()


@test
def after_a_reload_and_an_upgrade_it_is_the_user_still():
    path = os.path.join(WORK.run, 'who.pid')
    server = server_of('--user', 'www-data', '--pid', path)
    for number in (signal.SIGHUP, signal.SIGUSR2):
        before = who(server)['pid']
        server.process.child.send_signal(number)
        end = time.monotonic() + 20
        while who(server)['pid'] == before:
            assert time.monotonic() < end, 'nobody new after signal %d' % number
            time.sleep(0.05)
        same(who(server)['ids'], ids_of('www-data'))
        same(os.stat('/proc/%d' % server.pid).st_uid, 0)
        with open(path) as f:
            same(f.read(), '%d\n' % server.pid)
    same(server.stop(), 0)
    same((os.path.exists(path), os.path.exists(server.address)), (False, False))


@test
def the_pid_file_of_a_server_that_runs_is_refused_and_a_stale_one_is_not():
    path = os.path.join(WORK.run, 'one.pid')
    server = server_of('--pid', path)
    status, words = refused('--pid', path, as_web_user=False)
    assert status not in (0, None), status
    has(words, '%s is the file of process %d, which runs' % (path, server.pid))
    workers = who(server)['pid']
    server.process.stop(signal.SIGKILL)
    same(os.path.exists(path), True)
    end = time.monotonic() + 20
    while os.path.exists('/proc/%d' % workers):
        assert time.monotonic() < end, 'a worker outlives its master'
        time.sleep(0.05)
    again = server_of('--pid', path)
    with open(path) as f:
        same(f.read(), '%d\n' % again.pid)
    again.stop()


@test
def only_root_becomes_somebody_else():
    status, words = refused('--user', 'root')
    assert status not in (0, None), status
    has(words, '--user root: this process is of user ')


@test(each=['--user', '--group', '--listen-owner', '--listen-group'])
def who_is_not_there_is_refused_before_anything_is_bound(option):
    status, words = refused(option, 'no-such-name', as_web_user=False)
    same(status, 64)
    has(words, '%s no-such-name: there is no such ' % option)


@test
def a_socket_is_for_its_owner_and_its_group_only():
    server = server_of('--listen-owner', 'www-data', '--user', 'nobody')
    st = os.stat(server.address)
    same((st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)),
         (ids_of('www-data')[0], ids_of('www-data')[3], 0o660))
    same([can_connect(user, server.address) for user in ('www-data', 'daemon')], [True, False])
    server.stop()


@test
def the_mode_of_a_socket_is_what_was_asked_for():
    server = server_of('--listen-group', 'daemon', '--listen-mode', '0620', '--umask', '077')
    st = os.stat(server.address)
    same((st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)), (0, grp.getgrnam('daemon').gr_gid, 0o620))
    same([can_connect(user, server.address) for user in ('www-data', 'daemon')], [False, True])
    server.stop()


@test
def a_socket_without_an_owner_is_for_whoever_reaches_it():
    server = server_of()
    same(stat.S_IMODE(os.stat(server.address).st_mode), 0o666)
    same(can_connect('daemon', server.address), True)
    server.stop()


@test
def it_starts_and_reloads_in_a_folder_that_its_user_could_not_name():
    """A user's own folder, below one that is closed to him; --check-config for SIGUSR2, too."""
    as_root()
    closed = WORK.folder('closed')
    folder = WORK.folder('closed', 'open')
    os.chmod(closed, 0o700)
    server = Fcgi(WORK, APP, *PYTHON, cwd=folder)
    before = who(server)['pid']
    for number in (signal.SIGHUP, signal.SIGUSR2):
        server.process.child.send_signal(number)
        until(lambda: who(server)['pid'] != before)
        before = who(server)['pid']
    same(server.stop(), 0)


if __name__ == '__main__':
    main()
