"""The cases that front ends get wrong: one table, run against each way through each of them.

A case asks one thing of a Front, where apps/exchange.py answers, and gives what came of it as a
value that can be compared. What must come stands in the table. Where a front end itself changes
something before we can see it, its Front names the case, what comes there, and why: that is checked
too, so that a new version which does otherwise is seen. Nothing is passed over in silence.
"""

import hashlib
import socket
import threading
import urllib.parse

import exchanges
from frontend import Logs, connect, pattern, read_answer, request, same, send

CASES = []


class Differs:
    """What comes of a case at a front end that does otherwise, and why."""

    def __init__(self, outcome, why):
        self.outcome, self.why = outcome, why


class Front(exchanges.Site):
    """One way to the application, and what is other there.

    differences: by the names of cases, a Differs each. scheme, context: for a site with TLS.
    """

    def __init__(self, name, port, prefix, logs, differences=None):
        super().__init__(name, port, prefix, logs)
        self.differences = differences or {}
        names = {case.name: case for case in CASES}
        for name, differs in self.differences.items():
            assert name in names, 'no case is named %r' % name
            assert differs.outcome != names[name].expected, '%s is no difference' % name
            assert differs.why, '%s: why?' % name


class Case:
    """ask(front) gives what came. mounted: only below a prefix is there such a thing."""

    def __init__(self, name, ask, expected, mounted=False):
        assert name not in {case.name for case in CASES}, name
        self.name, self.ask, self.expected, self.mounted = name, ask, expected, mounted
        CASES.append(self)

    def run(self, front):
        differs = front.differences.get(self.name)
        got = self.ask(front)
        if differs is None:
            same(got, self.expected)
        else:
            same(got, differs.outcome, 'differs as ever (%s)' % differs.why)


class Pair:
    def __init__(self, case, front):
        self.case, self.front = case, front

    def run(self):
        self.case.run(self.front)

    def __str__(self):
        return '%s: %s' % (self.front, self.case.name)


def pairs(fronts):
    """Every case at every front that it concerns, for test(each=...)."""
    return [Pair(case, front) for front in fronts for case in CASES
            if front.prefix or not case.mounted]


def case(expected, **more):
    """A function of a front that gives what came is a case; its name is a sentence."""
    def add(function):
        Case(function.__name__.strip('_').replace('_', ' '), function, expected, **more)
        return function
    return add


# Paths: as the application must see them.

def path_seen(front, sent):
    """PATH_INFO; the status when there is no 200; all of it when the rest is not right."""
    answer = front.get(sent)
    if answer.status != 200:
        return answer.status
    environ = answer.json()['environ']
    seen = [environ.get(name) for name in ('SCRIPT_NAME', 'PATH_INFO', 'REQUEST_URI')]
    right = seen[0] == front.prefix and seen[2] == front.prefix + sent
    return seen[1] if right else tuple(seen)


def add_path(name, sent, expected, **more):
    Case('path: ' + name, lambda front: path_seen(front, sent), expected, **more)


LONG = '/' + 'long/' * 1000 + 'end'

for row in [
        ('a slash', '/', '/'), ('a word', '/x', '/x'), ('a slash at the end', '/x/', '/x/'),
        ('deep', '/a/b/c.d/e', '/a/b/c.d/e'), ('like a file', '/x.php/y.py', '/x.php/y.py'),
        ('an encoded letter', '/%61b', '/ab'), ('an encoded slash', '/a%2Fb', '/a/b'),
        ('encoded in small letters', '/a%2fb', '/a/b'),
        ('encoded twice', '/a%252Fb', '/a%2Fb'), ('a byte that is no UTF-8', '/%E9', '/\xe9'),
        ('bytes FF and FE', '/%FF%FE', '/\xff\xfe'), ('a NUL', '/a%00b', '/a\0b'),
        ('UTF-8, encoded', '/caf%C3%A9', '/caf\xc3\xa9'),
        ('UTF-8, as it is', '/caf\xc3\xa9', '/caf\xc3\xa9'),
        ('a line feed', '/a%0Ab', '/a\nb'), ('CR and LF', '/a%0D%0Ab', '/a\r\nb'),
        ('an encoded percent sign', '/%25', '/%'), ('an encoded question mark', '/a%3Fb', '/a?b'),
        ('an encoded hash', '/a%23b', '/a#b'), ('an encoded space', '/a%20b', '/a b'),
        ('a plus sign', '/a+b', '/a+b'), ('an encoded plus sign', '/a%2Bb', '/a+b'),
        ('a semicolon', '/a;v=1/b', '/a;v=1/b'), ('colon, at and comma', '/a:b@c,d', '/a:b@c,d'),
        ('quotes', "/'%22", "/'\""), ('a backslash', '/a%5Cb', '/a\\b'),
        ('brackets', '/%5Ba%5D', '/[a]'), ('a tilde', '/~user', '/~user'),
        ('a hidden name', '/.hidden', '/.hidden'), ('dots in a name', '/a..b/...', '/a..b/...'),
        ('two slashes', '/a//b', '/a//b'), ('two slashes at the front', '//a', '//a'),
        ('two slashes at the end', '/a//', '/a//'),
        ('a dot', '/a/./b', '/a/./b'), ('two dots', '/a/../b', '/a/../b'),
        ('two dots, encoded', '/a/%2E%2E/b', '/a/../b'),
        ('very long', LONG, LONG)]:
    add_path(*row)

