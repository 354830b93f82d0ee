"""wsgi-windows(7) and the files for IIS, followed to the letter: by an emulated IIS launch."""

import dataclasses
import os
import re
import subprocess
import tempfile
import urllib.parse
import xml.dom.minidom

import iis_launch
from iis_launch import ROOT, Request, Site
from iis_site import PREFIX, application, start
from wine import built

from frontend import BUILD, SHIPPED, has, main, same, test

REPO = os.path.dirname(os.path.dirname(SHIPPED))
LOG = 'C:\\wsgi\\log\\error.log'


def read(name):
    with open(os.path.join(SHIPPED, name), encoding='utf-8') as f:
        return f.read()


def mappings(name):
    adds = xml.dom.minidom.parseString(read(name)).getElementsByTagName('add')
    return {add.getAttribute('path'): add.getAttribute('scriptProcessor') for add in adds}


FILES = Site(mapping=mappings('iis-cgi-root.config')['*.dll'], extensions=('.dll',))
ALL = Site(mapping=mappings('iis-cgi-site.config')['*'], extensions=())
PYTHON = mappings('iis-cgi-python.config')
PREFIX.folder('C:\\wsgi\\log')


def ask(site, target, **request):
    launch = iis_launch.launch(site, Request(target=target.encode(), **request))
    if not os.path.isdir(PREFIX.unix(launch.folder)):  # of which IIS starts it in is not known
        launch = dataclasses.replace(launch, folder=ROOT)
    answer = start(launch)
    same(answer.log, '')  # a client could see it
    return answer


def logged():
    """What is new in the log."""
    path = PREFIX.unix(LOG)
    text = PREFIX.read(LOG).decode() if os.path.exists(path) else ''
    if text:
        os.remove(path)
    return text


def blocks():
    found = re.findall(r'^\.Bd -literal.*\n((?:(?!\.Ed).*\n)*)\.Ed$', read('wsgi-windows.7'), re.M)
    return [b.replace('\\&', '').replace('\\e', '\\') for b in found]


def block(text):
    chosen, = [b for b in blocks() if text in b]
    return chosen


