"""The example of a handler of one's own, an SCGI server: behind nginx, and by hand."""

import os
import socket

from frontend import (BUILD, Logs, Nginx, Process, Work, connect, has, has_not, main, pattern,
                      request, same, test)

SITE = '''\
server {
	listen @LISTEN@;
	client_max_body_size 0;
	location / {
		include /etc/nginx/scgi_params;
		scgi_param SCRIPT_NAME "";
		scgi_param PATH_INFO $uri;
		scgi_pass @BACKEND@;
	}
}
'''
LARGE = pattern(20000001)


class Scgi:
    """The example with an application, its socket given to it as standard input."""

    def __init__(self, work, name, application):
        self.address = os.path.join(work.run, name + '.sock')
        self.log = os.path.join(work.path, name + '.log')
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.address)
            os.chmod(self.address, 0o666)
            listener.listen(64)
            fd = listener.fileno()
            self.process = Process(['/bin/sh', '-c', 'exec "$0" "$1" <&%d' % fd,
                                    os.path.join(BUILD, 'examples', 'scgi'), application],
                                   self.log, as_web_user=False, pass_fds=[fd])
        self.front = Nginx(work, work.file(name + '.conf', text=SITE), 'unix:' + self.address)

    def send(self, data):
        """All that comes back when the client sends data and has nothing more to say."""
        with connect(self.address) as s, s.makefile('rb') as f:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            return f.read()

    def logs(self):
        return [self.log] + self.front.logs()


WORK = Work('scgi')
ENVIRON = Scgi(WORK, 'environ', os.path.join(BUILD, 'examples', 'env_dump.so'))
ECHO = Scgi(WORK, 'echo', WORK.native('in_echo.so'))


def head(*variables, length=0):
    """The netstring of a request's variables."""
    text = b''.join(b'%s\0%s\0' % pair for pair in
                    ((b'CONTENT_LENGTH', b'%d' % length), (b'SCGI', b'1')) + variables)
    return b'%d:%s,' % (len(text), text)


GET = head((b'REQUEST_METHOD', b'GET'), (b'PATH_INFO', b'/by/hand'))
FAILED = b'Status: 500 Internal Server Error\r\n'


# Behind nginx.

@test
def a_page_by_get():
    answer = request(ENVIRON.front.port, '/a%20b?q=1', headers=[('X-Seen', 'yes')])
    same(answer.status, 200)
    lines = answer.body.decode().split('\n')
    for line in ('REQUEST_METHOD: GET', 'PATH_INFO: /a b', 'QUERY_STRING: q=1', 'SCRIPT_NAME: ',
                 'HTTP_X_SEEN: yes', 'SCGI: 1', 'CONTENT_LENGTH: 0'):
        has(lines, line)
    same(answer.header('Content-Type'), 'text/plain; charset=utf-8')


@test
def the_same_headers_and_no_body_by_head():
    get, answer = (request(ENVIRON.front.port, '/', method) for method in ('GET', 'HEAD'))
    same((answer.status, answer.body), (200, b''))
    # HEAD is a letter longer than GET.
    same(int(answer.header('Content-Length')), int(get.header('Content-Length')) + 1)


@test(each=[1, 8192, 1000000, len(LARGE)])
def a_body_by_post(length):
    answer = request(ECHO.front.port, '/', 'POST', body=LARGE[:length])
    same((answer.status, answer.whole), (200, True))
    same(answer.body, LARGE[:length])


@test
def a_body_that_nobody_reads_does_no_harm():
    logs = Logs(ENVIRON.logs())
    answer = request(ENVIRON.front.port, '/', 'POST', body=LARGE)
    same(answer.status, 200)
    has(answer.body.decode(), 'CONTENT_LENGTH: %d\n' % len(LARGE))
    has_not(logs.text(), 'reset')


@test
def one_request_after_another():
    for i in range(200):
        answer = request(ENVIRON.front.port, '/%d' % i)
        has(answer.body.decode(), 'PATH_INFO: /%d\n' % i)


# By hand.

@test
def a_response_is_that_of_cgi():
    answer = ENVIRON.send(GET)
    first, _, body = answer.partition(b'\r\n\r\n')
    same(first.split(b'\r\n'), [b'Status: 200 OK', b'Content-Type: text/plain; charset=utf-8',
                                b'Content-Length: %d' % len(body)])
    has(body, b'PATH_INFO: /by/hand\n')


@test
def what_comes_behind_the_body_is_not_read():
    same(ECHO.send(head((b'REQUEST_METHOD', b'POST'), length=5) + b'hello' + b'more')[-9:],
         b'\r\n\r\nhello')


@test
def a_head_may_come_in_pieces():
    with connect(ENVIRON.address) as s, s.makefile('rb') as f:
        for i in range(len(GET)):
            s.sendall(GET[i:i + 1])
        s.shutdown(socket.SHUT_WR)
        has(f.read(), b'PATH_INFO: /by/hand\n')


@test
def a_value_may_hold_any_byte_but_nul():
    value = bytes(range(1, 256))
    has(ENVIRON.send(head((b'X', value))), b'X: ' + value + b'\n')


@test
def a_client_that_leaves_does_no_harm():
    logs = Logs([ECHO.log])
    with connect(ECHO.address) as s:
        s.sendall(head(length=len(LARGE)) + LARGE[:100000])
    same(ECHO.send(head(length=2) + b'ok')[-2:], b'ok')
    same(logs.text(), '')


@test
def the_largest_head():
    frame = len(head((b'X', b''))) - len(b'00:,')
    has(ENVIRON.send(head((b'X', b'y' * (65535 - frame)))), b'Status: 200 OK\r\n')
    has(ENVIRON.send(head((b'X', b'y' * (65536 - frame)))), FAILED)


MALFORMED = {
    'nothing': b'',
    'no length': b':,',
    'no number': b'abc:def,',
    'negative': b'-1:x,',
    'a blank': b' 5:a\0b\0,',
    'empty': b'0:,',
    'no colon': b'5',
    'HTTP': b'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    'no comma': GET[:-1] + b';',
    'no end': GET[:-1],
    'cut': GET[:20],
    'too large': b'70000:' + b'x' * 70000 + b',',
    'a length that would overflow': b'18446744073709551617:x,',
    'digits without end': b'1' * 100000,
    'no value': b'2:a\0,',
    'no NUL at the end': b'3:a\0b,',
    'one value too few': b'6:a\0b\0c\0,',
    'no name': b'5:\0a\0b\0,',
    'an empty name': b'6:a\0b\0\0\0,',
}


@test(each=sorted(MALFORMED))
def a_malformed_head_is_refused_without_harm(name):
    logs = Logs([ENVIRON.log])
    answer = ENVIRON.send(MALFORMED[name])
    has(answer, FAILED)
    has_not(answer, b'200 OK')
    logs.wait("the request's environ cannot be built: ")
    has(ENVIRON.send(GET), b'Status: 200 OK\r\n')
    same(ENVIRON.process.child.poll(), None)


if __name__ == '__main__':
    main(lambda: ENVIRON.logs() + ECHO.logs())