add_path('the mount alone', '', '', mounted=True)
add_path('the mount, below itself', '/app/app', '/app/app')
add_path('two slashes below the mount', '//', '//', mounted=True)


@case([404, 404], mounted=True)
def path_a_longer_word_is_not_below_the_mount(front):
    return [front.get('le').status, front.get('le/x').status]


@case(404, mounted=True)
def path_what_is_beside_the_mount_is_not_ours(front):
    return request(front.port, '/other').status


# Queries: never decoded.

def query_seen(front, path, query):
    answer = front.get(path + query)
    if answer.status != 200:
        return answer.status
    environ = answer.json()['environ']
    if environ['REQUEST_URI'] != front.prefix + path + query:
        return environ['QUERY_STRING'], environ['REQUEST_URI']
    return environ['QUERY_STRING']


def add_query(name, query, expected, path='/q', **more):
    Case('query: ' + name, lambda front: query_seen(front, path, query), expected, **more)


for row in [
        ('none', '', ''), ('a question mark alone', '?', ''), ('of a pair', '?a=b', 'a=b'),
        ('escapes stay', '?a=%2F&b=%252F%E9', 'a=%2F&b=%252F%E9'), ('a NUL', '?q=%00', 'q=%00'),
        ('CR and LF', '?q=%0D%0AX:y', 'q=%0D%0AX:y'), ('plus signs', '?a+b', 'a+b'),
        ('question marks in it', '?a?b=/c?', 'a?b=/c?'), ('slashes', '?/a//b/../c', '/a//b/../c'),
        ('an option', '?--help+-h', '--help+-h'), ('empty pairs', '?&&=', '&&='),
        ('bytes as they are', '?\xc3\xa9', '\xc3\xa9'), ('brackets', '?a[]=1', 'a[]=1'),
        ('very long', '?' + 'q' * 6000, 'q' * 6000)]:
    add_query(*row)
add_query('at the root', '?a=%2F', 'a=%2F', path='/')
add_query('at the mount alone', '?a=%2F', 'a=%2F', path='', mounted=True)


# Methods.

def environ_of(front, path='/', **more):
    answer = front.get(path, **more)
    same(answer.status, 200, repr(answer))
    return answer.json()['environ']


def method_seen(front, method):
    body = None if method in ('GET', 'HEAD', 'DELETE', 'OPTIONS') else b''
    return front.get('/method', method=method, body=body).header('X-Method')


for method in ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'MKCOL', 'REPORT',
               'QUERY']:
    Case('method: ' + method, lambda front, method=method: method_seen(front, method), method)


@case(('HEAD', 200, '12', b''))
def method_HEAD_is_seen_and_keeps_the_length(front):
    answer = front.get('/length', method='HEAD')
    return method_seen(front, 'HEAD'), answer.status, answer.header('Content-Length'), answer.body


@case(413)
def method_HEAD_keeps_a_status(front):
    return front.get('/status/413?Too%20much', method='HEAD').status


# The headers of a request.

def variables_of(front, headers, *names, **more):
    environ = environ_of(front, headers=headers, **more)
    return [environ.get(name) for name in names]


@case(['uno'])
def header_of_a_request_is_seen(front):
    return variables_of(front, [('x-oNe', 'uno')], 'HTTP_X_ONE')


@case(['a, b'])
def header_that_is_repeated_is_joined(front):
    return variables_of(front, [('X-Two', 'a'), ('X-Two', 'b')], 'HTTP_X_TWO')


@case(['a=1; b=2'])
def header_Cookie_is_seen(front):
    return variables_of(front, [('Cookie', 'a=1; b=2')], 'HTTP_COOKIE')


