"""wsgi-fcgi behind Apache: mod_proxy_fcgi over unix and TCP sockets, and mod_fcgid."""

import concurrent.futures
import os
import signal
import ssl
import subprocess
import time

import front_cases
from front_cases import Differs, Front
from frontend import (SHIPPED, Apache, Fcgi, Logs, Work, connect, main, pattern, read_answer,
                      request, same, send, test)

WORK = Work('apache-fcgi')
FILE = WORK.file('data', 'file.bin', text=pattern(3000001))
OPTIONS = ['--python', '/usr/bin/python3', '-e', 'E2E_FILE=' + FILE]
UNIX = Fcgi(WORK, WORK.app('exchange.py'), '--threads', '4', *OPTIONS)
TCP = Fcgi(WORK, WORK.app('exchange.py'), '--threads', '4', *OPTIONS, tcp=True)
COMMAND = ' '.join([*OPTIONS, WORK.app('exchange.py')])


def backend(server):
    """How mod_proxy names a server of frontend.Fcgi."""
    if isinstance(server.address, str):
        return 'unix:%s|fcgi://app' % server.address
    return 'fcgi://' + server.bind


PROXY_MODULES = ['proxy', 'proxy_fcgi']


def proxy(name, server, mount='/', extra='', modules=()):
    return Apache(WORK, [('apache-proxy.conf', {'WSGI_MOUNT': mount,
                                                'WSGI_BACKEND': backend(server)})],
                  name=name, modules=[*PROXY_MODULES, *modules], extra=extra)


def changed(file, defines, *changes):
    """A shipped file with its words put in and something else changed, too."""
    with open(os.path.join(SHIPPED, file)) as f:
        text = f.read()
    for old, new in [('${%s}' % key, value) for key, value in defines.items()] + list(changes):
        assert old in text, old
        text = text.replace(old, new)
    return text


def fcgid(name, mount=None, extra='', modules=(), words=COMMAND):
    defines = {'WSGI_FCGI': WORK.program('wsgi-fcgi'), 'WSGI_WORDS': words}
    if mount:
        defines['WSGI_MOUNT'] = mount
    folder = WORK.folder('run', name, own=True)
    return Apache(WORK, [('apache-fcgid.conf' if mount else 'apache-fcgid-site.conf', defines)],
                  name=name, modules=['fcgid', *modules],
                  extra='FcgidIPCDir "%s"\nFcgidProcessTableFile "%s/table"\n' % (folder, folder)
                  + extra)


APACHES = {
    'proxy, unix': (proxy('proxy-unix', UNIX), UNIX, ''),
    'proxy, tcp, below a prefix': (proxy('proxy-tcp', TCP, '/app'), TCP, '/app'),
    'fcgid': (fcgid('fcgid'), None, ''),
    'fcgid, below a prefix': (fcgid('fcgid-app', '/app'), None, '/app'),
}
SLASHES = 'Apache merges slashes, unless MergeSlashes is off'
DOTS = 'Apache resolves dots before it looks for what serves the path'
LENGTH = 'Apache 2.4.59 and later drop the length, unless ap_trust_cgilike_cl is set'
HEAD = 'Apache refuses a line of a head of more than 8 kB: a 500'
ALL = {
    'path: a NUL': Differs(404, 'no path of Apache holds one'),
    'path: two slashes': Differs('/a/b', SLASHES),
    'path: two slashes at the front': Differs('/a', SLASHES),
    'path: two slashes at the end': Differs('/a/', SLASHES),
    'path: a dot': Differs('/a/b', DOTS),
    'path: two dots': Differs('/b', DOTS),
    'path: two dots, encoded': Differs('/b', DOTS),
    'path: two slashes below the mount': Differs('/', SLASHES),
    'response with a header of 60 kB': Differs(0, HEAD),
    'response header that is repeated stays': Differs(['first, second'], 'Apache joins them'),
}
PROXY = dict(ALL, **{
    'method HEAD is seen and keeps the length': Differs(('HEAD', 200, None, b''), LENGTH),
    'response that is small has its length': Differs((200, b'twelve bytes', None), LENGTH),
    'response by the file wrapper': Differs((200, True, None, True), LENGTH),
})
FCGID = dict(ALL, **{
    'path: very long': Differs(403, 'Apache looks for a file of that name'),
    'failure in mid response is seen by the client': Differs(
        (200, 'whole'), 'mod_fcgid takes any end of the connection for the end of the response'),
})
FRONTS = [Front(name, front.port, prefix, front.logs() + (server.logs() if server else []),
                PROXY if server else FCGID)
          for name, (front, server, prefix) in APACHES.items()]


@test(each=front_cases.pairs(FRONTS))
def apache(pair):
    pair.run()


# A connection for each request: the rest is the same.

