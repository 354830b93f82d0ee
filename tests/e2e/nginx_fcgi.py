"""wsgi-fcgi behind nginx: unix and TCP sockets, kept connections and one for each request."""

import collections
import concurrent.futures
import os
import signal
import time

import exchanges
from frontend import (Fcgi, Logs, Nginx, Work, connect, curl, free_port, has, has_not, main,
                      pattern, read_answer, request, same, send, test)

WORK = Work('nginx')
FILE = WORK.file('data', 'file.bin', text=pattern(3000001))
PYTHON = ['--python', '/usr/bin/python3', '-e', 'E2E_FILE=' + FILE]
UNIX = Fcgi(WORK, WORK.app('exchange.py'), '--threads', '4', *PYTHON)
TCP = Fcgi(WORK, WORK.app('exchange.py') + ':application', '--threads', '4', *PYTHON, tcp=True)
FRONTS = {
    'unix, kept': (Nginx(WORK, 'nginx-site.conf', UNIX.bind), UNIX, ''),
    'unix, not kept': (Nginx(WORK, 'nginx-plain.conf', UNIX.bind), UNIX, ''),
    'tcp, kept': (Nginx(WORK, 'nginx-site.conf', TCP.bind), TCP, ''),
    'tcp, not kept': (Nginx(WORK, 'nginx-plain.conf', TCP.bind), TCP, ''),
    'unix, streaming': (Nginx(WORK, 'nginx-stream.conf', UNIX.bind), UNIX, ''),
    'tcp, streaming': (Nginx(WORK, 'nginx-stream.conf', TCP.bind), TCP, ''),
    'below a prefix': (Nginx(WORK, 'nginx-mount.conf', UNIX.bind, MOUNT='/app'), UNIX, '/app'),
    'below a longer prefix': (Nginx(WORK, 'nginx-mount.conf', TCP.bind, MOUNT='/a.b/c'), TCP,
                              '/a.b/c'),
}
SITES = [exchanges.Site(name, front.port, prefix, front.logs() + server.logs())
         for name, (front, server, prefix) in FRONTS.items()]
KEPT, MOUNTED = SITES[0], SITES[6]
STREAMING = SITES[4:6]


class Pair:
    def __init__(self, check, site):
        self.check, self.site = check, site

    def __str__(self):
        return '%s: %s' % (self.site, self.check)


@test(each=[Pair(check, site) for site in SITES for check in exchanges.CHECKS])
def nginx(pair):
    pair.check.function(pair.site)


# nginx takes the end of a connection for the end of the response where fastcgi_keep_conn or
# fastcgi_buffering is off; a record that is none it takes for a failure everywhere. If that comes
# with the rest, in one read, nothing at all goes to the client: hence the pause before it.
@test(each=SITES)
def a_response_cut_by_an_exception_is_seen_as_cut_and_closed_once(site):
    logs = Logs(site.logs)
    answer = site.get('/cut?0.1')
    same((answer.status, answer.whole), (200, False))
    same(answer.body.strip(b'x'), b'')
    rc, out, err = curl('http://127.0.0.1:%d%s/cut?0.1' % (site.port, site.prefix))
    same(rc, 18, err)
    text = logs.wait('RuntimeError: cut in the middle')
    for i in range(50):
        text = logs.text()
        if text.count('LOG: closed') >= 2:
            break
        time.sleep(0.1)
    same((text.count('LOG: closed 1'), text.count('LOG: closed')), (2, 2))
    same(site.get('/chunks').whole, True)


@test(each=SITES)
def a_body_shorter_than_its_length_is_seen_as_cut(site):
    same(site.get('/short').whole, False)
    same(site.get('/chunks').body[:7], b'chunk 0')


@test(each=SITES)
def a_file_is_sent_whole(site):
    answer = site.get('/file')
    same(answer.header('Content-Length'), '3000001')
    same(answer.body == pattern(3000001), True)


@test(each=SITES)
def head_keeps_the_length(site):
    same(site.get('/length', method='HEAD').header('Content-Length'), '12')


