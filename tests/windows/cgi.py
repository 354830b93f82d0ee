"""wsgi-cgi.exe: the four ways of servers on Windows to make text of a request, by SERVER_SOFTWARE.

The applications are those of tests/apps, as DLLs.
"""

from wine import Launcher, Prefix, built

from frontend import has, main, same, test

PREFIX = Prefix()
PROGRAM = PREFIX.copy(built('wsgi-cgi.exe'), 'C:\\cgi-bin\\wsgi-cgi.exe')
for name in ('env_hex', 'answers', 'echo', 'prints'):
    PREFIX.copy(built('apps/%s.dll' % name), 'C:\\apps\\%s.dll' % name)
LAUNCHERS = {}


def run(app='env_hex', codepage='cp1252', words=None, body=b'', line=None, **variables):
    if codepage not in LAUNCHERS:
        LAUNCHERS[codepage] = Launcher(PREFIX, codepage)
    given = {'GATEWAY_INTERFACE': 'CGI/1.1', 'REQUEST_METHOD': 'GET', 'SCRIPT_NAME': '/a',
             'CONTENT_LENGTH': str(len(body)), 'SERVER_PROTOCOL': 'HTTP/1.1', 'SERVER_NAME': 'x',
             'SERVER_PORT': '80', **variables}
    line = line or '%s %s' % (PROGRAM, words or 'C:\\apps\\%s.dll' % app)
    return LAUNCHERS[codepage].start(line, sorted('%s=%s' % item for item in given.items()),
                                     'C:\\apps', body)


def environ(**request):
    ended = run(**request)
    same((ended.how, ended.code, ended.err), ('exit', 0, b''))
    head, _, body = ended.out.partition(b'\r\n\r\n')
    has(head, b'Status: 200 OK')
    entries = [entry.split(b'=') for entry in body.splitlines()]
    return {bytes.fromhex(n.decode()).decode(): bytes.fromhex(v.decode()) for n, v in entries}


IIS, APACHE, SIMPLE = 'Microsoft-IIS/10.0', 'Apache/2.4.57 (Win64)', 'SimpleHTTP/0.6 Python/3.12.1'
OTHERS = ['', 'nginx/1.24.0', 'SimpleHTTP/0.6 Python/2.7', 'Apache', 'Microsoft-IIS', 'xApache/2']

TABLE = [  # the server, the code page, the text in the environment, the request's bytes
    (IIS, 'cp1252', 'é日\U0001f600', 'é日\U0001f600'.encode()),
    (IIS.lower(), 'cp932', 'é日', 'é日'.encode()),
    (IIS.upper(), 'cp1252', '\ud800x', b'\xed\xa0\x80x'),
    (SIMPLE, 'cp1252', 'é日\U0001f600', 'é日\U0001f600'.encode()),
    (SIMPLE, 'cp932', 'a\udc00', b'a\xed\xb0\x80'),
    (APACHE, 'cp1252', 'Ã©', b'\xc3\xa9'),
    (APACHE, 'cp932', '\x80\x9f\xff', b'\x80\x9f\xff'),
    (APACHE.upper(), 'cp1252', 'é', b'\xe9'),
    (APACHE, 'cp1252', 'é日', 'é日'.encode()),  # more than latin-1: it was decoded otherwise
]
for server in OTHERS:
    TABLE += [(server, 'cp1252', 'é', b'\xe9'), (server, 'cp1252', '日x', b'?x'),
              (server, 'cp932', '日', b'\x93\xfa'), (server, 'cp932', 'ソ', b'\x83\x5c'),
              (server, 'cp1252', '€\x81', b'\x80\x81')]
TABLE += [('nginx/1.24.0', 'cp1252', '\ud800x', b'?x'), ('nginx/1.24.0', 'cp1252', 'Ａ\u2215', b'??'),
          ('nginx/1.24.0', 'cp932', '\U0001f600', b'?'), ('', 'cp1252', 'ascii', b'ascii')]


