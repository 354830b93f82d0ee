"""wsgi-iis.exe by an emulated IIS launch: requests and responses, the table of cases.

The applications are those of tests/apps, as DLLs. Where a response does not depend on the system,
that of wsgi-iis on POSIX is the one expected; it is compared with CPython's wsgiref elsewhere.
"""

import dataclasses
import hashlib
import time
import urllib.parse
from unittest import mock
from wsgiref.handlers import IISCGIHandler

import iis_launch
from iis_launch import Request
from iis_site import PREFIX, PROGRAM, ROOT, SITE, application, ask, by_posix

from frontend import has, has_not, main, pattern, same, test

for name in ('answers', 'breaks', 'close_once', 'crash', 'echo', 'env_hex', 'fail', 'in_digest',
             'in_echo', 'prints', 'stream'):
    application(name)
JAPAN = dataclasses.replace(SITE, codepage='cp932')
BY_CODEPAGE = {'cp1252': SITE, 'cp932': JAPAN}
NAMED = dataclasses.replace(SITE, mapping='%s %s "%%s"' % (PROGRAM, application('env_hex')))


def quote(text):
    return urllib.parse.quote(text, errors='surrogatepass').encode()


def environ(target, site=SITE, **request):
    return ask(target, site, **request).environ()


# Text: what the client's bytes become, and that the application gets them back.

NAMES = ['é', '日本', '\U0001f600', 'a b', 'x%y', "it's", 'ünï&co', 'a;b', '(1)', 'E\u0301', '+',
         '#', '[x]', '^', '{', '\u00ad-s', 'ﬀ', '\u2215', '．', 'ソ', 'é日\U0001f600']


@test(each=NAMES)
def an_application_may_have_any_name(name):
    for site in (SITE, JAPAN):
        application('env_hex', '%s\\%s\\%s.dll' % (ROOT, name, name))
        script = '/%s/%s.dll' % (name, name)
        seen = environ(quote(script) + b'/x', site)
        same(seen['SCRIPT_NAME'], script.encode())
        same(seen['PATH_INFO'], b'/x')


@test(each=['cp1252', 'cp932'])
def a_folder_named_in_any_letters_may_be_the_root(codepage):
    root = 'C:\\wéb 日\U0001f600'
    application('env_hex', root + '\\x.dll')
    site = dataclasses.replace(BY_CODEPAGE[codepage], root=root,
                               mapping='%s --root "%s" "%%s"' % (PROGRAM, root))
    same(environ('/x.dll', site)['SCRIPT_NAME'], b'/x.dll')


# The bytes of a path behind the script, what the application sees of them: by wsgiref they are
# UTF-8 on IIS, whichever way IIS has taken to make text of them.
PATHS = [
    # claim, path as sent, seen under 1252, seen under 932 (None: the same)
    ('ascii', b'/a/b', b'/a/b', None),
    ('e acute', b'/%C3%A9', b'/\xc3\xa9', None),
    ('kanji', b'/%E6%97%A5', b'/\xe6\x97\xa5', None),
    ('beyond the BMP', b'/%F0%9F%98%80', b'/\xf0\x9f\x98\x80', None),
    ('not escaped', b'/\xc3\xa9', b'/\xc3\xa9', None),
    ('a decomposed letter stays so', b'/e%CC%81', b'/e\xcc\x81', None),
    ('a percent sign', b'/%25C3', b'/%C3', None),
    ('a byte of latin-1', b'/%E9x', b'/\xc3\xa9x', '/騙'.encode()),
    ('a byte that 1252 has not', b'/%81', b'/\xc2\x81', b'/\xe3\x83\xbb'),
    ('bytes of 932', b'/%93%FA', '/“ú'.encode(), '/日'.encode()),
    ('a trail byte that is a backslash', b'/%83%5C', b'/\xc6\x92\\', b'/\xe3\x82\xbd'),
    ('an overlong slash', b'/%C0%AFx', b'/\xc3\x80\xc2\xafx', None),
    ('a surrogate as bytes', b'/%ED%A0%80', '/í\u00a0€'.encode(), None),
    ('a high surrogate alone', b'/%uD800x', b'/\xed\xa0\x80x', None),
    ('a low surrogate alone', b'/%uDC00', b'/\xed\xb0\x80', None),
    ('halves in the wrong order', b'/%uDC00%uD800', b'/\xed\xb0\x80\xed\xa0\x80', None),
    ('two halves are one character', b'/%uD83D%uDE00', b'/\xf0\x9f\x98\x80', None),
    ('the last of Unicode', b'/%F4%8F%BF%BF', b'/\xf4\x8f\xbf\xbf', None),
    ('not a character', b'/%EF%BF%BE%EF%BF%BF', b'/\xef\xbf\xbe\xef\xbf\xbf', None),
    ('a replacement character', b'/%EF%BF%BD', b'/\xef\xbf\xbd', None),
    ('control characters', b'/%01%7F%0D%0A', b'/\x01\x7f\r\n', None),
]
# Bytes that differ between the code pages, where the table says "the same": not so.
PATHS = [row for row in PATHS if row[0] not in ('an overlong slash', 'a surrogate as bytes')] + [
    ('an overlong slash', b'/%C0%AFx', b'/\xc3\x80\xc2\xafx', '/ﾀｯx'.encode()),
    ('a surrogate as bytes', b'/%ED%A0%80', '/í\u00a0€'.encode(), None)]


