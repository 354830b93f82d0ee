"""Python applications on Windows: how wsgi-iis.exe and wsgi-cgi.exe start the interpreter.

There is no Windows CPython here: python.exe is a stand-in, which shows what it was given
(python_standin.c). That the module loads is in pyd.py; what it does inside of an interpreter, in
tests/python, on POSIX.
"""

import ast
import hashlib
import json
import os
import subprocess
import tempfile

import iis_launch
from iis_launch import ROOT, Request, Site
from iis_site import PREFIX, PROGRAM, start
from wine import built

from frontend import BUILD, has, has_not, main, pattern, same, test

PYTHON = PREFIX.copy(built('tests/python_standin.exe'), 'C:\\Program Files\\Python é\\python.exe')
MODULE = PREFIX.copy(built('wsgi_python.pyd'), 'C:\\wsgi\\wsgi_python.pyd')
APP = PREFIX.file(ROOT + '\\app.py', 'def application(environ, start_response): pass\n')
CRASH = 0xC0000005  # STATUS_ACCESS_VIOLATION
EX_UNAVAILABLE = 69


def site(options='--python "%s"' % PYTHON, program=PROGRAM):
    return Site(mapping='%s %s --root %s "%%s"' % (program, options, ROOT), extensions=('.py',))


def ask(what, where=None, target='/app.py', body=b'', more=None, **wait):
    """A request to the stand-in."""
    request = Request(target=iis_launch.to_text(b'', '').encode() + target.encode(), method='POST',
                      body=body, more={'STANDIN': what, **(more or {})})
    return start(iis_launch.launch(where or site(), request), body, **wait)


def from_units(digits):
    return bytes.fromhex(digits).decode('utf-16-be', 'surrogatepass')


class Dump:
    """What the stand-in was given."""

    def __init__(self, answer):
        same(answer.status, 200, repr(answer))
        lines = [line.split(' ', 1) for line in answer.body.decode().splitlines()]
        self.words = [from_units(value) for kind, value in lines if kind == 'word']
        self.folder, = [from_units(value) for kind, value in lines if kind == 'folder']
        env = [from_units(value) for kind, value in lines if kind == 'env']
        self.environ = dict((e[0] + e[1:].partition('=')[0], e[1:].partition('=')[2]) for e in env)
        self.body, = [bytes.fromhex(value) for kind, value in lines if kind == 'body']
        self.file, self.proxy, self.program, *self.rest = self.words[6:]


def dump(*args, **kwargs):
    return Dump(ask('dump', *args, **kwargs))


# What it is given.

def words_on_posix():
    with tempfile.TemporaryDirectory() as folder:
        python = os.path.join(folder, 'python')
        with open(python, 'w', encoding='ascii') as f:
            f.write('#!/usr/bin/python3\nimport json, sys\nprint(json.dumps(sys.argv))\n')
        os.chmod(python, 0o755)
        done = subprocess.run([os.path.join(BUILD, 'wsgi-iis'), '--python', python, 'app'],
                              env={'GATEWAY_INTERFACE': 'CGI/1.1'}, capture_output=True, timeout=30,
                              check=True)
        return json.loads(done.stdout)


@test
def the_interpreter_is_started_as_on_posix():
    seen, posix = dump(), words_on_posix()
    same(seen.words[0], PYTHON)
    same(seen.words[1:6], posix[1:6])  # -c, the programs in Python, the page, the module's name
    same((seen.file, seen.proxy, seen.program), (MODULE, '-', 'wsgi-iis'))
    same(seen.rest[-1], APP + ':application')


@test
def the_program_that_it_runs_is_python():
    seen = dump()
    for text in seen.words[2:4]:
        has(text, "'")
        has(text, '\n')
        compile(text, 'boot', 'exec')


