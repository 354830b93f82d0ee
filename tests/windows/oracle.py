"""C applications under wsgi-iis.exe and wsgi-cgi.exe answer as under CPython's own wsgiref.

An application does what its request says, step by step: as a DLL, and in Python under the
IISCGIHandler and the CGIHandler of the wsgiref that is installed here, which reads its environment
as on Windows: both get the text that a server has made of the client's bytes. Equal are the whole
response, the log and the exit status; DIFFERENCES in tests/oracle/handlers.py says where we differ.

Environment: SEED, from which the cases are made.
"""

import dataclasses
import os
import random
import sys
from unittest import mock
from wsgiref import handlers

import iis_launch
from iis_launch import Launch, Request
from iis_site import PREFIX, ROOT, SITE, application, by_posix, start
from wine import built

from frontend import main, same, test

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                'oracle'))

from answers import forked  # noqa: E402
from handlers import make_steps, script  # noqa: E402
from natives import (ENDS, NAMES, OK, SHOW, Cgi, Iis, respond, some_body,  # noqa: E402
                     some_reads)

SEED = os.environ.get('SEED', 'wsgi')
APPLICATION = application('steps')
WSGI_CGI = PREFIX.copy(built('wsgi-cgi.exe'), 'C:\\wsgi\\wsgi-cgi.exe')


# wsgiref's answer, in a process whose streams are files.

def read_as_on_windows(read_environ):
    """read_environ() with the branches that it has for Windows."""
    def read():
        with mock.patch.object(sys, 'platform', 'win32'):
            return read_environ()
    return read


def respond_on_windows(handler, launch, steps):
    """os.environ there is text, whose names are in upper case."""
    variables = dict(entry.split('=', 1) for entry in launch.environment)

    def made():
        with mock.patch.object(os, 'environ', {k.upper(): v for k, v in variables.items()}), \
                mock.patch.object(handlers, 'read_environ',
                                  read_as_on_windows(handlers.read_environ)):
            return handler()
    return respond(made, steps)


# The same question to both.

def by_steps(request, todo):
    """The request that says what the application does."""
    header = ('X-Steps', script(todo).encode())
    return dataclasses.replace(request, headers=(*request.headers, header))


def by_iis(request, site=SITE):
    return Iis, iis_launch.launch(site, request)


def by_apache(request):
    """mod_cgi on Windows: each byte is the letter of that number."""
    path, _, query = request.target.partition(b'?')
    variables = {
        'SERVER_SOFTWARE': 'Apache/2.4.58 (Win64)', 'GATEWAY_INTERFACE': 'CGI/1.1',
        'SERVER_PROTOCOL': 'HTTP/1.1', 'SERVER_NAME': 'localhost', 'SERVER_PORT': '80',
        'REMOTE_ADDR': '127.0.0.1', 'REQUEST_METHOD': request.method,
        'REQUEST_URI': '/cgi-bin/steps', 'SCRIPT_NAME': '/cgi-bin/steps',
        'PATH_INFO': as_letters(path), 'QUERY_STRING': as_letters(query),
        **{'HTTP_' + name.upper().replace('-', '_'): as_letters(value)
           for name, value in request.headers}, **request.more}
    if request.body is not None:
        variables['CONTENT_LENGTH'] = str(len(request.body))
    block = iis_launch.block_of({**iis_launch.SYSTEM, **variables})
    return Cgi, Launch('"%s" "%s"' % (WSGI_CGI, APPLICATION), ROOT, block, APPLICATION, '')


def as_letters(data):
    return data.decode('latin-1')


def compare(asked, todo, body=b'', codepage='cp1252'):
    handler, launch = asked
    wanted = forked(lambda: respond_on_windows(handler, launch, todo), body or b'')
    got = start(launch, body, codepage)
    same((got.how, bool(got.code)), ('exit', bool(wanted.code)), got)
    same(got.out, wanted.out, todo)
    same(got.log, wanted.err.decode(), todo)


def seeded(*words):
    return random.Random(' '.join(str(word) for word in (SEED, *words)))


# What an application does: start_response(), write(), chunks and failures, in any order.

def some_request(r, target):
    more = {}
    if r.random() < 0.5:
        more['SERVER_PROTOCOL'] = r.choice(['HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', '', None])
    if r.random() < 0.3:
        more['HTTPS'] = r.choice(['on', '1', 'off', 'yes', '', None])
    return Request(target, method=r.choice(['GET', 'GET', 'POST', 'HEAD']), more=more)


@test(each=range(100))
def an_application_on_iis_does_what_it_does_in_python(n):
    r = seeded('iis', n)
    todo = make_steps(r)
    compare(by_iis(by_steps(some_request(r, b'/steps.dll'), todo)), todo)


@test(each=range(40))
def an_application_on_apache_does_what_it_does_in_python(n):
    r = seeded('apache', n)
    todo = make_steps(r)
    compare(by_apache(by_steps(some_request(r, b'/'), todo)), todo)


@test(each=[(end, server) for end in ENDS for server in ('iis', 'apache')])
def a_body_ends_as_in_python(given):
    end, server = given
    todo = [OK] + ENDS[end]
    request = by_steps(Request(b'/steps.dll'), todo)
    compare((by_iis if server == 'iis' else by_apache)(request), todo)