NOT_KEPT = Apache(WORK, [], name='proxy-not-kept', modules=PROXY_MODULES, extra=changed(
    'apache-proxy.conf', {'WSGI_MOUNT': '/', 'WSGI_BACKEND': backend(UNIX)},
    ('enablereuse=on', 'disablereuse=on')))
FRONT = Front('proxy, not kept', NOT_KEPT.port, '', NOT_KEPT.logs() + UNIX.logs(), PROXY)


@test(each=[pair for pair in front_cases.pairs([FRONT])
            if pair.case.name.startswith(('failure', 'connection', 'client'))])
def apache_without_kept_connections(pair):
    pair.run()


@test(each=['kept', 'not kept'])
def connections_are_kept_as_the_configuration_says(how):
    front = APACHES['proxy, unix'][0] if how == 'kept' else NOT_KEPT
    for _ in range(40):
        same(request(front.port, '/chunks').status, 200)
    with open('/proc/net/unix') as f:
        ours = [line for line in f if line.rstrip().endswith(UNIX.address)]
    connected = sum(line.split()[5] == '03' for line in ours)
    if how == 'kept':
        same(0 < connected, True, repr(ours))
    else:
        before = connected
        for _ in range(5):
            request(front.port, '/chunks')
        with open('/proc/net/unix') as f:
            same(sum(line.rstrip().endswith(UNIX.address) and line.split()[5] == '03'
                     for line in f), before)


# Apache as it is without our lines: what arrives is what PHP wants.

MOUNTED = Fcgi(WORK, WORK.app('exchange.py'), '--script-name', '/app', *OPTIONS)
ROOT = Fcgi(WORK, WORK.app('exchange.py'), '--script-name', '/', *OPTIONS)
RAW = {name: None for name in ALL if name.startswith('path: two ') or name == 'path: a dot'}
FILE_NAME = Differs(403, 'Apache looks for a file of that name')
NO_FILES = dict.fromkeys(['path: a line feed', 'path: CR and LF', 'path: very long',
                          'path: an encoded question mark'], FILE_NAME)


def plain(name, text):
    return Apache(WORK, [], name=name, modules=PROXY_MODULES,
                  extra='AllowEncodedSlashes On\n' + text)


PLAIN = {  # the mount, and what is other than with our lines; None: nothing any more
    'ProxyPass at the root': ('', {}, plain(
        'plain', 'ProxyPass "/" "%s/"\n' % backend(UNIX))),
    'ProxyPass with the generic type and --script-name': ('/app', RAW, plain(
        'plain-app', 'ProxyFCGIBackendType GENERIC\nProxyPass "/app" "%s/"\n'
        % backend(MOUNTED))),
    'SetHandler with --script-name': ('/app', {'path: very long': FILE_NAME}, plain(
        'handler', '<Location "/app">\nSetHandler "proxy:%s/"\n</Location>\n'
        % backend(MOUNTED))),
    'SetHandler at the root with --script-name': ('', NO_FILES, plain(
        'handler-root', '<Location "/">\nSetHandler "proxy:%s/"\n</Location>\n'
        % backend(ROOT))),
    'proxy-fcgi-pathinfo': ('/app', {
        'path: the mount alone': Differs('/', 'mod_proxy_fcgi puts a slash in front')}, plain(
        'pathinfo', 'SetEnvIf Request_URI . proxy-fcgi-pathinfo=1\n'
        'ProxyPass "/app/" "%s/"\nProxyPass "/app" "%s"\n' % (backend(UNIX), backend(UNIX)))),
}
WITHOUT = []
for name, (prefix, other, front) in PLAIN.items():
    differences = {case: differs for case, differs in {**PROXY, **other}.items() if differs}
    WITHOUT.append(Front(name, front.port, prefix, front.logs(), differences))


@test(each=[pair for pair in front_cases.pairs(WITHOUT)
            if pair.case.name.startswith(('path:', 'query:'))])
def without_our_lines(pair):
    pair.run()


# Bodies without a length.

GATHERED = proxy('proxy-sendcl', UNIX, extra='SetEnv proxy-sendcl 1\n')


@test(each=['as they come', 'gathered'])
def uploads_without_a_length_are(how):
    front = GATHERED if how == 'gathered' else APACHES['proxy, unix'][0]
    body = pattern(300000)
    seen = request(front.port, '/show', method='PUT', chunked=True,
                   body=[body[i:i + 7000] for i in range(0, len(body), 7000)]).json()
    same(seen['body'].encode('latin-1') == body, True)
    same((seen['environ'].get('CONTENT_LENGTH'), seen['environ'].get('wsgi.input_terminated')),
         ('300000', None) if how == 'gathered' else (None, True))


# HTTPS.

def certificate():
    key, cert = WORK.path + '/key.pem', WORK.path + '/cert.pem'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
                    '-subj', '/CN=localhost', '-keyout', key, '-out', cert], check=True,
                   capture_output=True)
    return 'SSLEngine on\nSSLCertificateFile "%s"\nSSLCertificateKeyFile "%s"\n' % (cert, key)