@test(each=[ascii(row) for row in TABLE])
def a_request_is_the_bytes_that_its_server_had(row):
    software, codepage, text, expected = TABLE[[ascii(r) for r in TABLE].index(row)]
    seen = environ(codepage=codepage, SERVER_SOFTWARE=software, PATH_INFO='/' + text,
                   QUERY_STRING=text, HTTP_X=text, REMOTE_USER=text)
    same([seen[name] for name in ('PATH_INFO', 'QUERY_STRING', 'HTTP_X')],
         [b'/' + expected, expected, expected])


@test(each=[IIS, APACHE, SIMPLE, 'nginx'])
def what_is_not_of_the_request_is_text(software):
    seen = environ(SERVER_SOFTWARE=software, COMPUTERNAME='é日\U0001f600')
    same(seen['COMPUTERNAME'], 'é日\U0001f600'.encode())


@test
def a_body_is_echoed_as_it_is():
    body = bytes(range(256)) + b'\r\n\x1a\r\n'
    ended = run('echo', body=body, REQUEST_METHOD='POST')
    same(ended.out.partition(b'\r\n\r\n')[2], body)


@test
def PATH_INFO_is_left_as_it_came():
    same(environ(SERVER_SOFTWARE=IIS, SCRIPT_NAME='/a', PATH_INFO='/a/x')['PATH_INFO'], b'/a/x')


@test
def the_application_beside_the_program_is_served():
    PREFIX.copy(built('wsgi-cgi.exe'), 'C:\\cgi-bin\\blog é.exe')
    PREFIX.copy(built('apps/env_hex.dll'), 'C:\\cgi-bin\\blog é.dll')
    for query in ('', '--help', 'C:\\apps\\answers.dll'):
        seen = environ(line='"C:\\cgi-bin\\blog é.exe"' + (' ' + query if query else ''),
                       QUERY_STRING=query, SCRIPT_FILENAME='C:/cgi-bin/blog é.exe',
                       SERVER_SOFTWARE=APACHE)
        same(seen['QUERY_STRING'], query.encode())


# Apache writes PATH_TRANSLATED with backslashes; others need not.
@test(each=['/', '\\'])
def a_file_is_found_by_Action_whatever_its_slashes_are(slash):
    translated = 'C:/apps/env_hex.dll/x/y'.replace('/', slash)
    seen = environ(line=PROGRAM, WSGI_ROOT='C:/apps', REDIRECT_STATUS='200', SERVER_SOFTWARE=APACHE,
                   SCRIPT_NAME='/.wsgi-cgi', SCRIPT_FILENAME='C:/cgi-bin/wsgi-cgi.exe',
                   PATH_INFO='/env_hex.dll/x/y', PATH_TRANSLATED=translated)
    same((seen['SCRIPT_NAME'], seen['PATH_INFO']), (b'/env_hex.dll', b'/x/y'))
    same(seen['SCRIPT_FILENAME'].replace(b'\\', b'/'), b'C:/apps/env_hex.dll')


@test(each=['-s', '--help', '--root=C:\\', 'demo', '\u00ad-help', '\\" --help'])
def a_query_is_never_an_option(query):
    seen = environ(words='C:\\apps\\env_hex.dll ' + query, QUERY_STRING=query,
                   SERVER_SOFTWARE=IIS)
    same(seen['QUERY_STRING'], query.encode())


@test
def standard_output_is_the_responses_alone():
    ended = run('prints')
    same(ended.out.partition(b'\r\n\r\n')[2], b'said\n')
    has(ended.log, 'by printf')


@test
def an_application_that_is_missing_is_told():
    ended = run('none')
    same(ended.code, 66)
    has(ended.out, b'Status: 500 ')
    has(ended.log, 'wsgi-cgi: ')


if __name__ == '__main__':
    main(lambda: [PREFIX.log])