# The client's bytes: what the application sees of them.

PIECES = [b'a', b'b c', b'\xc3\xa9', b'\xe6\x97\xa5', b'\xf0\x9f\x90\x8d', b'\xe9', b'\xff', b'%41',
          b'\x80', b'\x9f', b'\x81', b'\\', b'"', b'=', b'\x01\x7f', b'\xc3', b'\xef\xbb\xbf',
          b'\x83\\', b'\xed\xa0', b'\xc2\xa0', b'.', b'..', b'+', b'#', b"'<>&"]


def some_bytes(r, most=6):
    if r.random() < 0.2:
        return bytes(r.choices([n for n in range(1, 256) if n not in b'\r\n?'], k=r.randint(1, 30)))
    return b''.join(r.choices(PIECES, k=r.randint(0, most)))


def escaped(path):
    return b''.join(b'%%%02X' % c if c in b'%?#' else bytes([c]) for c in path)


def some_headers(r):
    return tuple((name, some_bytes(r)) for name in ('Cookie', 'X', 'Content-Type')
                 if r.random() < 0.7)


def shown(request):
    return by_steps(request, SHOW)


@test(each=range(50))
def the_bytes_of_a_client_on_iis_are_those_of_python(n):
    r = seeded('bytes on iis', n)
    page = r.choice(['cp1252', 'cp1252', 'cp932'])
    site = dataclasses.replace(SITE, codepage=page, allow_path_info=r.random() < 0.3)
    path = r.choice([b'', b'/' + escaped(some_bytes(r))])
    user = iis_launch.to_text(some_bytes(r, 3), page) if r.random() < 0.3 else None
    request = Request(b'/steps.dll' + path + b'?' + some_bytes(r), headers=some_headers(r),
                      user=user, https=r.random() < 0.3,
                      more={'X': iis_launch.to_text(some_bytes(r), page)})
    compare(by_iis(shown(request), site), SHOW, codepage=page)


@test(each=range(40))
def the_bytes_of_a_client_on_apache_are_those_of_python(n):
    r = seeded('bytes on apache', n)
    more = {name: as_letters(some_bytes(r)) for name in
            ('REMOTE_USER', 'REDIRECT_QUERY_STRING', 'SSL_X', 'CONTENT_TYPE', 'X')
            if r.random() < 0.6}
    request = Request(b'/' + some_bytes(r) + b'?' + some_bytes(r), headers=some_headers(r)[:2],
                      more=more)
    compare(by_apache(shown(request)), SHOW)


@test(each=['PATH_INFO', 'QUERY_STRING', 'HTTP_X', 'REMOTE_USER', 'REDIRECT_QUERY_STRING', 'SSL_X'])
def every_byte_comes_back_from_apache(name):
    every = bytes(range(1, 256))
    todo = [OK, ('B', 'L'), ('V', name)]
    asked = by_apache(by_steps(Request(b'/', more={name: as_letters(every)}), todo))
    compare(asked, todo)
    same(start(asked[1]).body, every)


RESTS = [b'', b'/', b'//', b'/x', b'/steps.dll', b'/steps.dll/', b'/steps.dll/x', b'/steps.dllx',
         b'/steps.dl', b'/Steps.dll/x', b'/x/steps.dll']


@test(each=[(rest.decode(), allow) for rest in RESTS for allow in (False, True)])
def what_is_behind_the_script_is_that_of_IISCGIHandler(given):
    rest, allow = given
    site = dataclasses.replace(SITE, allow_path_info=allow)
    compare(by_iis(shown(Request(b'/steps.dll' + rest.encode())), site), SHOW)


# The request's body.

@test(each=range(30))
def the_body_of_a_request_is_read_as_in_python(n):
    r = seeded('input', n)
    body, todo = some_body(r), some_reads(r)
    more = {'CONTENT_LENGTH': r.choice([str(len(body)), str(len(body) // 2), '0', ''])} \
        if r.random() < 0.4 else {}
    request = by_steps(Request(b'/steps.dll', method='POST', body=body, more=more), todo)
    compare(r.choice([by_iis, by_apache])(request), todo, body)


# What else an application in C does, with nothing of Windows in it.

OTHERS = ['big_binary', 'err_large', 'headers_ctl?5', 'headers_reflect?%E9%FF', 'headers_table?8',
          'headers_table?56', 'headers_table?57', 'headers_table?58', 'method_body',
          'status_table?20', 'status_table?35', 'write_many_small', 'env_util?a=b',
          'ret_list_one', 'ret_generator', 'ret_tuple_many', 'close_once?3', 'hello',
          'fw_table?real', 'fw_table?realseek', 'fw_table?realend', 'fw_table?blk255',
          'fw_table?fail3', 'fw_table?filewrite']


@test(each=OTHERS)
def an_application_answers_as_on_posix(target):
    name, _, query = target.partition('?')
    application(name)
    launch = iis_launch.launch(SITE, Request(('/%s.dll?%s' % (name, query)).encode()))
    got = start(launch)
    same((got.out, got.code), by_posix(name, launch))


if __name__ == '__main__':
    main(lambda: [PREFIX.log])