@case(['good'])
def header_with_an_underscore_does_not_pass_for_one_with_a_dash(front):
    """Where the dash's is sent, too: X_User must not stand in for X-User."""
    return variables_of(front, [('X-User', 'good'), ('X_User', 'evil')], 'HTTP_X_USER')


@case([None])
def header_with_an_underscore_alone_is_dropped(front):
    return variables_of(front, [('X_User', 'evil')], 'HTTP_X_USER')


@case(['Basic dTpw'])
def header_Authorization_is_seen(front):
    return variables_of(front, [('Authorization', 'Basic dTpw')], 'HTTP_AUTHORIZATION')


@case(['text/x-a; b="c"', '3', None, None])
def header_Content_Type_and_Content_Length_have_names_of_their_own(front):
    return variables_of(front, [('Content-Type', 'text/x-a; b="c"')], 'CONTENT_TYPE',
                        'CONTENT_LENGTH', 'HTTP_CONTENT_TYPE', 'HTTP_CONTENT_LENGTH',
                        path='/', method='POST', body=b'abc')


@case((True, True))
def header_Content_Type_that_is_not_there_is_empty(front):
    content_type, length = variables_of(front, [], 'CONTENT_TYPE', 'CONTENT_LENGTH')
    return content_type in (None, ''), length in (None, '', '0')


@case([''])
def header_Content_Type_of_an_upload_that_has_none_is_empty(front):
    return [value or '' for value in variables_of(front, [], 'CONTENT_TYPE', method='POST',
                                                  body=b'abc')]


@case(['caf\xc3\xa9 \xe9', 'a "b", c; d=\\e'])
def header_values_are_bytes(front):
    return variables_of(front, [('X-Bytes', 'caf\xc3\xa9 \xe9'), ('X-Marks', 'a "b", c; d=\\e')],
                        'HTTP_X_BYTES', 'HTTP_X_MARKS')


@case(['v' * 6000])
def header_that_is_long_is_seen(front):
    return variables_of(front, [('X-Long', 'v' * 6000)], 'HTTP_X_LONG')


@case(40)
def headers_that_are_many_are_seen(front):
    environ = environ_of(front, headers=[('X-Many-%d' % i, str(i)) for i in range(40)])
    return sum(environ.get('HTTP_X_MANY_%d' % i) == str(i) for i in range(40))


@case(False)
def header_Proxy_is_not_in_the_environment_of_the_process(front):
    seen = exchanges.show(front, '/', headers=[('Proxy', 'http://evil.example')])
    return 'HTTP_PROXY' in seen['os.environ'] or 'http_proxy' in seen['os.environ']


@case(['application.example:8081'])
def header_Host_is_what_the_client_sent(front):
    return variables_of(front, [('Host', 'application.example:8081')], 'HTTP_HOST')


# Who asks, and where.

@case(['127.0.0.1', 'HTTP/1.1', 'http', None])
def client_address_protocol_and_scheme(front):
    return variables_of(front, [], 'REMOTE_ADDR', 'SERVER_PROTOCOL', 'wsgi.url_scheme', 'HTTPS')


@case(['127.0.0.1', 'http', None])
def client_cannot_claim_an_address_a_scheme_or_a_user(front):
    address, scheme, user = variables_of(front, [
        ('X-Forwarded-For', '192.0.2.1'), ('X-Forwarded-Proto', 'https'), ('Remote-User', 'root'),
        ('Forwarded', 'for=192.0.2.1;proto=https'), ('Remote-Addr', '192.0.2.1'), ('Https', 'on'),
    ], 'REMOTE_ADDR', 'wsgi.url_scheme', 'REMOTE_USER')
    return [address, scheme, user or None]


@case(True)
def client_port_is_seen(front):
    with connect(front.port) as s, s.makefile('rb') as f:
        send(s, 'GET', front.prefix + '/', [('Connection', 'close')])
        environ = read_answer(f).json()['environ']
        return environ.get('REMOTE_PORT') == str(s.getsockname()[1])


@case((True, True))
def server_name_and_port_are_seen(front):
    """PEP 3333 wants both; the port is the one that the client came to."""
    environ = environ_of(front)
    return bool(environ.get('SERVER_NAME')), environ.get('SERVER_PORT') == str(front.port)


# Uploads.