@test(each=[(row[0], page) for row in PATHS for page in BY_CODEPAGE])
def a_path_is_utf_8_to_the_application(given):
    claim, codepage = given
    _, sent, western, japanese = [row for row in PATHS if row[0] == claim][0]
    site = BY_CODEPAGE[codepage]
    if japanese is None and codepage == 'cp932':
        japanese = iis_launch.decode_path(sent, codepage).encode('utf-8', 'surrogatepass')
        if claim not in ('a surrogate as bytes',):
            same(japanese, western, 'the table')
    seen = environ(b'/env_hex.dll' + sent, site)
    same(seen['PATH_INFO'], western if codepage == 'cp1252' else japanese)


@test(each=BY_CODEPAGE)
def what_else_a_client_writes_is_utf_8_too(codepage):
    site, text = BY_CODEPAGE[codepage], 'é日\U0001f600'.encode()
    seen = environ(b'/env_hex.dll?q=' + text + b'&%C3%A9', site, user='Zoë 日',
                   headers=(('X-Text', text), ('Referer', b'http://x/' + text), ('X-Old', b'caf\xe9'),
                            ('Cookie', b'a="b"; c=' + text)))
    same(seen['QUERY_STRING'], b'q=' + text + b'&%C3%A9')
    same(seen['HTTP_X_TEXT'], text)
    same(seen['HTTP_REFERER'], b'http://x/' + text)
    same(seen['HTTP_COOKIE'], b'a="b"; c=' + text)
    same(seen['HTTP_X_OLD'], iis_launch.by_codepage(b'caf\xe9', codepage).encode())
    same(seen['REMOTE_USER'], 'Zoë 日'.encode())


@test
def a_query_may_be_long():
    query = b'&'.join(b'k%d=%s' % (i, b'v' * 90) for i in range(300))
    same(environ(b'/env_hex.dll?' + query)['QUERY_STRING'], query)


@test
def names_are_in_upper_case_as_os_environ_has_them():
    seen = environ('/env_hex.dll', more={'mixed_Case': 'x'})
    same(seen['MIXED_CASE'], b'x')
    same([name for name in seen if name not in ('uri', 'wsgi.url_scheme') and
          name != name.upper()], [])


@test
def what_the_system_has_is_there():
    seen = environ('/env_hex.dll')
    same(seen['APP_POOL_ID'], b'wsgi')
    same(seen['PATHEXT'], b'.COM;.EXE;.BAT;.CMD')
    same(seen['SERVER_SOFTWARE'], b'Microsoft-IIS/10.0')
    same(seen['INSTANCE_META_PATH'], b'/LM/W3SVC1')


