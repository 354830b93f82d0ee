"""wsgi-fcgi behind nginx, lighttpd, Caddy, HAProxy and H2O: the same cases at each of them.

What a front end itself changes stands here by the name of the case, and why.
"""

import concurrent.futures
import json
import signal
import subprocess
import time

import front_cases
from front_cases import Differs, Front
from front_servers import Caddy, H2o, Haproxy, Lighttpd
from frontend import (Fcgi, Nginx, Work, connect, curl, main, pattern, read_answer, request, same,
                      send, test)

WORK = Work('fronts')
FILE = WORK.file('data', 'file.bin', text=pattern(3000001))
OPTIONS = ['--python', '/usr/bin/python3', '-e', 'E2E_FILE=' + FILE, '--threads', '4']
APP = WORK.app('exchange.py')
UNIX = Fcgi(WORK, APP, *OPTIONS)
TCP = Fcgi(WORK, APP, *OPTIONS, tcp=True)
BELOW = Fcgi(WORK, APP, '--script-name', '/app', *OPTIONS)
COMMAND = ' '.join([WORK.program('wsgi-fcgi'), *OPTIONS, APP])


def every(names, outcome, why):
    return {name: Differs(outcome, why) for name in names}


def statuses(why, lines):
    """The reasons that a client gets in place of the application's."""
    return {'status: ' + sent: Differs((got, b'this is ' + got[:3].encode()), why)
            for sent, got in lines.items()}


DOTS = {
    'path: a dot': Differs('/a/b', 'dots are resolved'),
    'path: two dots': Differs('/b', 'dots are resolved'),
    'path: two dots, encoded': Differs('/b', 'dots are resolved, %2E%2E too'),
}
SLASHES = {
    'path: two slashes': Differs('/a/b', 'slashes are merged'),
    'path: two slashes at the front': Differs('/a', 'slashes are merged'),
    'path: two slashes at the end': Differs('/a/', 'slashes are merged'),
    'path: two slashes below the mount': Differs('/', 'slashes are merged'),
}
UNDERSCORES = {
    'header with an underscore alone is dropped': Differs(
        ['evil'], 'X_User is passed on as X-User would be'),
    'header with an underscore does not pass for one with a dash': Differs(
        ['good, evil'], 'both are passed on; wsgi-fcgi joins them'),
}

NO_RAW_BYTES = {
    'path: UTF-8, as it is': Differs(400, 'a byte that must be escaped is refused'),
    'query: bytes as they are': Differs(400, 'a byte that must be escaped is refused'),
}
NO_END = {
    'failure in mid response is seen by the client': Differs(
        (200, 'whole'), 'an end of the connection passes for the end of the response, unless it '
        'has a Content-Length'),
}

NGINX = {
    **DOTS, **SLASHES,
    'path: a NUL': Differs(400, 'nginx refuses it'),
    'response with a header of 60 kB': Differs(
        0, 'a 502: the head of a response must fit into fastcgi_buffer_size'),
}
NGINX_LIMITED = {
    **NGINX,
    'upload: 20 MB': Differs('refused', 'client_max_body_size is 1 MB unless it is set'),
    'upload without a length: 3 MB': Differs('refused', 'client_max_body_size is 1 MB'),
}