def chunk_by_chunk(site, query=''):
    with connect(site.port) as s:
        send(s, 'GET', site.prefix + '/slowly' + query, [('Host', 'x'), ('Connection', 'close')])
        got, first = b'', None
        while True:
            data = s.recv(65536)
            if not data:
                break
            got += data
            if first is None and b'data: 0' in got:
                first = time.monotonic()
        has(got, b'data: 3')
        assert time.monotonic() - first > 0.9, 'the first chunk came with the last'


@test(each=STREAMING)
def a_response_is_sent_chunk_by_chunk(site):
    chunk_by_chunk(site)


@test(each=SITES[:4])
def a_response_that_asks_for_it_is_sent_chunk_by_chunk(site):
    chunk_by_chunk(site, '?now')


@test(each=STREAMING)
def an_upload_without_a_length_has_input_terminated(site):
    body = pattern(200000)
    pieces = [body[i:i + 9973] for i in range(0, len(body), 9973)]
    answer = site.get('/show', method='PUT', body=pieces, chunked=True)
    seen = answer.json()
    same(seen['body'].encode('latin-1') == body, True)
    same(seen['environ']['wsgi.input_terminated'], True)
    same(seen['environ'].get('CONTENT_LENGTH', ''), '')


@test(each=STREAMING)
def an_upload_is_read_while_it_comes(site):
    """The client waits for the server in mid-body only if somebody gathers it."""
    with connect(site.port) as s, s.makefile('rb') as f:
        piece = pattern(65536)
        s.sendall(b'POST /digest HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
                  b'Transfer-Encoding: chunked\r\n\r\n')
        for _ in range(640):
            s.sendall(b'10000\r\n%b\r\n' % piece)
        s.sendall(b'0\r\n\r\n')
        answer = read_answer(f, 'POST')
    same(answer.body.split()[0], b'%d' % (640 * 65536))


@test(each=SITES)
def many_requests_at_once_are_all_answered_rightly(site):
    def one(i):
        body = pattern(100 + i * 37, seed=i)
        answer = site.get('/echo', method='POST', body=body)
        return answer.status == 200 and answer.body == body
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        same(collections.Counter(pool.map(one, range(240))), {True: 240})


@test(each=SITES[:2])
def many_requests_on_one_connection_are_answered_in_order(site):
    with connect(site.port) as s, s.makefile('rb') as f:
        for i in range(150):
            body = b'%d' % i * (i * 20)
            send(s, 'POST', '/echo', [('Host', 'x')], body)
            same(read_answer(f).body, body)


@test
def more_slow_clients_than_threads_do_not_stop_the_others():
    slow = []
    try:
        for _ in range(20):
            s = connect(SITES[4].port)
            slow.append(s)
            s.sendall(b'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf')
        time.sleep(0.3)
        began = time.monotonic()
        same(SITES[4].get('/chunks').status, 200)
        assert time.monotonic() - began < 3
    finally:
        for s in slow:
            s.close()


@test
def a_client_that_leaves_in_mid_download_harms_nobody():
    site = SITES[4]
    for _ in range(10):
        with connect(site.port) as s:
            send(s, 'GET', '/large?50000000', [('Host', 'x')])
            s.recv(10000)
    same(site.get('/large?1000').body, bytes(range(256)) * 3 + bytes(range(232)))


@test
def a_mount_is_no_prefix_of_a_word():
    same([request(SITES[7].port, path).status for path in ('/a.b/c', '/aXb/c', '/a.b/cd')],
         [200, 404, 404])
    port = MOUNTED.port
    same(request(port, '/apple').status, 404)
    same(request(port, '/other').status, 404)
    for path, expected in [('/app', ''), ('/app/', '/'), ('/app/x', '/x'), ('/app?q', ''),
                           ('/%61pp/x', '/x'), ('/app%2Fx', '/x'), ('/app%0Ax', None),
                           ('/app/%0A', '/\n'), ('/app/app', '/app')]:
        answer = request(port, path)
        if expected is None:
            same(answer.status, 404, path)
        else:
            environ = answer.json()['environ']
            same((environ['SCRIPT_NAME'], environ['PATH_INFO']), ('/app', expected), path)