@test
def a_proxy_header_reaches_the_application_alone():
    same(environ('/env_hex.dll', headers=(('Proxy', b'evil'),))['HTTP_PROXY'], b'evil')


# HTTPS.

@test(each=[('on', b'https'), ('off', b'http'), ('ON', b'http'), ('1', b'https'), ('yes', b'https'),
            ('', b'http'), (None, b'http')])
def the_scheme_is_what_HTTPS_says(given):
    value, scheme = given
    same(environ('/env_hex.dll', more={'HTTPS': value})['wsgi.url_scheme'], scheme)


@test(each=[False, True])
def the_url_is_the_clients(https):
    seen = environ('/env_hex.dll/a%20b?c=d', https=https,
                   headers=(('Host', b'www.example.com'),))
    same(seen['uri'], b'%s://www.example.com/env_hex.dll/a%%20b?c=d' %
         (b'https' if https else b'http'))
    same(seen['SERVER_PORT_SECURE'], b'1' if https else b'0')


# SCRIPT_NAME and PATH_INFO.

SPLITS = [('/env_hex.dll', b''), ('/env_hex.dll/', b'/'), ('/env_hex.dll/x', b'/x'),
          ('/env_hex.dll//x', b'//x'), ('/env_hex.dll/env_hex.dll/x', b'/env_hex.dll/x'),
          ('/env_hex.dll/x.dll/y', b'/x.dll/y'), ('/env_hex.dll/a/b/c', b'/a/b/c')]


# With allowPathInfo the third path but one cannot be told from /env_hex.dll/x without it.
@test(each=[(*row, allow) for row in SPLITS for allow in (False, True)
            if not (allow and row[0].startswith('/env_hex.dll/env_hex.dll'))])
def the_path_behind_the_script_is_PATH_INFO(given):
    target, path_info, allow = given
    site = dataclasses.replace(SITE, allow_path_info=allow)
    seen = environ(target, site)
    same((seen['SCRIPT_NAME'], seen['PATH_INFO']), (b'/env_hex.dll', path_info))


RAW = [  # SCRIPT_NAME, PATH_INFO
    ('/a.dll', '/a.dll/x'), ('/a.dll', '/a.dll'), ('/a.dll', '/a.dll/'), ('/a.dll', '/a.dll//x'),
    ('/a.dll', '/a.dllfoo'), ('/a.dll', '/a.dllfoo/x'), ('/a.dll', '/x'), ('/a.dll', ''),
    ('/a.dll', '/a.dll/a.dll/x'), ('/a.dll', '/A.DLL/x'), ('/d/a.dll', '/d/a.dll/x'),
    ('/d/a.dll', '/d/x'), ('/café', '/café/x'), ('/日', '/日/日'), ('/a', '/a/%2F'),
]


@test(each=RAW)
def the_paths_are_those_of_IISCGIHandler(given):
    script, path = given
    with mock.patch('wsgiref.handlers.read_environ',
                    lambda: {'SCRIPT_NAME': script, 'PATH_INFO': path}):
        expected = IISCGIHandler().base_env
    seen = environ('/env_hex.dll', NAMED, more={'SCRIPT_NAME': script, 'PATH_INFO': path})
    same((seen['SCRIPT_NAME'].decode(), seen['PATH_INFO'].decode()),
         (expected['SCRIPT_NAME'], expected['PATH_INFO']))


# Bodies.

BODIES = {'nothing': b'', 'every byte': bytes(range(256)), 'CRLF': b'a\r\nb\nc\rd\r\n\r\n',
          '^Z': b'a\x1ab\x1a', 'only ^Z': b'\x1a', 'NUL': b'\0\0a\0', 'LF at the end': b'x\n',
          'a block and one': pattern(65537), 'UTF-16': '日\r\n'.encode('utf-16'),
          '1 MB': pattern(1 << 20)}


@test(each=BODIES)
def a_body_arrives_and_comes_back_as_it_was(name):
    for app in ('echo', 'in_echo'):
        answer = ask('/%s.dll' % app, method='POST', body=BODIES[name],
                     headers=(('Content-Type', b'application/octet-stream'),))
        same((answer.status, answer.code, answer.log), (200, 0, ''))
        same(answer.body, BODIES[name])