# With url-normalize-required, which Debian's lighttpd.conf enables, a query is changed, and ends
# the path at its last question mark. The site that starts us is without it.
LIGHTTPD_KEPT = {
    **DOTS, **SLASHES, **UNDERSCORES,
    **every(['path: a NUL', 'path: a line feed', 'path: CR and LF', 'query: a NUL',
             'query: CR and LF'], 400, 'url-ctrls-reject'),
    'path: bytes FF and FE': Differs(400, 'bytes that UTF-8 never has are refused'),
    'query: brackets': Differs('a%5B%5D=1', 'url-normalize encodes them'),
    'query: bytes as they are': Differs('%C3%A9', 'url-normalize encodes them'),
    **statuses('lighttpd has reasons of its own', {
        '201 Made here': '201 Created', '299 Fine, thanks: a b': '299 ',
        '404 Gone fishing': '404 Not Found', "418 I'm a teapot": '418 ',
        '503 Not now': '503 Service Unavailable', '599 Own': '599 '}),
}
LIGHTTPD = {
    **LIGHTTPD_KEPT,
    'query: escapes stay': Differs('a=/&b=%252F%E9', 'url-normalize-required decodes some'),
    'query: at the root': Differs('a=/', 'url-normalize-required decodes %2F'),
    'query: at the mount alone': Differs('a=/', 'url-normalize-required decodes %2F'),
    'query: question marks in it': Differs(
        '', 'with url-normalize-required the path goes on to the last question mark'),
}
WITHOUT_REQUIRED = [('"url-normalize-required" => "enable"',
                     '"url-normalize-required" => "disable"')]

CADDY = {
    **NO_END,
    'path: a NUL': Differs(400, 'Caddy refuses it'),
    'header Content Type of an upload that has none is empty': Differs(
        ['application/x-www-form-urlencoded'], 'Caddy gives it that of a form'),
    **statuses('Caddy has reasons of its own', {
        '201 Made here': '201 Created', '299 Fine, thanks: a b': '299 status code 299',
        '404 Gone fishing': '404 Not Found', '503 Not now': '503 Service Unavailable',
        '599 Own': '599 status code 599'}),
}
CADDY_SITE = {
    **CADDY,
    'path: UTF-8, as it is': Differs(('', '/caf\xc3\xa9', '/caf%C3%A9'), 'REQUEST_URI is encoded'),
}
CADDY_MOUNT = {
    **CADDY, **DOTS, **SLASHES,
    'path: UTF-8, as it is': Differs(
        ('/app', '/caf\xc3\xa9', '/app/caf%C3%A9'), 'REQUEST_URI is encoded'),
}
del CADDY_MOUNT['path: two dots, encoded']  # strip_prefix makes a path clean before it is decoded

HAPROXY = {
    **NO_RAW_BYTES,
    'upload without a length: nothing': Differs('refused', 'HAProxy 2.6 would not answer it'),
    'upload without a length: 300 kB': Differs('refused', 'more than tune.bufsize'),
    'upload without a length: 3 MB': Differs('refused', 'more than tune.bufsize'),
    'response with a header of 60 kB': Differs(0, 'a 502: it is more than tune.bufsize'),
}
H2O = {**UNDERSCORES, **DOTS, **NO_END}

FRONTS = []


def add(name, server, prefix, differences, *backends):
    logs = [log for backend in backends for log in backend.logs()]
    FRONTS.append(Front(name, server.port, prefix, server.logs() + logs, differences))


add('nginx', Nginx(WORK, 'nginx-stream.conf', UNIX.bind), '', NGINX, UNIX)
add('nginx below a mount', Nginx(WORK, 'nginx-mount.conf', TCP.bind, MOUNT='/app'), '/app',
    NGINX_LIMITED, TCP)
add('lighttpd', Lighttpd(WORK, 'lighttpd-site.conf', SOCKET=Lighttpd.socket(UNIX)), '', LIGHTTPD,
    UNIX)
add('lighttpd below a mount', Lighttpd(
    WORK, 'lighttpd-mount.conf', SOCKET=Lighttpd.socket(TCP), MOUNT='/app'), '/app', LIGHTTPD, TCP)
add('lighttpd that starts us', Lighttpd(
    WORK, 'lighttpd-spawn.conf', change=WITHOUT_REQUIRED, SOCKET=WORK.run + '/spawned',
    COMMAND=COMMAND), '', LIGHTTPD_KEPT)
add('Caddy', Caddy(WORK, 'caddy-site.conf', BACKEND=Caddy.backend(UNIX)), '', CADDY_SITE,
    UNIX)
