"""The exchanges that every front end must get right: one table, run against each of them.

A check takes a Site, where apps/exchange.py answers.
"""

import urllib.parse

from frontend import Logs, curl, has, has_not, pattern, request, same

CHECKS = []


class Site:
    """One way to an application: where it is mounted, and the logs on the way."""

    def __init__(self, name, port, prefix, logs):
        self.name, self.port, self.prefix, self.logs = name, port, prefix, logs

    def get(self, path, **more):
        return request(self.port, self.prefix + path, **more)

    def __str__(self):
        return self.name


class Check:
    def __init__(self, function):
        self.function = function
        CHECKS.append(self)

    def __str__(self):
        return self.function.__name__.replace('_', ' ')


def show(site, path, **more):
    answer = site.get(path, **more)
    same(answer.status, 200, repr(answer))
    return answer.json()


@Check
def the_request_reaches_environ(site):
    seen = show(site, '/a/b?x=1&y=%2f', headers=[('X-One', 'uno'), ('Cookie', 'a=1')])
    environ = seen['environ']
    same(seen['kind'], 'dict')
    same(environ['SCRIPT_NAME'], site.prefix)
    same(environ['PATH_INFO'], '/a/b')
    same(environ['QUERY_STRING'], 'x=1&y=%2f')
    same(environ['REQUEST_METHOD'], 'GET')
    same(environ['HTTP_X_ONE'], 'uno')
    same(environ['HTTP_COOKIE'], 'a=1')
    same(environ['SERVER_PORT'], str(site.port))
    same(environ['REMOTE_ADDR'], '127.0.0.1')
    same(environ['SERVER_PROTOCOL'], 'HTTP/1.1')
    same(environ['wsgi.url_scheme'], 'http')
    same(seen['body'], '')


@Check
def the_host_has_its_port(site):
    seen = show(site, '/', headers=[('Host', 'localhost:%d' % site.port)])
    same(seen['environ']['HTTP_HOST'], 'localhost:%d' % site.port)


@Check
def the_mount_alone_has_an_empty_path_or_a_slash(site):
    same(show(site, '/')['environ']['PATH_INFO'], '/')
    if site.prefix:
        seen = show(site, '')['environ']
        same((seen['SCRIPT_NAME'], seen.get('PATH_INFO', '')), (site.prefix, ''))


@Check
def a_path_is_decoded_once_and_its_bytes_kept(site):
    for sent, expected in [
            ('/caf%C3%A9', '/caf\xc3\xa9'), ('/%E9', '/\xe9'), ('/a%20b', '/a b'),
            ('/a+b', '/a+b'), ('/a%2Bb', '/a+b'), ('/a%2Fb', '/a/b'), ('/a%252Fb', '/a%2Fb'),
            ('/%25', '/%'), ('/a%3Fb', '/a?b'), ('/a%23b', '/a#b'), ('/a;v=1', '/a;v=1'),
            ('/a%26b', '/a&b'), ('/x/', '/x/'), ('/a%0Ab', '/a\nb'), ('/%7Euser', '/~user'),
            ('/a:b@c', '/a:b@c'), ("/'%22", "/'\""), ('/.hidden', '/.hidden'),
            ('/%FF%FE', '/\xff\xfe')]:
        seen = show(site, sent)['environ']
        same(seen['PATH_INFO'], expected, sent)
        same(seen['SCRIPT_NAME'], site.prefix, sent)


@Check
def a_query_is_never_decoded(site):
    for query in ['a=%2F&b=%252F', 'x=%E9', 'a+b', '=', '&&', 'q=%00', '-h', '--help', '--version',
                  '/etc/passwd', '-e+A=B', '--python+/bin/false', '--', '-', 'demo', 'a.so',
                  '%2d%2dhelp', '-h+-h', '@x', '*', '$(id)', '%60id%60']:
        seen = show(site, '/q?' + query)
        same(seen['environ']['QUERY_STRING'], query)


@Check
def a_query_without_a_path_is_no_option_either(site):
    # Without "=" a front end hands its words to the program as arguments (RFC 3875, 4.4).
    for query in ['-h', '--help', '--version', '/etc/passwd', '-e+A=B', '--python+/bin/false',
                  'demo', 'os:environ', '--', '-h+--help']:
        seen = show(site, '/?' + query)
        same(seen['environ']['QUERY_STRING'], query)
        if site.prefix:
            same(show(site, '?' + query)['environ']['QUERY_STRING'], query)


@Check
def a_body_arrives_byte_for_byte(site):
    for body in [b'', b'x', b'a=1&b=2', bytes(range(256)), b'\r\n\r\n\0\r\nStatus: 500\r\n\r\n',
                 pattern(65535), pattern(65536), pattern(1000003)]:
        answer = site.get('/echo', method='POST', body=body)
        same(answer.status, 200, repr(answer))
        same(len(answer.body), len(body))
        same(answer.body, body)


@Check
def a_posted_form_has_its_type_and_length(site):
    seen = show(site, '/form', method='POST', body=b'a=1&b=%20',
                headers=[('Content-Type', 'application/x-www-form-urlencoded')])
    same(seen['environ']['CONTENT_TYPE'], 'application/x-www-form-urlencoded')
    same(seen['environ']['CONTENT_LENGTH'], '9')
    same(seen['environ']['REQUEST_METHOD'], 'POST')
    same(seen['body'], 'a=1&b=%20')