TLS = certificate()
TLS_FRONTS = {'proxy': proxy('proxy-tls', UNIX, extra=TLS, modules=['ssl']),
              'fcgid': fcgid('fcgid-tls', extra=TLS, modules=['ssl'])}


@test(each=sorted(TLS_FRONTS))
def https_is_the_scheme(how):
    port = TLS_FRONTS[how].port
    context = ssl.create_default_context(cafile=WORK.path + '/cert.pem')
    context.check_hostname = False
    with context.wrap_socket(connect(port)) as s, s.makefile('rb') as f:
        send(s, 'GET', '/', [('X-Forwarded-Proto', 'http'), ('Connection', 'close')])
        environ = read_answer(f).json()['environ']
    same([environ.get(n) for n in ('wsgi.url_scheme', 'HTTPS', 'REMOTE_ADDR', 'REQUEST_SCHEME')],
         ['https', 'on', '127.0.0.1', 'https'])


# Restarts.

def wait(condition, what, seconds=15):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@test(each=['unix', 'tcp'])
def a_restarted_wsgi_fcgi_is_found_again_on_kept_connections(kind):
    server = Fcgi(WORK, WORK.app('exchange.py'), *OPTIONS, tcp=kind == 'tcp')
    front = proxy('restart-' + kind, server, extra='ProxyPassMatch "^/never" "!"\n')
    for round in range(3):
        same([request(front.port, '/chunks').status for _ in range(5)], [200] * 5)
        same(server.stop(), 0)
        server.process.__init__(server.process.argv, server.log)
        server.process.ready(lambda: connect(server.address))
    same(request(front.port, '/chunks').status, 200)
    front.process.stop()
    server.stop()


# The processes of mod_fcgid.

def pid(front):
    return request(front.port, '/show').json()['pid']


def alive(number):
    try:
        with open('/proc/%d/stat' % number) as f:
            return f.read().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


@test
def mod_fcgid_keeps_a_process_and_ends_it_when_apache_ends():
    front = fcgid('end')
    pids = {pid(front) for _ in range(10)}
    same(len(pids), 1)
    logs = Logs(front.logs())
    same(front.process.stop(), 0)
    wait(lambda: not any(alive(p) for p in pids), 'a process is left')
    logs.wait('exit(shutting down), terminated by calling exit(), return code: 0')
    same('SIGKILL' in logs.text(), False, logs.text())


@test
def mod_fcgid_starts_copies_for_requests_at_the_same_time():
    front = fcgid('copies', extra='FcgidMinProcessesPerClass 0\nFcgidMaxProcessesPerClass 3\n'
                  'FcgidSpawnScore 0\nFcgidTimeScore 0\n')
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        began = time.monotonic()
        answers = list(pool.map(lambda i: request(front.port, '/slow?2').body, range(3)))
        took = time.monotonic() - began
    same(answers, [b'slept'] * 3)
    assert took < 5.5, 'one after the other'
    front.process.stop()


@test
def mod_fcgid_replaces_a_process_after_so_many_requests():
    front = fcgid('many', extra='FcgidMaxRequestsPerProcess 3\n')
    pids = []
    for _ in range(12):
        pids.append(pid(front))
    same([pids.count(p) for p in dict.fromkeys(pids)], [3, 3, 3, 3])
    wait(lambda: not any(alive(p) for p in set(pids[:9])), 'an old process is left')
    front.process.stop()


@test
def mod_fcgid_replaces_a_process_that_died():
    front = fcgid('died')
    first = pid(front)
    os.kill(first, signal.SIGKILL)
    wait(lambda: not alive(first), 'it lives')
    answers = [request(front.port, '/chunks').status for _ in range(5)]
    same(answers[1:], [200] * 4, repr(answers))
    assert pid(front) != first
    front.process.stop()


@test
def mod_fcgid_lets_a_request_end_when_apache_reloads():
    front = fcgid('reload')
    same(request(front.port, '/chunks').status, 200)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        slow = pool.submit(request, front.port, '/slow?1.5')
        time.sleep(0.5)
        front.process.child.send_signal(signal.SIGUSR1)
        same(slow.result().body, b'slept')
    same(request(front.port, '/chunks').status, 200)
    front.process.stop()


@test
def an_application_that_does_not_load_is_an_error_with_its_reason_in_the_log():
    front = fcgid('broken', words='--python /usr/bin/python3 ' + WORK.file(
        'broken.py', text='raise RuntimeError("no settings")\n'))
    logs = Logs(front.logs())
    same(request(front.port, '/').status, 500)
    logs.wait('RuntimeError: no settings')
    front.process.stop()


if __name__ == '__main__':
    main(lambda: [log for front, _, _ in APACHES.values() for log in front.logs()]
         + UNIX.logs() + TCP.logs() + NOT_KEPT.logs())