@test
def the_folder_and_the_environment_are_the_requests():
    seen = dump(more={'HTTP_X': 'é日\U0001f600', 'QUERY_STRING': 'a=1&b="2\\"'})
    same(seen.folder, ROOT)
    same((seen.environ['HTTP_X'], seen.environ['QUERY_STRING']), ('é日\U0001f600', 'a=1&b="2\\"'))


NAMES = ['a b', 'é日\U0001f600', "it's", '%PATH%', '^&', 'x;y', '--help', '-c', 'a  b ', '!x!', '@x']


@test(each=NAMES)
def a_script_of_any_name_arrives_whole(name):
    path = PREFIX.file('%s\\%s\\%s.py' % (ROOT, name.strip(), name))
    seen = dump(target='/' + iis_quote(name.strip()) + '/' + iis_quote(name) + '.py')
    same(seen.rest[-1], path + ':application')


def iis_quote(text):
    return ''.join('%%%02X' % byte for byte in text.encode())


FOLDERS = ['C:\\lib dir\\\\', 'C:\\lib', 'C:\\a;D:\\b c\\', '\\\\\\\\host\\share\\', 'C:\\x\\\\y\\\\\\']


@test(each=FOLDERS)
def backslashes_arrive_as_many_as_were_given(folders):
    quoted = folders + '\\' * (len(folders) - len(folders.rstrip('\\')))  # twice before a quote
    seen = dump(site('--python "%s" --pythonpath "%s"' % (PYTHON, quoted)))
    has(repr(seen.rest), repr(folders)[1:-1])
    assert any(word.endswith(folders) for word in seen.rest), seen.rest


PROXIES = ['http://evil:1/', '', '-', '=x', 'a b', '"', '\\"', 'x\\', '\\\\"\\', '" & calc "', '%PATH%',
           '\n', 'é日\U0001f600', '\udc80', '\ud800x']


@test(each=[ascii(value) for value in PROXIES])
def http_proxy_is_a_word_and_no_variable(text):
    value = ast.literal_eval(text)
    seen = dump(more={'HTTP_PROXY': value})
    same(seen.proxy, '=' + value)
    same([name for name in seen.environ if name.upper() == 'HTTP_PROXY'], [])


@test
def http_proxy_in_other_letters_is_the_same_variable():
    seen = dump(more={'Http_Proxy': 'http://evil:1/'})
    same(seen.proxy, '=http://evil:1/')
    same([name for name in seen.environ if name.upper() == 'HTTP_PROXY'], [])


# Its streams and its end.

@test
def a_body_arrives_byte_by_byte():
    body = bytes(range(256)) + b'\r\n\x1a\n\0\r'
    same(dump(body=body).body, body)


@test
def sixteen_megabytes_go_in_and_out():
    body = pattern(16 << 20)
    answer = ask('echo', body=body, seconds=60)
    same((answer.status, answer.how, answer.code), (200, 'exit', 0))
    same(hashlib.sha256(answer.body).hexdigest(), hashlib.sha256(body).hexdigest())


@test(each=[0, 1, 69, 255, 256, 4294967295])
def its_exit_status_is_handed_on(code):
    answer = ask('exit %d' % code)
    same((answer.how, answer.code, answer.out, answer.log), ('exit', code, b'', ''))


@test
def a_crash_is_handed_on():
    same(ask('crash').code, CRASH)


@test
def its_errors_go_to_standard_error():
    same(ask('errors').ended.err, b'first line\r\nsecond line\r\n')


@test
def its_errors_go_to_the_log_that_is_named():
    log = 'C:\\log\\error.log'
    PREFIX.folder('C:\\log')
    answer = ask('errors', site('--python "%s" --error-logfile %s' % (PYTHON, log)))
    same(answer.log, '')
    same(PREFIX.read(log), b'first line\r\nsecond line\r\n')