@test(each=['/app', ''])
def a_mount_by_the_option_does_with_the_parameters_of_nginx(mount):
    # Debian's fastcgi_params: no PATH_INFO, SCRIPT_NAME the whole path, no port in HTTP_HOST.
    server = Fcgi(WORK, WORK.app('exchange.py'), '--script-name', mount or '/', *PYTHON)
    front = Nginx(WORK, 'nginx-plain.conf', server.bind,
                  more=[('include wsgi_params', 'include /etc/nginx/fastcgi_params'),
                        ('fastcgi_split_path_info (?s)^()(.*)\\z;', '')])
    for sent, expected in [('/', '/'), ('/a%252Fb%2Fc%E9?q=%2F', '/a%2Fb/c\xe9'), ('/x/', '/x/')]:
        seen = request(front.port, mount + sent).json()['environ']
        same((seen['SCRIPT_NAME'], seen['PATH_INFO']), (mount, expected), sent)
    if mount:
        same(request(front.port, '/app').json()['environ']['PATH_INFO'], '')
        same(request(front.port, '/apple').status, 404)
        same(request(front.port, '/').status, 404)
    front.process.stop()
    server.stop()


@test
def nginx_puts_a_path_right_before_it_is_passed_on():
    # As wsgi-frontends(7) tells: dots resolved, slashes merged, %00 refused.
    for sent, expected in [('/a//b', '/a/b'), ('//a', '/a'), ('/a/../b', '/b'), ('/a/./b', '/a/b'),
                           ('/a%2F%2Fb', '/a/b'), ('/a/%2E%2E/b', '/b')]:
        seen = exchanges.show(KEPT, sent)['environ']
        same(seen['PATH_INFO'], expected, sent)
        same(seen['REQUEST_URI'], sent)
    for path in ('/%00', '/../x', '/a/../../x', '/%zz'):
        same(KEPT.get(path).status, 400, path)


@test(each=['mapped.example', 'mapped.example:81', '[::1]:8080'])
def the_host_is_what_the_client_sent(host):
    # A container's port or a balancer's is not the one that nginx listens on.
    with connect(KEPT.port) as s, s.makefile('rb') as f:
        s.sendall(b'GET /x HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' % host.encode())
        environ = read_answer(f).json()['environ']
    same(environ['HTTP_HOST'], host)
    same(environ['PATH_INFO'], '/x')


@test
def a_request_without_a_host_has_none():
    with connect(KEPT.port) as s, s.makefile('rb') as f:
        s.sendall(b'GET /x HTTP/1.0\r\n\r\n')
        environ = read_answer(f).json()['environ']
    same('HTTP_HOST' in environ, False)


@test
def the_environment_of_the_process_is_not_the_request():
    seen = exchanges.show(KEPT, '/?q', headers=[('Proxy', 'http://evil.example'), ('X-A', 'b')])
    for name in ('REQUEST_METHOD', 'PATH_INFO', 'HTTP_X_A', 'HTTP_PROXY', 'QUERY_STRING'):
        has_not(list(seen['os.environ']), name)
    same(seen['os.environ']['E2E_FILE'], FILE)
    same(seen['argv'], [WORK.app('exchange.py')])
    same(seen['path'][0], WORK.apps)


@test
def a_threaded_server_says_so():
    environ = exchanges.show(KEPT, '/')['environ']
    same([environ['wsgi.' + k] for k in ('run_once', 'multithread')], [False, True])


@test
def one_process_serves_all():
    pids = {exchanges.show(KEPT, '/')['pid'] for _ in range(10)}
    same((len(pids), UNIX.pid in pids), (1, False))


@test
def threads_serve_at_the_same_time():
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        same(list(pool.map(lambda i: KEPT.get('/slow?0.8').body, range(4))), [b'slept'] * 4)
    assert time.monotonic() - began < 2.4, 'one after the other'


@test
def a_unix_socket_is_open_to_the_group_of_its_owner_at_least():
    # Who may connect besides is its folder's to decide.
    same(oct(os.stat(UNIX.address).st_mode & 0o771), oct(0o660))


