"""The process that an application runs in: its words, paths, streams, descriptors; how it fails."""

import json
import os
import sys

import gateway
from frontend import Logs, Process, has, has_not, main, same, test
from gateway import PYTHON, Client, Folder

FOLDER = Folder('python-process')
SITE = os.path.dirname(FOLDER.application)
FOLDER.file('package', 'site_of_a_package', '__init__.py')
FOLDER.file('package', 'site_of_a_package', 'web.py', text='''\
from application import application
class Inner:
    app = staticmethod(application)
''')
CGI, FCGI = 'wsgi-cgi', 'wsgi-fcgi'
BOTH = [CGI, FCGI]


class Result:
    def __init__(self, out, log):
        self.out, self.log = out, log
        self.status, self.body = gateway.status_of(out), gateway.body_of(out)


def ask(program, query, *options, application=None, **changes):
    """One request to a gateway that is started for it."""
    if program == CGI:
        out, log, status = FOLDER.cgi(query, *options, application=application, **changes)
        same(status, 0, log)
        return Result(out, log)
    server = FOLDER.server(*options, application=application)
    logs = Logs(server.logs())
    with Client(server) as c:
        reply = c.get(query, **changes)
    same(server.stop(), 0)
    return Result(reply.out, reply.err.decode() + logs.text())


def seen(program, *options, **more):
    result = ask(program, 'process', *options, **more)
    same(result.status, 200, result.log)
    return json.loads(result.body)


# Words and paths.

@test(each=BOTH)
def sys_argv_is_the_application(program):
    same(seen(program)['argv'], [FOLDER.application])


@test(each=BOTH)
def the_scripts_folder_is_first_on_sys_path(program):
    same(seen(program)['path'][0], SITE)


@test(each=BOTH)
def pythonpath_comes_behind_the_scripts_folder(program):
    path = seen(program, '--pythonpath', '/first:/second')['path']
    same(path[:3], [SITE, '/first', '/second'])


@test(each=BOTH)
def what_starts_the_interpreter_leaves_nothing_on_sys_path(program):
    path = seen(program)['path'][1:]
    same([p for p in path if p in ('', os.getcwd(), FOLDER.bin, FOLDER.path)], [])


@test(each=BOTH)
def a_module_is_found_by_pythonpath(program):
    folders = os.path.join(FOLDER.path, 'package') + ':' + SITE
    for name in ('site_of_a_package.web', 'site_of_a_package.web:application',
                 'site_of_a_package.web:Inner.app'):
        result = ask(program, 'hello', '--pythonpath', folders, application=name)
        same(result.body, b'hello ', result.log)


@test(each=BOTH)
def a_callable_is_named_behind_a_colon(program):
    result = ask(program, '', application=FOLDER.application + ':hello')
    same(result.body, b'hello ', result.log)


@test(each=BOTH)
def chdir_comes_first_and_names_count_from_there(program):
    found = seen(program, '--chdir', SITE, application='application.py')
    same(found['cwd'], SITE)
    same(found['argv'], ['application.py'])
    same(found['file'], FOLDER.application)
    same(found['path'][0], SITE)


@test(each=BOTH)
def chdir_makes_modules_there_importable(program):
    same(seen(program, '--chdir', SITE, application='application')['name'], 'application')


@test(each=BOTH)
def the_interpreter_is_the_one_that_was_named(program):
    same(os.path.realpath(seen(program)['executable']), os.path.realpath(sys.executable))


# The environment.

@test(each=BOTH)
def e_sets_environment_variables(program):
    found = seen(program, '-e', 'ONE=1', '--env=TWO=a=b', '-e', 'ONE=again')['os.environ']
    same((found['ONE'], found['TWO']), ('again', 'a=b'))


@test(each=BOTH)
def http_proxy_reaches_the_environ_and_not_the_process(program):
    found = seen(program, HTTP_PROXY='http://203.0.113.9/')
    same(found['proxy'], 'http://203.0.113.9/')
    same(found['os.environ'].get('HTTP_PROXY'), None)


@test
def a_request_over_fastcgi_leaves_os_environ_alone():
    found = seen(FCGI, HTTP_COOKIE='secret', REMOTE_USER='me')['os.environ']
    same([k for k in found if k.startswith(('HTTP_', 'REQUEST_', 'REMOTE_', 'SCRIPT_'))], [])


# Standard streams.

@test(each=BOTH)
def print_goes_to_the_log_and_not_into_the_response(program):
    result = ask(program, 'prints')
    same(result.body, b'the body alone')
    has_not(result.out.decode(), 'LOG')
    for words in ('printed', 'written to sys.stdout', 'written to descriptor 1', 'by a child'):
        has(result.log, 'LOG: ' + words)