@test
def who_ends_the_gateway_ends_the_interpreter():
    number = 'C:\\windows\\temp\\number'
    made = iis_launch.launch(site(), Request(b'/app.py', more={
        'STANDIN': 'stay', 'STANDIN_FILE': number}))
    standin = PREFIX.copy(built('tests/python_standin.exe'), 'C:\\bin\\standin.exe')
    made.line = '%s end-parent %s %s' % (standin, number, made.line)
    same(start(made, seconds=60).ended.out, b'runs\nended\n')


@test
def wsgi_cgi_starts_it_too():
    program = PREFIX.copy(built('wsgi-cgi.exe'), 'C:\\wsgi\\wsgi-cgi.exe')
    answer = ask('dump', Site(mapping='%s --python "%s" "%s"' % (program, PYTHON, APP)))
    seen = Dump(answer)
    same((seen.program, seen.rest[-1]), ('wsgi-cgi', APP))


# Which one is started.

@test
def the_folder_of_an_installation_may_be_named():
    same(dump(site('--python "%s"' % PYTHON.rpartition('\\')[0])).words[0], PYTHON)


@test
def the_folder_of_a_virtual_environment_may_be_named():
    python = PREFIX.copy(PREFIX.unix(PYTHON), 'C:\\venv 日\\Scripts\\python.exe')
    same(dump(site('--python "C:\\venv 日"')).words[0], python)
    same(dump(site(''), more={'VIRTUAL_ENV': 'C:\\venv 日'}).words[0], python)
    same(dump(site(''), more={'WSGI_PYTHON': 'C:\\venv 日'}).words[0], python)


def refused(where, *words, **request):
    """Nothing is started: a page, and one line."""
    answer = ask('dump', where, **request)
    same((answer.status, answer.how, answer.code), (500, 'exit', EX_UNAVAILABLE), repr(answer))
    for text in ('wsgi-iis: ',) + words:
        has(answer.log, text)
        has_not(answer.body.decode(), text)
    same(answer.log.count('\n'), 1, answer.log)


@test
def none_is_named():
    refused(site(''), 'no interpreter is named: give the path of python.exe', '--python',
            '; an application in C, which needs none, ends in .dll\n')


@test
def none_is_looked_for_on_path():
    more = {'Path': PYTHON.rpartition('\\')[0]}
    refused(site(''), 'no interpreter is named', more=more)
    refused(site('--chdir C:\\windows --python python.exe'), 'no interpreter: --python python.exe: No such file',
            more=more)


@test
def the_named_one_is_not_there():
    refused(site('--python C:\\none\\python.exe'),
            'no interpreter: --python C:\\none\\python.exe: No such file or directory')


@test
def the_named_folder_has_none():
    PREFIX.folder('C:\\empty')
    refused(site('--python C:\\empty'), 'C:\\empty is no virtual environment',
            'no Scripts\\python.exe and no python.exe')


@test(each=['python.bat', 'python.cmd', 'python', 'python.exe.txt'])
def a_batch_file_is_none(name):
    path = PREFIX.copy(PREFIX.unix(PYTHON), 'C:\\shims\\' + name)
    refused(site('--python ' + path), '--python %s is not an .exe file' % path,
            more={'HTTP_PROXY': '" & calc & "'})


@test
def what_is_no_program_is_said():
    path = PREFIX.file('C:\\shims\\text.exe', 'text\n')
    refused(site('--python ' + path), 'cannot run %s: ' % path)


@test
def the_module_is_beside_the_gateway_and_nowhere_else():
    program = PREFIX.copy(built('wsgi-iis.exe'), 'C:\\alone\\bin\\wsgi-iis.exe')
    for path in (ROOT, 'C:\\alone', 'C:\\alone\\lib\\wsgi', 'C:\\windows\\system32'):
        PREFIX.copy(PREFIX.unix(MODULE), path + '\\wsgi_python.pyd')
    refused(site(program=program),
            'the plugin wsgi_python.pyd is not in C:\\alone\\bin: copy it there')


if __name__ == '__main__':
    main(lambda: [PREFIX.log])