def compiled(source, path):
    """By the command of the page, in the sources, as it says; to a path of drive C."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'hello.c'), 'w', encoding='utf-8') as f:
            f.write(source)
        command = block('-o hello.dll').replace('build/windows', BUILD + '/windows')
        command = command.replace('hello.', folder + '/hello.')
        subprocess.run(command, shell=True, check=True, cwd=REPO, timeout=60)
        return PREFIX.copy(folder + '/hello.dll', path)


@test
def the_first_page():
    compiled(block('struct wsgi_app application'), ROOT + '\\apps\\hello.dll')
    wanted = block('curl.exe')
    target = re.search(r'http://localhost(/\S+)', wanted)[1]
    answer = ask(FILES, target)
    same((answer.line, answer.header('Content-Type')), ('200 OK', 'text/plain'))
    has(wanted, 'HTTP/1.1 200 OK\nContent-Type: text/plain\n')
    same(answer.body.decode(), wanted.splitlines()[-1] + '\n')
    same(logged(), '')


@test(each=re.findall(r'^\.Pa (\w+\.c)\b', read('wsgi-windows.7'), re.M))
def an_example_runs_too(name):
    with open(os.path.join(REPO, 'tests', 'examples', name), encoding='utf-8') as f:
        compiled(f.read(), ROOT + '\\apps\\%s.dll' % name[:-2])
    same(ask(FILES, '/apps/%s.dll' % name[:-2]).status, 200)


@test
def a_program_needs_nothing_but_the_system():
    for name in 'wsgi-iis.exe', 'wsgi-cgi.exe':
        out = subprocess.run(['x86_64-w64-mingw32-objdump', '-p', built(name)], check=True,
                             capture_output=True, text=True).stdout
        names = {n.lower() for n in re.findall(r'DLL Name: (\S+)', out)}
        same(names - {'kernel32.dll', 'msvcrt.dll', 'advapi32.dll'}, set())
        has(out, 'file format pei-x86-64')
        has(out, '(Windows CUI)')


@test(each=[('/x', b'/x'), ('', b''), ('/', b'/'), ('foo', None)])
def a_file_has_its_own_url(given):
    behind, info = given
    application('env_hex', ROOT + '\\apps\\env_hex.dll')
    for allow in False, True:
        answer = ask(dataclasses.replace(FILES, allow_path_info=allow), '/apps/env_hex.dll' + behind)
        if info is None:
            same(answer.status, 404)
            continue
        seen = answer.environ()
        same((seen['SCRIPT_NAME'], seen['PATH_INFO']), (b'/apps/env_hex.dll', info))
    logged()


@test
def under_allowPathInfo_one_kind_of_path_loses_its_beginning():
    application('env_hex', ROOT + '\\apps\\env_hex.dll')
    target = '/apps/env_hex.dll/apps/env_hex.dll/x'
    for allow, info in [(False, b'/apps/env_hex.dll/x'), (True, b'/x')]:
        seen = ask(dataclasses.replace(FILES, allow_path_info=allow), target).environ()
        same(seen['PATH_INFO'], info)


@test(each=['/', '/a/b', '/a.dll/b', '/bin/web.config', '/wsgi-iis', '/hello.dll', '/caf\xe9/\u65e5'])
def one_application_has_all_urls(path):
    application('env_hex', 'C:\\wsgi\\apps\\hello.dll')
    for allow in False, True:
        seen = ask(dataclasses.replace(ALL, allow_path_info=allow), path).environ()
        same((seen['SCRIPT_NAME'], seen['PATH_INFO']), (b'', path.encode()))


@test(each=[('/shop', b''), ('/shop/', b'/'), ('/shop/a', b'/a'), ('/shopping', None), ('/', None)])
def or_those_below_a_mount(given):
    path, info = given
    application('env_hex', 'C:\\wsgi\\apps\\hello.dll')
    site = dataclasses.replace(ALL, mapping=ALL.mapping.replace('--script-name=/', '--script-name=/shop'))
    answer = ask(site, path)
    if info is None:
        same(answer.status, 404)
        has(logged(), 'the request is not below --script-name /shop\n')
        return
    seen = answer.environ()
    same((seen['SCRIPT_NAME'], seen['PATH_INFO']), (b'/shop', info))


@test
def what_fails_is_in_the_log_with_its_time_and_nowhere_else():
    application('fail', ROOT + '\\apps\\fail.dll')
    logged()
    same(ask(FILES, '/apps/fail.dll').status, 500)
    same(bool(re.match(r'\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] ', logged())), True)


@test(each=[('/env_hex.dll', 403, 'is not below the root'), ('/apps/none.dll', 404, 'no such file'),
            ('/apps/hello.dll::$DATA', 404, 'no such file'), ('/apps/notes.txt', 403, 'does not end in')])
def what_may_not_be_served_is_not_and_the_log_says_why(given):
    target, status, words = given
    application('env_hex')
    PREFIX.file(ROOT + '\\apps\\notes.txt', b'mine')
    logged()
    same(ask(dataclasses.replace(FILES, extensions=('.dll', '.txt')), target).status, status)
    has(logged(), words)


@test
def a_log_that_cannot_be_opened_is_said_and_the_request_served():
    application('env_hex', ROOT + '\\apps\\env_hex.dll')
    line = FILES.mapping.replace(LOG, 'C:\\none\\error.log')
    answer = start(iis_launch.launch(dataclasses.replace(FILES, mapping=line),
                                     Request(target=b'/apps/env_hex.dll')))
    same(answer.status, 200)
    has(answer.log, 'C:\\none\\error.log')


@test
def the_program_can_be_asked_in_a_console():
    lines = block('set GATEWAY_INTERFACE').splitlines()
    variables = dict(line[4:].split('=', 1) for line in lines if line.startswith('set '))
    launch = iis_launch.Launch(
        line=lines[-1], folder='C:\\', script='', path_info='',
        environment=iis_launch.block_of({**iis_launch.SYSTEM, **variables}))
    PREFIX.copy(built('apps/env_hex.dll'), ROOT + '\\apps\\hello.dll')
    seen = start(launch).environ()
    same((seen['SCRIPT_NAME'], seen['PATH_INFO']), (b'/apps/hello.dll', b'/x'))



# What else the page says can be done.

BLANKS = block('My Programs').strip()


@test(each=['hello', 'my hello', "it's %41 (1)", 'é日\U0001f600'])
def names_with_blanks_are_quoted(name):
    PREFIX.copy(built('wsgi-iis.exe'), 'C:\\My Programs\\wsgi-iis.exe')
    application('env_hex', 'C:\\My Sites\\apps\\%s.dll' % name)
    site = dataclasses.replace(FILES, mapping=BLANKS, root='C:\\My Sites')
    target = '/apps/%s.dll' % urllib.parse.quote(name)
    same(ask(site, target + '/x').environ()['PATH_INFO'], b'/x')


@test
def a_backslash_at_the_end_of_a_folder_takes_in_what_follows_and_is_refused():
    PREFIX.copy(built('wsgi-iis.exe'), 'C:\\My Programs\\wsgi-iis.exe')
    application('env_hex', 'C:\\My Sites\\apps\\hello.dll')
    line = BLANKS.replace('apps" ', 'apps\\" ')
    answer = start(iis_launch.launch(dataclasses.replace(FILES, mapping=line, root='C:\\My Sites'),
                                     Request(target=b'/apps/hello.dll')))
    same(answer.status, 500)
    has(answer.log, '--root')


@test(each=['/x', '', '/blog.exe/x'])
def a_copy_of_wsgi_cgi_has_its_application_beside_it(behind):
    """IIS's own handler for programs sets allowPathInfo."""
    PREFIX.copy(built('wsgi-cgi.exe'), ROOT + '\\blog.exe')
    application('env_hex', ROOT + '\\blog.dll')
    site = Site(mapping=None, extensions=('.exe',), allow_path_info=True)
    for query in '', '?--help', '?demo', '?-e+X=y':
        seen = ask(site, '/blog.exe' + behind + query).environ()
        same((seen['SCRIPT_NAME'], seen['PATH_INFO']), (b'/blog.exe', behind.encode()))