def uploaded(front, data, **more):
    """Whether the application got exactly these bytes; else what was said."""
    try:
        answer = front.get('/digest', method='POST', **more)
    except (BrokenPipeError, ConnectionResetError):
        return 'refused'
    if answer.status in (400, 411, 413):
        return 'refused'
    wanted = b'%d %s' % (len(data), hashlib.sha256(data).hexdigest().encode())
    return True if (answer.status, answer.body) == (200, wanted) else (answer.status, answer.body)


def pieces(data, size):
    return [data[i:i + size] for i in range(0, len(data), size)]


for name, size in [('nothing', 0), ('a byte', 1), ('100 kB', 100000), ('20 MB', 20000003)]:
    Case('upload: %s' % name, lambda front, size=size: (
        lambda data: uploaded(front, data, body=data))(pattern(size)), True)
for name, size in [('nothing', 0), ('a byte', 1), ('300 kB', 300001), ('3 MB', 3000001)]:
    Case('upload without a length: %s' % name, lambda front, size=size: (
        lambda data: uploaded(front, data, body=pieces(data, 9973), chunked=True))(pattern(size)),
        True)


@case(True)
def upload_without_a_length_is_known_to_end(front):
    """By a length that the front end found, or by wsgi.input_terminated."""
    environ = environ_of(front, method='PUT', body=[b'abc', b'def'], chunked=True)
    if environ.get('CONTENT_LENGTH'):
        return environ['CONTENT_LENGTH'] == '6'
    return environ.get('wsgi.input_terminated')


@case([(200, b'not read')] * 3)
def upload_that_nobody_reads_does_no_harm(front):
    """The client reads while it sends, as it should (RFC 9112, 9.5)."""
    got = []
    for size in (100, 65536, 1 << 20):
        with connect(front.port) as s, s.makefile('rb') as f:
            sender = threading.Thread(target=send_what_is_wanted, args=(
                s, front.prefix + '/unread', pattern(size)))
            sender.start()
            answer = read_answer(f, 'POST')
            s.shutdown(socket.SHUT_RDWR)
            sender.join()
        got.append((answer.status, answer.body))
    return got


def send_what_is_wanted(s, path, body):
    try:
        send(s, 'POST', path, [], body)
    except OSError:
        pass  # the answer came before


@case((200, b'waited'))
def upload_with_Expect_is_asked_for(front):
    with connect(front.port) as s, s.makefile('rb') as f:
        s.sendall(b'POST %b/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
                  b'Expect: 100-continue\r\nContent-Length: 6\r\n\r\n' % front.prefix.encode())
        line = f.readline()
        same(line[:12], b'HTTP/1.1 100')
        while f.readline().strip():
            pass
        s.sendall(b'waited')
        answer = read_answer(f)
        return answer.status, answer.body


# Responses.

@case((200, b'', True))
def response_that_is_empty(front):
    answer = front.get('/empty')
    return answer.status, answer.body, answer.whole


@case((200, b'twelve bytes', '12'))
def response_that_is_small_has_its_length(front):
    answer = front.get('/length')
    return answer.status, answer.body, answer.header('Content-Length')