@test(each=BOTH)
def a_forked_child_that_exits_sends_nothing(program):
    result = ask(program, 'forks')
    same(result.out.count(b'Status: '), 1, result.log)
    same(result.body, b'one response')


# Descriptors.

def opened(result):
    """What the child had besides its three streams, what it read itself, and the shell's own."""
    lines = result.body.decode().split()
    pairs = zip(lines[::2], lines[1::2])
    return [(target, name) for target, name in pairs
            if int(name.rpartition('/')[2]) > 2 and target != '/proc/self/fd']


@test(each=BOTH)
def a_child_inherits_no_descriptor(program):
    result = ask(program, 'descriptors')
    has(result.body.decode(), '/proc/self/fd/1')
    same([pair for pair in opened(result) if 'socket' in pair[0] or 'eventpoll' in pair[0]
          or 'pipe' in pair[0]], [])


@test
def a_child_of_a_busy_server_inherits_no_descriptor():
    server = FOLDER.server('--threads', '3')
    others = [Client(server) for _ in range(5)]
    for other in others:
        other.get('hello', b'x')
    with Client(server) as c:
        reply = c.get('descriptors')
    for other in others:
        other.close()
    same(server.stop(), 0)
    same([pair for pair in opened(Result(reply.out, '')) if 'socket' in pair[0]
          or 'eventpoll' in pair[0]], [])


# An application that cannot be loaded.

def failing(program, application, *options):
    """The page (by CGI), the log and the exit status of a gateway that cannot serve."""
    if program == CGI:
        out, log, status = FOLDER.cgi('hello', *options, application=application,
                                      GATEWAY_INTERFACE='CGI/1.1')
        same(gateway.status_of(out), 500, out)
        has_not(out.decode(), 'Traceback')
        has_not(out.decode(), 'secret')
        return log, status
    log = os.path.join(FOLDER.path, 'failing.log')
    if os.path.exists(log):
        os.unlink(log)
    process = Process([FOLDER.program(FCGI), '--bind', 'unix:' + os.path.join(FOLDER.run, 'f'),
                       *PYTHON, *options, application], log)
    process.child.wait(20)
    with open(log) as f:
        return f.read(), process.stop()


SCRIPTS = {
    'raises': ('raise RuntimeError("the secret of the script")', 'RuntimeError: the secret'),
    'imports': ('import no_such_module_anywhere', "No module named 'no_such_module_anywhere'"),
    'syntax': ('def application(', 'SyntaxError'),
    'exits': ('import sys; sys.exit(0)', 'SystemExit'),
    'interrupts': ('raise KeyboardInterrupt', 'KeyboardInterrupt'),
}


@test(each=['%s, %s' % (p, s) for p in BOTH for s in SCRIPTS])
def a_script_that_cannot_be_imported_says_why(which):
    program, _, name = which.partition(', ')
    text, words = SCRIPTS[name]
    script = FOLDER.file('broken', name + '.py', text=text + '\n')
    log, status = failing(program, script)
    has(log, 'Traceback (most recent call last)' if name != 'syntax' else script)
    has(log, words)
    has(log, "%s: the script '%s' cannot be imported" % (program, script))
    same(status, 78)  # EX_CONFIG


@test(each=BOTH)
def a_module_that_is_not_there_is_named(program):
    log, status = failing(program, 'no_such_module_anywhere:app')
    has(log, "ModuleNotFoundError: No module named 'no_such_module_anywhere'")
    has(log, "%s: the module 'no_such_module_anywhere' cannot be imported" % program)
    same(status, 78)


@test(each=BOTH)
def a_script_that_is_not_there_is_named(program):
    log, status = failing(program, '/no/such/script.py')
    has(log, "%s: cannot read the script '/no/such/script.py': No such file" % program)
    same(status, 66)  # EX_NOINPUT


@test(each=BOTH)
def a_callable_that_is_not_there_is_named(program):
    log, status = failing(program, FOLDER.application + ':no_such_callable')
    has(log, "%s: '%s' has no 'no_such_callable'" % (program, FOLDER.application))
    same(status, 78)


@test
def what_is_no_callable_is_refused_and_the_web_server_gets_a_500():
    output, log, status = FOLDER.cgi('', application=FOLDER.application + ':number')
    has(output, b'Status: 500 Internal Server Error')
    has(log, 'is an int, not a callable')
    same(status, 78)


if __name__ == '__main__':
    main()
