"""wsgi-fcgi --iis: the paths that IIS's FastCGI module sends, against wsgiref's IISCGIHandler.

There is no IIS here. What it sends is known from its documentation: PATH_INFO begins with
SCRIPT_NAME unless allowPathInfo is set.
"""

import json
from unittest import mock
from wsgiref.handlers import IISCGIHandler

import fastcgi
from frontend import Fcgi, Work, main, same, test

WORK = Work('iis')
PYTHON = ['--python', '/usr/bin/python3']
IIS = Fcgi(WORK, WORK.app('exchange.py'), '--iis', *PYTHON)
MOUNTED = Fcgi(WORK, WORK.app('exchange.py'), '--iis', '--script-name', '/app', *PYTHON)
SITE = Fcgi(WORK, WORK.app('exchange.py'), '--iis', '--script-name', '/', *PYTHON)
PLAIN = Fcgi(WORK, WORK.app('exchange.py'), *PYTHON)

PATHS = [  # SCRIPT_NAME, PATH_INFO
    ('/a.exe', '/a.exe/x'), ('/a.exe', '/a.exe'), ('/a.exe', '/a.exe/'), ('/a.exe', '/a.exe//x'),
    ('/a.exe', '/a.exefoo'), ('/a.exe', '/a.exefoo/x'), ('/a.exe', '/x'), ('/a.exe', ''),
    ('/a.exe', '/a.exe/a.exe/x'), ('/a.exe', '/A.EXE/x'), ('/d/a.py', '/d/a.py/x'),
    ('/d/a.py', '/d/x'), ('', '/x'), ('/caf\xe9', '/caf\xe9/x'), ('/a', '/a/%2F'),
]


def ask(server, script, path):
    """The SCRIPT_NAME and PATH_INFO that the application sees, and the status."""
    params = fastcgi.variables(path, SCRIPT_NAME=script, REQUEST_URI=None,
                               SERVER_SOFTWARE='Microsoft-IIS/10.0')
    with fastcgi.Connection(server.address) as connection:
        connection.send(fastcgi.request(params))
        reply = connection.reply()
    if reply.status != 200:
        return reply.status
    seen = json.loads(reply.body)['environ']
    return seen['SCRIPT_NAME'], seen['PATH_INFO']


def by_wsgiref(script, path):
    def given(*_):
        return {'SCRIPT_NAME': script, 'PATH_INFO': path}
    with mock.patch('wsgiref.handlers.read_environ', given):
        environ = IISCGIHandler().base_env
    return environ['SCRIPT_NAME'], environ['PATH_INFO']


@test(each=PATHS)
def the_paths_are_those_of_IISCGIHandler(given):
    same(ask(IIS, *given), by_wsgiref(*given))


@test(each=PATHS)
def without_the_option_they_are_as_they_came(given):
    same(ask(PLAIN, *given), given)


@test(each=[('/app', '/app/x', '/x'), ('/app', '/app', ''), ('/app/x.py', '/app/x.py', '/x.py'),
            ('/app/x.py', '/app/x.py/y', '/x.py/y'), ('/app', '/app/app', '/app')])
def a_mount_counts_from_the_path_that_is_put_right(given):
    script, path, expected = given
    same(ask(MOUNTED, script, path), ('/app', expected))


@test
def what_is_not_below_the_mount_is_not_found():
    same(ask(MOUNTED, '/apple', '/apple'), 404)
    same(ask(MOUNTED, '/x', '/x/app'), 404)


# A handler of path="*": no file of the site, so that both are the whole path.
@test(each=['/', '/a', '/a/b', '/a.py/b'])
def a_handler_for_all_paths_is_a_mount_at_the_root(path):
    same(ask(SITE, path, path), ('', path))


if __name__ == '__main__':
    main(lambda: [log for server in (IIS, MOUNTED, SITE, PLAIN) for log in server.logs()])