def by_apache(program, query='', **variables):
    """What Apache's mod_cgi gives on Windows: every byte of a request is a character."""
    given = {'GATEWAY_INTERFACE': 'CGI/1.1', 'SERVER_SOFTWARE': 'Apache/2.4.58 (Win64)',
             'SERVER_PROTOCOL': 'HTTP/1.1', 'SERVER_NAME': 'localhost', 'SERVER_PORT': '80',
             'REQUEST_METHOD': 'GET', 'QUERY_STRING': query, 'SCRIPT_FILENAME': program,
             **variables}
    words = '' if '=' in query else ' ' + query.replace('+', ' ')
    line = '"%s"%s' % (program.replace('/', '\\'), words)
    return start(iis_launch.Launch(line=line.rstrip(), folder='C:\\wsgi', script='', path_info='',
                                   environment=iis_launch.block_of({**iis_launch.SYSTEM, **given})))


@test(each=['', 'a=b', '--help', '--root=C:/+x'])
def apache_names_the_application_by_SetEnv(query):
    PREFIX.copy(built('wsgi-cgi.exe'), 'C:\\wsgi\\wsgi-cgi.exe')
    PREFIX.copy(built('apps/env_hex.dll'), 'C:\\wsgi\\apps\\hello.dll')
    said = re.findall(r'SetEnv (\w+) "(.*)"', block('ScriptAlias'))
    program = re.search(r'ScriptAlias "\S+" "(.*)"', block('ScriptAlias'))[1]
    seen = by_apache(program, query, SCRIPT_NAME='/blog', PATH_INFO='/caf\xc3\xa9',
                     **dict(said)).environ()
    same((seen['SCRIPT_NAME'], seen['PATH_INFO']), (b'/blog', b'/caf\xc3\xa9'))
    same(seen['QUERY_STRING'], query.encode())


@test
def or_hands_it_what_is_below_a_root_by_Action():
    PREFIX.copy(built('wsgi-cgi.exe'), 'C:\\wsgi\\wsgi-cgi.exe')
    application('env_hex', ROOT + '\\apps\\env_hex.dll')
    root = ROOT.replace('\\', '/')
    answer = by_apache('C:/wsgi/wsgi-cgi.exe', SCRIPT_NAME='/.wsgi-cgi', REDIRECT_STATUS='200',
                       PATH_INFO='/apps/env_hex.dll/x', REDIRECT_WSGI_ROOT=root,
                       PATH_TRANSLATED=root + '/apps/env_hex.dll/x')
    seen = answer.environ()
    same((seen['SCRIPT_NAME'], seen['PATH_INFO']), (b'/apps/env_hex.dll', b'/x'))


@test
def the_log_may_be_renamed_and_a_new_one_is_made():
    application('fail', ROOT + '\\apps\\fail.dll')
    logged()
    ask(FILES, '/apps/fail.dll')
    os.rename(PREFIX.unix(LOG), PREFIX.unix(LOG) + '.1')
    ask(FILES, '/apps/fail.dll')
    same(bool(logged()), True)


@test(each=sorted(PYTHON))
def a_python_file_is_handed_to_the_interpreter_that_the_mapping_names(path):
    PREFIX.copy(built('tests/python_standin.exe'), 'C:\\Python312\\python.exe')
    PREFIX.copy(built('wsgi_python.pyd'), 'C:\\wsgi\\wsgi_python.pyd')
    name = path.replace('*', 'app')
    app = PREFIX.file(ROOT + '\\pyapps\\' + name, b'application = None\n')
    answer = ask(Site(mapping=PYTHON[path], extensions=(path[1:],)), '/pyapps/%s/x' % name,
                 more={'STANDIN': 'dump'})
    words = [bytes.fromhex(line.split()[1]).decode('utf-16-be')
             for line in answer.body.decode().splitlines() if line.startswith('word ')]
    same((words[0], words[-1]), ('C:\\Python312\\python.exe', app + ':application'))


if __name__ == '__main__':
    main()