def term_in_flight(tcp):
    server = Fcgi(WORK, WORK.app('exchange.py'), '--threads', '2', *PYTHON, tcp=tcp)
    front = Nginx(WORK, 'nginx-site.conf', server.bind)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        same(request(front.port, '/chunks').status, 200)
        slow = [pool.submit(request, front.port, '/slow?1.5') for _ in range(2)]
        time.sleep(0.5)
        server.process.child.send_signal(signal.SIGTERM)
        same([s.result().body for s in slow], [b'slept'] * 2)
    same(server.process.child.wait(5), 0)
    same(request(front.port, '/chunks').status, 502)
    front.process.stop()
    if not tcp:
        same(os.path.exists(server.address), False, 'the socket file')


@test(each=['unix', 'tcp'])
def sigterm_finishes_what_is_in_flight_and_exits_0(kind):
    term_in_flight(kind == 'tcp')


@test
def sigterm_with_idle_kept_connections_exits_at_once():
    server = Fcgi(WORK, WORK.app('exchange.py'), *PYTHON)
    front = Nginx(WORK, 'nginx-site.conf', server.bind)
    same(request(front.port, '/chunks').status, 200)
    began = time.monotonic()
    same(server.stop(), 0)
    assert time.monotonic() - began < 2
    front.process.stop()


@test
def a_restarted_server_is_found_again_by_nginx():
    server = Fcgi(WORK, WORK.app('exchange.py'), *PYTHON)
    front = Nginx(WORK, 'nginx-site.conf', server.bind)
    same(request(front.port, '/chunks').status, 200)
    path = server.address
    server.stop()
    again = Fcgi(WORK, WORK.app('exchange.py'), *PYTHON)
    os.path.exists(path) and os.unlink(path)
    os.rename(again.address, path)
    same(request(front.port, '/chunks').status, 200)
    again.stop()
    front.process.stop()


@test
def a_socket_left_by_a_dead_server_is_taken_over():
    server = Fcgi(WORK, WORK.app('exchange.py'), *PYTHON)
    server.stop(number=signal.SIGKILL)
    same(os.path.exists(server.address), True)
    for _ in range(100):  # its workers end by themselves
        try:
            connect(server.address).close()
        except ConnectionRefusedError:
            break
        time.sleep(0.1)
    Fcgi.count -= 1
    again = Fcgi(WORK, WORK.app('exchange.py'), *PYTHON)
    same(again.bind, server.bind)
    same(again.stop(), 0)


@test(each=['unix', 'tcp'])
def spawn_fcgi_hands_over_the_socket_as_descriptor_0(kind):
    import subprocess
    address = (os.path.join(WORK.run, 'spawned.sock') if kind == 'unix'
               else ('127.0.0.1', free_port()))
    where = ['-s', address, '-M', '0666'] if kind == 'unix' else [
        '-a', address[0], '-p', str(address[1])]
    pid_file = os.path.join(WORK.path, 'spawned-%s.pid' % kind)
    log = open(os.path.join(WORK.path, 'spawned.log'), 'ab')
    spawn = subprocess.Popen(
        ['/usr/bin/spawn-fcgi', '-n', *where, '-P', pid_file, '--', WORK.program('wsgi-fcgi'),
         *PYTHON, WORK.app('exchange.py')], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        env={'PATH': '/usr/bin:/bin'})
    try:
        for _ in range(100):
            try:
                connect(address).close()
                break
            except OSError:
                time.sleep(0.1)
        backend = 'unix:' + address if kind == 'unix' else '%s:%d' % address
        front = Nginx(WORK, 'nginx-site.conf', backend)
        same(request(front.port, '/echo', method='POST', body=b'spawned').body, b'spawned')
        front.process.stop()
    finally:
        spawn.terminate()
        same(spawn.wait(10), 0)


if __name__ == '__main__':
    main(lambda: [log for front, server, _ in FRONTS.values() for log in front.logs()]
         + UNIX.logs() + TCP.logs())
