"""The commands by themselves: words, exit status, pages, and what of a CGI request may choose.

Environment: BUILD, the folder of the binaries. Words on the command line choose tests by name.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get('BUILD', os.path.join(REPO, 'build')))
CGI = ('wsgi-cgi', 'wsgi-iis')
ALL = CGI + ('wsgi-fcgi', 'wsgi-serve')

SHOW = '''
import os, sys
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    names = environ['QUERY_STRING'].split(',')
    seen = [(n, environ.get(n)) for n in names] + [(n, os.environ.get(n)) for n in names]
    return [repr((sys.argv, __file__, os.getcwd(), seen)).encode()]
'''
SAY = '''
import sys
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'I am %s in %s' % (__file__.encode(), sys.prefix.encode())]
'''

PAGE_500 = (b'Status: 500 Internal Server Error\r\nContent-Type: text/plain\r\n'
            b'Content-Length: 59\r\n\r\n'
            b'A server error occurred.  Please contact the administrator.')
PAGE_404 = (b'Status: 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n'
            b'Not Found\n')
PAGE_403 = (b'Status: 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n'
            b'Forbidden\n')

TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Folder:
    """A temporary folder with the commands, the plugin and some applications."""

    def __enter__(self):
        self.path = os.path.realpath(tempfile.mkdtemp(prefix='wsgi-commands-'))
        for name in os.listdir(BUILD):
            if name.startswith('wsgi-') or name.endswith('.abi3.so'):
                shutil.copy(os.path.join(BUILD, name), self.path)
        self.file('show.py', SHOW)
        self.file('say.py', SAY)
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.path)

    def at(self, *parts):
        return os.path.join(self.path, *parts)

    def file(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.at(name)), exist_ok=True)
        with open(self.at(name), 'w') as f:
            f.write(text)
        os.chmod(self.at(name), mode)
        return self.at(name)

    def run(self, *words, cwd=None, env=(), **request):
        """Exit status, standard output, standard error. Names in capitals are the request's."""
        full = {'PATH': '/usr/bin:/bin', 'LC_ALL': 'C.UTF-8', 'PYTHONDONTWRITEBYTECODE': '1'}
        full.update(request)
        full.update(env)
        p = subprocess.run(words, cwd=cwd or self.path, env=full,
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        return p.returncode, p.stdout, p.stderr.decode('utf-8', 'backslashreplace')

    def cgi(self, *words, **more):
        request = {'GATEWAY_INTERFACE': 'CGI/1.1', 'REQUEST_METHOD': 'GET', 'SCRIPT_NAME': '/app',
                   'PATH_INFO': '/x', 'QUERY_STRING': ''}
        request.update(more)
        return self.run(*words, **request)


def same(seen, wanted):
    assert seen == wanted, 'seen %r, wanted %r' % (seen, wanted)


def ends(seen, text):
    assert seen.endswith(text), 'seen %r, wanted %r at the end' % (seen, text)


def body(result):
    status, out, log = result
    same((status, out[:16]), (0, b'Status: 200 OK\r\n'))
    same(log, '')
    return out.partition(b'\r\n\r\n')[2].decode()


# Words.

@test
def help_and_version_are_printed_and_the_status_is_0(w):
    for command in ALL:
        for word in ('--help', '-h'):
            status, out, log = w.run(w.at(command), word)
            same((status, log), (0, ''))
            assert out.startswith(b'usage: %s [' % command.encode()), out
        same(w.run(w.at(command), '-V'), w.run(w.at(command), '--version'))
        status, out, log = w.run(w.at(command), '--version')
        same((status, out.split()[0], log), (0, command.encode(), ''))


@test
def a_wrong_word_is_one_line_and_status_64(w):
    for command in ALL:
        same(w.run(w.at(command), '--nonsense'),
             (64, b'', '%s: no option --nonsense: see %s --help\n' % (command, command)))


@test
def without_an_application_it_says_what_it_wants(w):
    for command in ALL:
        root = ', or --root FOLDER' if command in ('wsgi-cgi', 'wsgi-iis') else ''
        same(w.run(w.at(command)),
             (64, b'', '%s: no application is named: %s APPLICATION%s; see %s --help\n'
              % (command, command, root, command)))


@test
def a_name_that_cannot_be_is_status_64(w):
    same(w.run(w.at('wsgi-cgi'), 'a b'),
         (64, b'', "wsgi-cgi: 'a b': ' ' cannot stand in a module's name\n"))


@test
def what_is_not_there_is_status_66(w):
    for name in ('none.py', './none.so', './none.wsgi:app'):
        status, out, log = w.run(w.at('wsgi-cgi'), name)
        same((status, out), (66, b''))
        same(log.count('\n'), 1)


@test
def what_does_not_load_is_status_78_and_its_traceback(w):
    w.file('broken.py', 'import no_such_module_at_all\n')
    status, out, log = w.run(w.at('wsgi-cgi'), 'broken.py')
    same((status, out), (78, b''))
    assert 'Traceback' in log and "No module named 'no_such_module_at_all'" in log, log
    assert log.splitlines()[-1].startswith('wsgi-cgi: '), log
    status, out, log = w.run(w.at('wsgi-cgi'), 'say.py:nothing')
    same((status, out), (78, b''))
    assert 'nothing' in log.splitlines()[-1], log


@test
def what_is_no_callable_is_status_78_and_said_in_one_line(w):
    w.file('three.py', 'application = 3\nclass Old:\n    pass\nobject = Old()\n')
    for command in ALL:
        for name, words in (('three.py', "'application' in three.py is an int, not a callable"),
                            ('three.py:object', "'object' in three.py is an Old, not a callable"),
                            ('three.py:__name__', "'__name__' in three.py is a str, "
                                                  "not a callable"),
                            ('three', "'application' in three is an int, not a callable")):
            for more in (), ('--validate',):
                if command == 'wsgi-fcgi':  # its master says more: which worker, and what of it
                    more += '--check-config', '--bind', '127.0.0.1:0'
                same(w.run(w.at(command), *more, name), (78, b'', '%s: %s\n' % (command, words)))


@test
def no_interpreter_is_status_69(w):
    for words in (('--python', '/nonexistent/python'), ('--python=python9.9',)):
        status, out, log = w.run(w.at('wsgi-cgi'), *words, 'say.py')
        same((status, out, log.count('\n')), (69, b'', 1))
        assert 'no interpreter' in log and '--python' in log, log


@test
def no_plugin_is_status_69(w):
    os.mkdir(w.at('bare'))
    shutil.copy(w.at('wsgi-cgi'), w.at('bare'))
    if os.path.exists('/usr/local/lib/wsgi/wsgi_python.abi3.so'):
        return
    status, out, log = w.run(w.at('bare', 'wsgi-cgi'), 'say.py')
    same((status, out, log.count('\n')), (69, b'', 1))
    assert 'wsgi_python.abi3.so' in log and 'reinstall' in log, log


@test
def chdir_comes_first_and_once(w):
    w.file('deep/deeper/app.py', SHOW)
    seen = body(w.cgi(w.at('wsgi-cgi'), '--chdir=deep', 'deeper/app.py'))
    same(seen, repr((['deeper/app.py'], w.at('deep/deeper/app.py'), w.at('deep'),
                     [('', None), ('', None)])))
    same(w.run(w.at('wsgi-cgi'), '--chdir=none', 'app.py'),
         (66, b'', 'wsgi-cgi: --chdir none: No such file or directory\n'))


@test
def env_sets_variables_of_the_process(w):
    seen = body(w.cgi(w.at('wsgi-cgi'), '-e', 'A=1', '--env=B=x=y', 'show.py', QUERY_STRING='A,B'))
    ends(seen, repr([('A', '1'), ('B', 'x=y'), ('A', '1'), ('B', 'x=y')]) + ')')


@test
def the_working_directory_is_not_on_sys_path_for_a_script(w):
    w.file('other/trap.py', 'raise SystemExit("imported from the working directory")\n')
    w.file('app.py', 'import sys\ntry:\n    import trap\nexcept ImportError:\n    pass\n' + SAY)
    assert 'I am' in body(w.cgi(w.at('wsgi-cgi'), '../app.py', cwd=w.at('other')))


# Pages for a web server that waits.

@test
def a_web_server_gets_a_page_whatever_goes_wrong(w):
    w.file('broken.py', 'import no_such_module_at_all\n')
    w.file('three.py', 'application = 3\n')
    for words in ((), ('--nonsense',), ('none.py',), ('broken.py',), ('a b',), ('./none.so',), ('three.py',),
                  ('--python=/nonexistent', 'say.py'), ('--chdir=none', 'say.py')):
        for command in CGI:
            status, out, log = w.cgi(w.at(command), *words)
            same(out, PAGE_500)
            assert status in (64, 66, 69, 78), status
            assert log.splitlines()[-1].startswith(command + ': '), log


@test
def a_failure_of_the_application_is_a_page_and_status_0(w):
    w.file('fails.py', 'def application(environ, start_response):\n    raise ValueError(1)\n')
    status, out, log = w.cgi(w.at('wsgi-cgi'), 'fails.py')
    same((status, out), (0, PAGE_500))
    assert 'ValueError: 1' in log, log


@test
def an_application_in_c_that_ends_the_process_has_last_words(w):
    for way, status, what in (('null', -11, 'a fault of memory (SIGSEGV)'),
                              ('stack', -11, 'a fault of memory (SIGSEGV)'),
                              ('abort', -6, 'abort() (SIGABRT)'), ('exit', 3, 'it called exit()')):
        line = 'wsgi-cgi: the application ended the process: %s\n' % what
        crash = os.path.join(BUILD, 'apps', 'crash.so')
        same(w.cgi(w.at('wsgi-cgi'), crash, QUERY_STRING=way), (status, PAGE_500, line))
        seen = w.cgi(w.at('wsgi-cgi'), crash, QUERY_STRING=way, PATH_INFO='/late')
        same((seen[0], seen[1][:14], seen[1][-8:], seen[2]), (status, b'Status: 200 OK', b'\r\n\r\nhalf', line))
    same(w.cgi(w.at('wsgi-cgi'), crash)[1][-6:], b'alive\n')


@test
def a_server_writes_no_page(w):
    status, out, log = w.run(w.at('wsgi-fcgi'), '--bind', '127.0.0.1:0', 'none.py',
                             GATEWAY_INTERFACE='CGI/1.1')
    same((status, out), (66, b''))


# httpoxy.

@test
def http_proxy_is_in_environ_only(w):
    for value in ('http://evil.example:1', ''):
        seen = body(w.cgi(w.at('wsgi-cgi'), 'show.py', QUERY_STRING='HTTP_PROXY',
                          HTTP_PROXY=value))
        ends(seen, repr([('HTTP_PROXY', value), ('HTTP_PROXY', None)]) + ')')
    seen = body(w.cgi(w.at('wsgi-cgi'), 'show.py', QUERY_STRING='HTTP_PROXY'))
    ends(seen, repr([('HTTP_PROXY', None), ('HTTP_PROXY', None)]) + ')')


@test
def http_proxy_of_any_bytes_does_no_harm(w):
    seen = body(w.cgi(w.at('wsgi-cgi'), 'show.py', QUERY_STRING='HTTP_PROXY',
                      env={b'HTTP_PROXY': b'\xe9\xff'}))
    ends(seen, repr([('HTTP_PROXY', '\xe9\xff'), ('HTTP_PROXY', None)]) + ')')


@test
def an_administrators_http_proxy_stands(w):
    seen = body(w.cgi(w.at('wsgi-cgi'), '-e', 'HTTP_PROXY=http://ours', 'show.py',
                      QUERY_STRING='HTTP_PROXY', HTTP_PROXY='http://evil'))
    ends(seen, "('HTTP_PROXY', 'http://ours')])")


# The three uses.

def script(w, name, option=''):
    return w.file(name, '#!%s%s\n%s' % (w.at('wsgi-cgi'), option and ' ' + option, SAY), 0o755)


@test
def a_script_by_its_first_line(w):
    path = script(w, 'cgi-bin/blog.py')
    assert 'I am %s in' % path in body(w.cgi(path))
    seen = body(w.cgi(path, '--help', 'say.py', QUERY_STRING='--help+say.py'))
    assert 'I am %s in' % path in seen, seen
    assert 'I am %s in' % path in body(w.run(path, '--help', REQUEST_METHOD='GET'))


@test
def a_script_without_an_ending_and_by_a_relative_name(w):
    script(w, 'cgi-bin/blog')
    start = 'import os; os.execv("blog", ["blog"])'  # as mod_cgid does it
    seen = body(w.cgi(sys.executable, '-c', start, cwd=w.at('cgi-bin')))
    assert 'I am %s in' % w.at('cgi-bin/blog') in seen.replace('/./', '/'), seen


@test
def a_script_with_an_option_on_its_first_line(w):
    path = script(w, 'cgi-bin/blog.py', '--python=/nonexistent')
    status, out, log = w.cgi(path)
    same((status, out), (69, PAGE_500))


@test
def a_script_with_a_colon_in_its_name(w):
    path = script(w, 'cgi-bin/a:b.py')
    assert 'I am %s in' % path in body(w.cgi(path))


@test
def a_link_and_the_file_beside_it(w):
    for name, target in (('one.cgi', 'one.py'), ('two.cgi', 'two.wsgi'), ('three', 'three.py')):
        w.file('cgi-bin/' + target, SAY)
        os.symlink(w.at('wsgi-cgi'), w.at('cgi-bin', name))
        link = w.at('cgi-bin', name)
        assert 'I am %s in' % w.at('cgi-bin', target) in body(w.cgi(link)), name
        assert 'I am' in body(w.cgi(link, '--help', SCRIPT_FILENAME=link, QUERY_STRING='--help'))


@test
def setenv_is_stronger_than_the_file_beside(w):
    w.file('cgi-bin/one.py', 'raise ImportError("not this one")\n')
    os.symlink(w.at('wsgi-cgi'), w.at('cgi-bin/one.cgi'))
    for name in ('WSGI_APPLICATION', 'REDIRECT_WSGI_APPLICATION'):
        seen = body(w.cgi(w.at('cgi-bin/one.cgi'), **{name: w.at('say.py')}))
        assert 'I am ' + w.at('say.py') in seen, seen


@test
def no_word_of_a_client_counts_for_a_bare_program(w):
    program = w.at('wsgi-cgi')
    for words, query in ((['say.py'], 'say.py'), (['--help'], '--help'), (['-V'], '-V'),
                         (['--python=/bin/true', 'say.py'], '--python%3D/bin/true+say.py')):
        for more in ({}, {'SCRIPT_FILENAME': program}):
            status, out, log = w.cgi(program, *words, QUERY_STRING=query, **more)
            same((status, out), (64, PAGE_500))
            assert 'no application is named' in log, log


@test
def a_wrapper_keeps_its_words_and_loses_the_querys(w):
    program, app = w.at('wsgi-cgi'), w.at('say.py')
    for words, query in (((app,), ''), ((app,), 'v2'), ((app, 'v2'), 'v2'),
                         ((app, '--help'), '--help'), ((app, 'a', 'b'), 'a+b'),
                         (('-e', 'A=1', app, '--', 'x'), '--+x')):
        assert 'I am ' + app in body(w.cgi(program, *words, QUERY_STRING=query)), words


# By Action.

def action(w, path, extra='', root='WSGI_ROOT', **more):
    request = {root: w.at('www'), 'REDIRECT_STATUS': '200', 'SCRIPT_NAME': '/cgi-bin/wsgi-cgi',
               'PATH_INFO': '/' + path + extra, 'PATH_TRANSLATED': w.at('www', path) + extra,
               'SCRIPT_FILENAME': w.at('wsgi-cgi')}
    request.update(more)
    return w.cgi(w.at('wsgi-cgi'), **{k: v for k, v in request.items() if v is not None})


def given_a_site(w):
    w.file('www/a/show.wsgi', SHOW)
    w.file('www/plain.txt', SHOW)
    w.file('secret/show.wsgi', SHOW)
    os.symlink(w.at('secret/show.wsgi'), w.at('www/out.wsgi'))
    os.symlink(w.at('www/a/show.wsgi'), w.at('www/in.wsgi'))


@test
def action_serves_the_file_as_if_it_were_the_program(w):
    given_a_site(w)
    names = 'SCRIPT_NAME,PATH_INFO,SCRIPT_FILENAME,PATH_TRANSLATED'
    wanted = {'SCRIPT_NAME': '/a/show.wsgi', 'PATH_INFO': '/x/y',
              'SCRIPT_FILENAME': w.at('www/a/show.wsgi'), 'PATH_TRANSLATED': None}
    for root in ('WSGI_ROOT', 'REDIRECT_WSGI_ROOT'):
        seen = body(action(w, 'a/show.wsgi', '/x/y', root=root, QUERY_STRING=names))
        ends(seen, repr(list(wanted.items()) * 2) + ')')
    ends(body(action(w, 'in.wsgi', QUERY_STRING='SCRIPT_NAME,PATH_INFO')),
         repr([('SCRIPT_NAME', '/in.wsgi'), ('PATH_INFO', '')] * 2) + ')')


@test
def action_serves_nothing_else(w):
    given_a_site(w)
    for path, page, more in (('none.wsgi', PAGE_404, {}), ('a', PAGE_404, {}),
                             ('plain.txt', PAGE_403, {}), ('out.wsgi', PAGE_403, {}),
                             ('../secret/show.wsgi', PAGE_403, {}),
                             ('a/show.wsgi', PAGE_403, {'REDIRECT_STATUS': None}),
                             ('a/show.wsgi', PAGE_403, {'WSGI_ROOT': w.at('ww')}),
                             ('a/show.wsgi', PAGE_403, {'WSGI_ROOT': w.at('www/a/show')}),
                             ('a/show.wsgi', PAGE_404, {'PATH_TRANSLATED': None}),
                             ('a/show.wsgi', PAGE_404, {'PATH_TRANSLATED': ''})):
        status, out, log = action(w, path, **more)
        same((path, more, out), (path, more, page))
        assert status in (66, 77) and log.startswith('wsgi-cgi: '), (status, log)


@test
def action_takes_the_root_from_the_first_line_of_a_wrapper_too(w):
    given_a_site(w)
    wrapper = w.file('handler', '#!%s --root=%s\n' % (w.at('wsgi-cgi'), w.at('www')), 0o755)
    seen = body(w.cgi(wrapper, REDIRECT_STATUS='200', PATH_INFO='/a/show.wsgi/p',
                      PATH_TRANSLATED=w.at('www/a/show.wsgi/p'), QUERY_STRING='PATH_INFO'))
    ends(seen, repr([('PATH_INFO', '/p')] * 2) + ')')


# Standard output.

@test
def what_is_printed_anywhere_is_not_in_the_response(w):
    w.file('loud.py', 'import os, sys\nprint("at import")\nos.write(1, b"raw\\n")\n'
           'os.system("echo child")\n'
           + SAY.replace('start_response(', 'print("in call"); start_response(', 1))
    status, out, log = w.cgi(w.at('wsgi-cgi'), 'loud.py')
    same((status, out[:16]), (0, b'Status: 200 OK\r\n'))
    same(sorted(log.split('\n')), ['', 'at import', 'child', 'in call', 'raw'])


def main():
    begin, passed, failed = time.monotonic(), 0, 0
    for function in TESTS:
        if sys.argv[1:] and not any(word in function.__name__ for word in sys.argv[1:]):
            continue
        try:
            with Folder() as w:
                function(w)
            passed += 1
            print('ok   ' + function.__name__.replace('_', ' '))
        except Exception:
            failed += 1
            print('FAIL ' + function.__name__.replace('_', ' '))
            print('     ' + traceback.format_exc().replace('\n', '\n     '))
        sys.stdout.flush()
    print('commands.py: %.0f seconds' % (time.monotonic() - begin))
    print('%d passed, %d failed' % (passed, failed))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