@Check
def other_methods_pass(site):
    for method in ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']:
        same(show(site, '/m', method=method)['environ']['REQUEST_METHOD'], method)


@Check
def a_body_is_read_line_by_line(site):
    answer = site.get('/lines', method='POST', body=b'one\ntwo\n\nfour')
    same(answer.body, b"4 lines, the last b'four'")


@Check
def a_chunked_upload_arrives_whole(site):
    data = pattern(300001)
    url = 'http://127.0.0.1:%d%s/echo' % (site.port, site.prefix)
    rc, out, err = curl('-T', '-', '-H', 'Transfer-Encoding: chunked', url, data=data)
    same(rc, 0, err)
    same(len(out), len(data))
    same(out, data)


@Check
def an_empty_chunked_upload_is_an_empty_body(site):
    same(site.get('/echo', method='PUT', body=[], chunked=True).body, b'')


@Check
def a_body_that_nobody_reads_does_no_harm(site):
    # Under mod_cgid standard input and output are one socket: what is left unread there when the
    # program ends costs the response.
    for size in (100, 65536, 1 << 20):
        answer = site.get('/unread', method='POST', body=pattern(size))
        same((answer.status, answer.body), (200, b'not read'))


@Check
def head_has_the_headers_and_no_body(site):
    answer = site.get('/length', method='HEAD')
    same(answer.status, 200)
    # Apache 2.4.59 and later drop the length that a CGI program gives.
    same(answer.header('Content-Length') in ('12', None), True, repr(answer))
    same(site.get('/length').body, b'twelve bytes')
    same(site.get('/chunks', method='HEAD').status, 200)


@Check
def _204_and_304_have_no_body(site):
    for code in (204, 304):
        answer = site.get('/status/%d' % code)
        same((answer.status, answer.body), (code, b''))
        same(answer.header('X-Code'), str(code))
        same(answer.header('Content-Length') in (None, '0'), True, repr(answer))
    same(site.get('/status/304').header('ETag'), '"e"')


@Check
def a_status_keeps_its_number_and_reason(site):
    for code, line in [(201, '201 Made here'), (404, '404 Not Found'), (418, "418 I'm a teapot"),
                       (503, '503 Service Unavailable')]:
        answer = site.get('/status/%d' % code)
        same(answer.line.split(' ', 1)[1], line)
        same(answer.body, b'this is %d' % code)


@Check
def a_redirect_goes_to_the_client(site):
    answer = site.get('/redirect')
    same((answer.status, answer.body), (302, b'over there'))
    same(urllib.parse.urlsplit(answer.header('Location'))[2:4], ('/elsewhere', 'a=b'))
    answer = site.get('/away')
    same((answer.status, answer.header('Location')), (301, 'https://example.org/x'))


@Check
def several_cookies_stay_several_and_in_order(site):
    answer = site.get('/cookies', headers=[('Cookie', 'k=v; l="w"')])
    same(answer.all('Set-Cookie'), ['a=1; Path=/', 'b=2; HttpOnly',
                                    'c="x,y"; Expires=Wed, 09 Jun 2032 10:18:14 GMT'])
    same(answer.body, b'k=v; l="w"')


@Check
def a_generator_is_sent_whole(site):
    same(site.get('/chunks').body, b''.join(b'chunk %d\n' % i for i in range(5)))


@Check
def binary_bytes_are_not_touched(site):
    same(site.get('/binary').body, bytes(range(256)) * 17)


@Check
def write_and_the_iterable_come_in_order(site):
    same(site.get('/written').body, b'one two three')


@Check
def a_large_download_is_whole(site):
    size, block = 20000003, bytes(range(256)) * 1024
    got = [0, 0]

    def sink(data):
        at = got[0] % 256
        got[1] += data != (block * (len(data) // len(block) + 2))[at:at + len(data)]
        got[0] += len(data)
    answer = site.get('/large?%d' % size, sink=sink)
    same((answer.status, answer.whole, got), (200, True, [size, 0]))


@Check
def an_authorization_header_reaches_the_application(site):
    seen = show(site, '/', headers=[('Authorization', 'Basic dTpw')])
    same(seen['environ'].get('HTTP_AUTHORIZATION'), 'Basic dTpw')


@Check
def a_failure_is_a_500_and_its_traceback_goes_to_the_log_only(site):
    logs = Logs(site.logs)
    answer = site.get('/fail')
    same(answer.status, 500)
    same(answer.body, b'A server error occurred.  Please contact the administrator.')
    same(answer.header('Content-Type').split(';')[0], 'text/plain')
    log = logs.wait('RuntimeError: the secret of the traceback')
    has(log, 'Traceback (most recent call last)')
    has(log, 'in fail')


@Check
def print_and_wsgi_errors_go_to_the_log(site):
    logs = Logs(site.logs)
    answer = site.get('/log')
    same((answer.status, answer.body), (200, b'logged'))
    logs.wait('LOG: for wsgi.errors')
    logs.wait('LOG: printed')


@Check
def sys_exit_is_a_500(site):
    answer = site.get('/leave')
    same(answer.status, 500, repr(answer))
    same(show(site, '/')['environ']['PATH_INFO'], '/')


@Check
def the_proxy_header_is_not_in_the_environment_of_the_process(site):
    seen = show(site, '/', headers=[('Proxy', 'http://evil.example'), ('X-Mine', 'm')])
    has_not(list(seen['os.environ']), 'HTTP_PROXY')