add('Caddy below a mount', Caddy(WORK, 'caddy-mount.conf', BACKEND=Caddy.backend(TCP),
                                 MOUNT='/app'), '/app', CADDY_MOUNT, TCP)
add('HAProxy', Haproxy(WORK, 'haproxy-site.conf', BACKEND=Haproxy.backend(UNIX)), '', HAPROXY, UNIX)
add('HAProxy below a mount', Haproxy(WORK, 'haproxy-mount.conf', BACKEND=Haproxy.backend(TCP),
                                     MOUNT='/app'), '/app', HAPROXY, TCP)
add('H2O', H2o(WORK, 'h2o-site.conf', **H2o.backend(TCP)), '', H2O, TCP)
add('H2O below a mount', H2o(WORK, 'h2o-mount.conf', MOUNT='/app', **H2o.backend(BELOW)), '/app',
    H2O, BELOW)
add('H2O that starts us', H2o(WORK, 'h2o-spawn.conf', COMMAND='exec ' + COMMAND), '', H2O)


@test(each=front_cases.pairs(FRONTS))
def front(pair):
    pair.run()


# Connections between a front end and wsgi-fcgi.

MAKE = {
    'nginx': lambda server, **more: Nginx(WORK, 'nginx-site.conf', server.bind, **more),
    'lighttpd': lambda server, **more: Lighttpd(
        WORK, 'lighttpd-site.conf', SOCKET=Lighttpd.socket(server), **more),
    'Caddy': lambda server, **more: Caddy(
        WORK, 'caddy-site.conf', BACKEND=Caddy.backend(server), **more),
    'HAProxy': lambda server, **more: Haproxy(
        WORK, 'haproxy-site.conf', BACKEND=Haproxy.backend(server), **more),
    'H2O': lambda server, **more: H2o(WORK, 'h2o-site.conf', **H2o.backend(server), **more),
}


def connections(server):
    """The ports from which somebody is connected to a server of TCP."""
    local = '0100007F:%04X' % server.address[1]
    with open('/proc/net/tcp') as f:
        rows = [line.split() for line in f][1:]
    return {row[2] for row in rows if row[1] == local and row[3] == '01'}


def seen_with_keep_alive(front, server):
    """The connections to wsgi-fcgi after each of five requests of one client."""
    seen = []
    with connect(front.port) as s, s.makefile('rb') as f:
        for _ in range(5):
            send(s, 'GET', '/length', [])
            same(read_answer(f).body, b'twelve bytes')
            seen.append(connections(server))
    return seen


@test(each=['nginx', 'HAProxy'])
def a_connection_to_wsgi_fcgi_is_kept_and_used_again(name):
    server = Fcgi(WORK, APP, *OPTIONS, tcp=True)
    front = MAKE[name](server)
    seen = seen_with_keep_alive(front, server)
    same([len(ports) for ports in seen], [1] * 5)
    same(len(set.union(*seen)), 1)
    front.process.stop()
    server.stop()


@test(each=['lighttpd', 'Caddy', 'H2O'])
def no_connection_to_wsgi_fcgi_is_kept(name):
    # H2O 2.2 could; but then it ends itself when an upload is answered before all of it was sent.
    server = Fcgi(WORK, APP, *OPTIONS, tcp=True)
    front = MAKE[name](server)
    same(len(set.union(*seen_with_keep_alive(front, server))) in (0, 5), True)
    for _ in range(100):
        if not connections(server):
            break
        time.sleep(0.02)
    same(connections(server), set())
    front.process.stop()
    server.stop()


@test
def h2o_must_not_keep_connections():
    """Why: it ends itself when an answer comes before all of an upload was sent."""
    front = MAKE['H2O'](UNIX, change=[
        ('type: unix', 'type: unix\n        fastcgi.timeout.keepalive: 60000')])
    for _ in range(20):
        try:
            request(front.port, '/unread', method='POST', body=pattern(1 << 20))
        except (AssertionError, OSError):
            break
    same(front.process.child.wait(10), -signal.SIGABRT)
    front.process.stop()