@case((200, True, 20000003, True))
def response_of_20_MB_without_a_length(front):
    h = hashlib.sha256()
    size = [0]

    def sink(data):
        size[0] += len(data)
        h.update(data)
    answer = front.get('/large?20000003', sink=sink)
    wanted = (bytes(range(256)) * (20000003 // 256 + 1))[:20000003]
    return (answer.status, answer.whole, size[0],
            h.digest() == hashlib.sha256(wanted).digest())


@case((200, True, '3000001', True))
def response_by_the_file_wrapper(front):
    """E2E_FILE of the application is pattern(3000001)."""
    answer = front.get('/file')
    return (answer.status, answer.whole, answer.header('Content-Length'),
            answer.body == pattern(3000001))


@case([(204, '204', b''), (304, '304', b'')])
def response_204_and_304_have_no_body(front):
    got = []
    for code in (204, 304):
        answer = front.get('/status/%d' % code)
        got.append((answer.status, answer.header('X-Code'), answer.body))
    return got


@case([(302, '/elsewhere?a=b', b'over there'), (301, 'https://example.org/x', b'far away')])
def response_that_redirects_goes_to_the_client(front):
    """Not to the front end (RFC 3875, 6.2.2), for it has a status."""
    got = []
    for path in ('/redirect', '/away'):
        answer = front.get(path)
        where = urllib.parse.urlsplit(answer.header('Location') or '')
        if where.hostname in ('localhost', '127.0.0.1'):
            where = where._replace(scheme='', netloc='')
        got.append((answer.status, where.geturl(), answer.body))
    return got


for line in ['201 Made here', '299 Fine, thanks: a b', '404 Gone fishing', "418 I'm a teapot",
             '503 Not now', '599 Own']:
    Case('status: ' + line, lambda front, line=line: (
        lambda answer: (answer.line.partition(' ')[2], answer.body))(
            front.get('/status/%s?%s' % (line[:3], urllib.parse.quote(line[4:])))),
        (line, b'this is ' + line[:3].encode()))


@case([401, 403, 404, 500, 502, 503])
def status_of_an_error_is_the_applications_with_its_own_body(front):
    got = []
    for code in (401, 403, 404, 500, 502, 503):
        answer = front.get('/status/%d?Own' % code)
        got.append(code if (answer.status, answer.body) == (code, b'this is %d' % code)
                   else (code, answer.status, answer.body))
    return got


@case((['n%d=%s; Path=/' % (i, 'v' * 40) for i in range(60)], b'60'))
def response_with_60_cookies_has_them_all_in_order(front):
    answer = front.get('/bakery?60')
    return answer.all('Set-Cookie'), answer.body


@case(8000)
def response_with_a_header_of_8_kB(front):
    return len(front.get('/wide?8000').header('X-Wide') or '')


@case(60000)
def response_with_a_header_of_60_kB(front):
    return len(front.get('/wide?60000').header('X-Wide') or '')


@case(['first', 'second'])
def response_header_that_is_repeated_stays(front):
    return front.get('/repeated').all('X-Repeated')


@case(b'')
def response_head_ends_where_it_ends(front):
    """Bytes of the body that look like a header or a response are the body's."""
    answer = front.get('/tricky')
    return answer.body.replace(b'\r\n\r\nHTTP/1.1 200 OK\r\nX-Evil: yes\r\n\r\nStatus: 500\r\n\r\n',
                               b'')


# What fails.

@case((500, b'A server error occurred.  Please contact the administrator.'))
def failure_is_a_500(front):
    answer = front.get('/fail')
    return answer.status, answer.body


@case(True)
def failure_is_in_a_log(front):
    """The front end's, to which FastCGI sends it; or that of wsgi-fcgi."""
    logs = Logs(front.logs)
    front.get('/fail')
    try:
        return 'Traceback' in logs.wait('RuntimeError: the secret of the traceback', 2)
    except AssertionError:
        return False


def cut(front, path):
    """Whether a response that ends too early can be told from a whole one."""
    answer = front.get(path)
    return (answer.status, 'whole' if answer.whole else 'cut') if answer.status == 200 else (
        answer.status, '')


@case((200, 'cut'))
def failure_in_mid_response_is_seen_by_the_client(front):
    """It fails after the front end has passed on what came before."""
    logs = Logs(front.logs)
    got = cut(front, '/cut?0.2')
    logs.wait('LOG: closed 1')
    return got


@case((200, 'cut'))
def failure_to_send_all_of_the_length_is_seen_by_the_client(front):
    return cut(front, '/short')


# Connections.

@case([b'%d' % i * (i * 20) for i in range(60)])
def connection_of_a_client_is_kept_and_its_requests_stay_apart(front):
    got = []
    with connect(front.port) as s, s.makefile('rb') as f:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(60):
            send(s, 'POST', front.prefix + '/echo', [], b'%d' % i * (i * 20))
            got.append(read_answer(f).body)
    return got


@case([b'not read', b'after'] * 10)
def connection_is_kept_after_an_upload_that_nobody_reads(front):
    got = []
    with connect(front.port) as s, s.makefile('rb') as f:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(10):
            send(s, 'POST', front.prefix + '/unread', [], pattern(1000))
            got.append(read_answer(f).body)
            send(s, 'POST', front.prefix + '/echo', [], b'after')
            got.append(read_answer(f).body)
    return got


@case((1, 'LOG: endless ended', 200))
def client_that_leaves_in_mid_download_ends_the_iteration(front):
    logs = Logs(front.logs)
    with connect(front.port) as s:
        send(s, 'GET', front.prefix + '/endless')
        s.recv(100000)
    text = logs.wait('LOG: endless ended', 10)
    return text.count('LOG: endless ended'), 'LOG: endless ended', front.get('/chunks').status


@case([200, 200, 200])
def client_that_leaves_in_mid_upload_harms_nobody(front):
    got = []
    for _ in range(3):
        with connect(front.port) as s:
            s.sendall(b'POST %b/digest HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n%b'
                      % (front.prefix.encode(), b'x' * 100000))
        got.append(front.get('/chunks').status)
    return got