@test
def a_body_of_64_MB_goes_in_and_out():
    body = b''.join(b'%08d' % i + PIECE for i in range(64))
    body += bytes((64 << 20) - len(body))
    answer = ask('/echo.dll', method='POST', body=body, seconds=120)
    same((answer.status, answer.code, answer.log), (200, 0, ''))
    same(len(answer.body), len(body))
    same(hashlib.sha256(answer.body).hexdigest(), hashlib.sha256(body).hexdigest())
    answer = ask('/in_digest.dll?65536', method='POST', body=body, seconds=120)
    same(answer.body.decode(), '%d %s' % (len(body), hashlib.sha256(body).hexdigest()))


PIECE = pattern((1 << 20) - 8)


@test
def a_body_ends_where_CONTENT_LENGTH_says():
    answer = ask('/in_echo.dll', method='POST', body=b'0123456789', more={'CONTENT_LENGTH': '4'})
    same((answer.status, answer.body), (200, b'0123'))


@test(each=['10', '100000', '-1', '', '0', '+4', '4x', '99999999999999999999'])
def a_length_that_is_not_the_bodys_is_treated_as_on_posix(length):
    compared('/in_echo.dll', method='POST', body=b'0123456', more={'CONTENT_LENGTH': length})


@test(each=['env_hex', 'echo', 'in_echo', 'answers', 'fail', 'none'])
def nobody_waits_for_the_end_of_an_open_input(name):
    began = time.monotonic()
    status = 66 if name == 'none' else 0
    answer = ask('/%s.dll' % name, hold=True, seconds=20)
    same((answer.how, answer.code), ('exit', status))
    answer = ask('/%s.dll' % name, method='POST', body=b'x' * 100000, hold=True, seconds=20)
    same((answer.how, answer.code), ('exit', status))
    assert time.monotonic() - began < 15


# Responses.

KINDS = {
    'plain': ('200 OK', {'Content-Type': ['text/plain'], 'Content-Length': ['6']}, b'plain\n'),
    '204': ('204 No Content', {}, b''),
    '304': ('304 Not Modified', {}, b''),
    '301': ('301 Moved Permanently', {'Location': ['http://localhost/new?a=b'],
                                      'Content-Length': ['6']}, b'moved\n'),
    '404': ('404 Not Found', {'Content-Length': ['9']}, b'not here\n'),
    '500': ('500 Internal Server Error', {'Content-Length': ['22']}, b"the application's own\n"),
    '299': ('299 Fine, and More', {'Content-Length': ['5']}, b'fine\n'),
    'empty': ('200 OK', {'Content-Length': ['0']}, b''),
    'cookies': ('200 OK', {'Set-Cookie': ['a=1; Path=/', 'b=2; Path=/']}, b'two cookies\n'),
    'written': ('200 OK', {'Content-Length': []}, b'written\n\n\r\n\x1a\0.\rgiven'),
    'many': ('200 OK', {'X-Long': ['v' * 8000], 'X-Many-99': ['1']}, b'many\n'),
}


@test(each=KINDS)
def a_response_has_its_status_headers_and_body(kind):
    line, headers, body = KINDS[kind]
    answer = ask('/answers.dll?' + kind)
    same((answer.line, answer.body, answer.code, answer.log), (line, body, 0, ''))
    same({name: answer.all(name) for name in headers}, headers)
    if kind in ('204', '304'):
        same(answer.headers, [])


def compared(target, **request):
    """The answer, which is that of POSIX to the byte."""
    launch = iis_launch.launch(SITE, Request(target=target.encode(), **request))
    expected = by_posix(target.partition('.')[0][1:], launch, request.get('body'))
    answer = ask(target, **request)
    same((answer.out, answer.code), expected)
    return answer