@test(each=list(MAKE))
def a_server_that_was_restarted_is_found_again(name):
    """Also by those that have kept a connection, which is no more."""
    server = Fcgi(WORK, APP, *OPTIONS)
    front = MAKE[name](server)
    same(request(front.port, '/length').body, b'twelve bytes')
    same(server.stop(), 0)
    same(request(front.port, '/length').status in (502, 503), True)
    Fcgi.count -= 1
    server = Fcgi(WORK, APP, *OPTIONS)
    # lighttpd and H2O hold a server that they could not reach for down, for a second.
    for _ in range(40):
        answer = request(front.port, '/length')
        if answer.status == 200:
            break
        same(answer.status in (502, 503), True)
        time.sleep(0.1)
    same(answer.body, b'twelve bytes')
    front.process.stop()
    server.stop()


def slow_ones_at_once(front):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda i: request(front.port, '/slow?0.1').status, range(24)))


@test(each=['it asks', 'it believes'])
def haproxy_loses_nothing_if_it_hopes_to_multiplex(how):
    """We do not: FCGI_MPXS_CONNS is 0, and who does not ask is refused a second request."""
    options = ['option keep-conn', 'option mpxs-conns', 'option max-reqs 9']
    if how == 'it asks':
        options.append('option get-values')
    front = MAKE['HAProxy'](UNIX, change=[
        ('option keep-conn', '\n\t'.join(options)),
        ('\tuse-fcgi-app', '\thttp-reuse always\n\tuse-fcgi-app')])
    same(slow_ones_at_once(front), [200] * 24)
    front.process.stop()


# HTTPS.

def certificate():
    """A certificate for localhost: the files of both, of the key, of both in one."""
    crt, key = (WORK.path + '/tls.' + name for name in ('crt', 'key'))
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                    'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
                    '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key,
                    '-out', crt], check=True, capture_output=True)
    with open(crt, 'rb') as a, open(key, 'rb') as b:
        both = WORK.file('tls.pem', text=a.read() + b.read())
    WORK.give(WORK.path)
    return crt, key, both


def with_tls(name, crt, key, both):
    """What makes a front end's configuration one of HTTPS."""
    if name == 'nginx':
        return {'more': [('listen 127.0.0.1:', 'ssl_certificate %s;\n\tssl_certificate_key %s;\n\t'
                          'listen 127.0.0.1:' % (crt, key)),
                         (';\n\n\tlocation', ' ssl;\n\n\tlocation')]}
    if name == 'lighttpd':
        return {'change': [('server.bind =', 'server.modules += ( "mod_openssl" )\n'
                            'ssl.engine = "enable"\nssl.pemfile = "%s"\nserver.bind =' % both)]}
    if name == 'Caddy':
        return {'change': [('\treverse_proxy', '\ttls %s %s\n\treverse_proxy' % (crt, key))]}
    if name == 'HAProxy':
        return {'change': [('\n\tdefault_backend', ' ssl crt %s\n\tdefault_backend' % both)]}
    return {'change': [('\nerror-log', '\n  ssl:\n    certificate-file: %s\n    key-file: %s\n'
                        'error-log' % (crt, key))]}


@test(each=list(MAKE))
def by_https_the_scheme_is_https(name):
    front = MAKE[name](UNIX, **with_tls(name, *CERTIFICATE))
    rc, out, err = curl('-k', '-H', 'X-Forwarded-Proto: http',
                        'https://localhost:%d/x' % front.port)
    same(rc, 0, err)
    environ = json.loads(out)['environ']
    same((environ['wsgi.url_scheme'], environ['HTTPS'], environ['SERVER_PORT'],
          environ['PATH_INFO']), ('https', 'on', str(front.port), '/x'))
    front.process.stop()


CERTIFICATE = certificate()

if __name__ == '__main__':
    main(lambda: [log for front in FRONTS for log in front.logs])