@test(each=['/answers.dll?' + kind for kind in KINDS] +
      ['/fail.dll/x', '/fail.dll/words', '/fail.dll/late', '/breaks.dll?twice', '/breaks.dll?type',
       '/breaks.dll?short', '/breaks.dll', '/close_once.dll?3', '/stream.dll?200000',
       '/env_util.dll/a/b/c?d'])
def a_response_is_the_one_of_posix(target):
    application(target.partition('.')[0][1:])
    compared(target)


@test(each=['HEAD', 'OPTIONS', 'DELETE', 'BREW'])
def a_method_is_the_applications_matter(method):
    answer = compared('/answers.dll?plain', method=method)
    same((answer.line, answer.body), ('200 OK', b'' if method == 'HEAD' else b'plain\n'))
    if method != 'HEAD':
        same(environ('/env_hex.dll', method=method)['REQUEST_METHOD'], method.encode())


@test
def an_error_before_the_headers_is_a_page():
    answer = ask('/fail.dll/words')
    same((answer.line, answer.code), ('500 Internal Server Error', 0))
    has(answer.body, b'A server error occurred')
    has_not(answer.body, b'disk')
    has(answer.log, 'the <b>disk</b> is full')


@test
def an_error_behind_the_headers_cuts_the_response_and_is_logged():
    answer = ask('/fail.dll/late')
    same((answer.line, answer.body), ('200 OK', b'half'))
    assert answer.log, 'nothing in the log'


@test
def a_response_of_64_MB_comes_whole():
    answer = ask('/stream.dll?%d' % (64 << 20), seconds=120)
    same((answer.line, answer.header('Content-Length'), answer.code, answer.log),
         ('200 OK', None, 0, ''))
    block = b'stream\n' + bytes(65536 - 7)
    same(len(answer.body), 64 << 20)
    assert answer.body == block * 1024


@test
def standard_output_is_the_responses_alone():
    answer = ask('/prints.dll')
    same((answer.line, answer.body), ('200 OK', b'said\n'))
    same(sorted(answer.ended.err.splitlines(keepends=True)),
         [b'by descriptor 1\n', b'by descriptor 2\n', b'by printf\n', b'by stderr\n',
          b'by wsgi.errors\n'])


# A crash, and a client that leaves.

CRASHES = {  # the exit status, words of the line in the log
    'null': (0xC0000005, 'access violation) at crash.dll+0x'),
    'abort': (3, 'abort()'),
    'exit': (3, 'exit()'),
}


@test(each=CRASHES)
def a_crash_before_the_headers_is_a_page_and_a_line(way):
    answer = ask('/crash.dll/early?' + way, seconds=20)
    same((answer.how, answer.code), ('exit', CRASHES[way][0]))
    same(answer.line, '500 Internal Server Error')
    has(answer.log, 'wsgi-iis: the application ended the process: ')
    has(answer.log, CRASHES[way][1])
    same(answer.log.count('\n'), 1)


@test(each=CRASHES)
def a_crash_behind_the_headers_cuts_the_response_and_is_a_line(way):
    answer = ask('/crash.dll/late?' + way, seconds=20)
    same((answer.how, answer.code), ('exit', CRASHES[way][0]))
    same((answer.line, answer.body), ('200 OK', b'half'))
    has(answer.log, CRASHES[way][1])


# wine leaves a page of the stack, with no regard to SetThreadStackGuarantee(), and that is not
# enough for its own way to a handler: the line and the status that Windows has are not seen here.
@test(each=['early', 'late'])
def a_stack_that_overflows_ends_the_request(when):
    answer = ask('/crash.dll/%s?stack' % when, seconds=20)
    same(answer.how, 'exit')
    same(answer.body, b'half' if when == 'late' else b'')
    same(ask('/answers.dll').status, 200)


@test(each=[1, 1000, 100000])
def a_client_that_leaves_is_no_error(size):
    began = time.monotonic()
    answer = ask('/stream.dll?%d' % (1 << 30), take=size, seconds=60)
    same((answer.how, answer.code, answer.log), ('exit', 0, ''))
    same(len(answer.out), size)
    assert time.monotonic() - began < 20


if __name__ == '__main__':
    main(lambda: [PREFIX.log])
