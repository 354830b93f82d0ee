"""One binary, every CPython that this machine has, and a virtual environment of each.

Looked for: /usr/bin, /usr/local/bin, pyenv's versions, uv's, and what WSGI_E2E_PYTHONS names
(paths with ":" between them). Those older than 3.8, and those that are no CPython, must be refused
in clear words.
"""

import glob
import json
import os
import re
import subprocess
import sys

import fastcgi
from frontend import Fcgi, Skip, Work, has, has_not, main, same, test

WORK = Work('interpreters')
WHICH = WORK.app('which.py')
EX_UNAVAILABLE = 69  # sysexits.h


class Python:
    def __init__(self, path, name, version):
        self.path, self.name, self.version = path, name, version

    def __str__(self):
        return '%s %s, %s' % (self.name, '.'.join(map(str, self.version)), self.path)


def find():
    """Every interpreter once, by what it says of itself."""
    places = (os.environ.get('WSGI_E2E_PYTHONS', '').split(':')
              + glob.glob('/usr/bin/python[23]*') + glob.glob('/usr/local/bin/python[23]*')
              + glob.glob('/usr/bin/pypy*')
              + glob.glob(os.path.expanduser('~/.pyenv/versions/*/bin/python'))
              + glob.glob(os.path.expanduser('~/.local/share/uv/python/*/bin/python')))
    found = {}
    ask = ('import sys, platform; v = sys.version_info;'
           ' print("%s|%d|%d|%d" % (platform.python_implementation(), v[0], v[1], v[2]))')
    for path in places:
        if not re.search(r'/(python|pypy)[0-9.]*$', path) or not os.access(path, os.X_OK):
            continue
        real = os.path.realpath(path)
        try:
            out = subprocess.run([path, '-c', ask], capture_output=True, text=True, timeout=20,
                                 env={'PATH': '/usr/bin:/bin'}).stdout.split('|')
        except OSError:
            continue
        if len(out) == 4:
            found.setdefault(real, Python(path, out[0], tuple(map(int, out[1:]))))
    return sorted(found.values(), key=lambda p: (p.version, p.path))


FOUND = find()
GOOD = [p for p in FOUND if p.name == 'CPython' and p.version >= (3, 8)]
OLD = [p for p in FOUND if p not in GOOD]
for python in FOUND:
    print('found %s%s' % (python, '' if python in GOOD else ': to be refused'))


def answer(program, options, env=None, seconds=30):
    """What the application says under wsgi-cgi or wsgi-fcgi."""
    params = fastcgi.variables('/', '', 'POST', b'a body')
    if program == 'wsgi-fcgi':
        server = Fcgi(WORK, WHICH, *options, env=env, user=None, group=None)
        try:
            reply = fastcgi.ask(server.address, params, b'a body')
            same(reply.status, 200, repr(reply))
            same(server.stop(), 0)
        finally:
            server.stop()
        return json.loads(reply.body)
    environment = dict({'PATH': '/usr/bin:/bin'}, **params)
    environment.update(env or {})
    done = subprocess.run([WORK.program('wsgi-cgi'), *options, WHICH], input=b'a body',
                          capture_output=True, env=environment, timeout=seconds)
    same(done.returncode, 0, done.stderr.decode())
    same(done.stderr, b'')
    head, _, body = done.stdout.partition(b'\r\n\r\n')
    has(head, b'Status: 200 OK')
    return json.loads(body)


def itself(path, code):
    return subprocess.run([path, '-c', 'import sys; print(%s)' % code], capture_output=True,
                          text=True, env={'PATH': '/usr/bin:/bin'}).stdout.strip()


class Pair:
    def __init__(self, program, python):
        self.program, self.python = program, python

    def __str__(self):
        return '%s, %s' % (self.program, self.python)


PAIRS = [Pair(program, python) for python in GOOD for program in ('wsgi-cgi', 'wsgi-fcgi')]


def check(seen, python):
    same(tuple(seen['info']), python.version)
    same(seen['body'], 'a body')
    same(seen['environ_type'], 'dict')
    same(seen['sha'][:8], '2d711642')
    same(seen['argv'], [WHICH])
    same(seen['path'][0], WORK.apps)
    has_not(seen['path'], WORK.bin)
    has_not(seen['path'], '')


@test(each=PAIRS)
def an_interpreter_runs_the_application(pair):
    path = pair.python.path
    seen = answer(pair.program, ['--python', path])
    check(seen, pair.python)
    same(seen['version'].replace('\n', ''), itself(path, 'sys.version').replace('\n', ''))
    same(seen['prefix'], itself(path, 'sys.prefix'))
    same(seen['executable'], path)
    same(seen['venv_module'], None)
    # Its own module path, neither more nor less.
    own = json.loads(itself(path, '__import__("json").dumps(sys.path[1:])'))
    same(seen['path'][1:], own)


def venv(python):
    folder = os.path.join(WORK.path, 'venvs', '%s-%d' % (
        '.'.join(map(str, python.version)), FOUND.index(python)))
    if not os.path.exists(folder):
        done = subprocess.run([python.path, '-m', 'venv', '--without-pip', folder],
                              capture_output=True, text=True)
        if done.returncode:
            raise Skip('no venv: %s' % (done.stdout + done.stderr).strip()[-200:])
        site = glob.glob(folder + '/lib/python3*/site-packages')[0]
        with open(os.path.join(site, 'only_in_this_venv.py'), 'w') as f:
            f.write('WORD = %r\n' % folder)
    return folder


@test(each=PAIRS)
def a_virtual_environment_of_it_by_its_folder(pair):
    folder = venv(pair.python)
    seen = answer(pair.program, ['--python', folder])
    check(seen, pair.python)
    same((seen['prefix'], seen['venv_module']), (folder, folder))
    same(seen['base_prefix'], itself(pair.python.path, 'sys.prefix'))


@test(each=PAIRS)
def a_virtual_environment_of_it_by_its_interpreter_or_by_virtual_env(pair):
    folder = venv(pair.python)
    seen = answer(pair.program, ['--python', folder + '/bin/python'])
    same((seen['prefix'], seen['venv_module']), (folder, folder))
    seen = answer(pair.program, [], env={'VIRTUAL_ENV': folder})
    same((seen['prefix'], seen['venv_module']), (folder, folder))


@test(each=GOOD[-1:])
def the_first_python3_on_path_is_taken_when_none_is_named(python):
    folder = WORK.folder('onpath')
    os.symlink(python.path, os.path.join(folder, 'python3'))
    seen = answer('wsgi-cgi', [], env={'PATH': folder + ':/usr/bin:/bin'})
    same(tuple(seen['info']), python.version)


@test(each=GOOD[:1] + GOOD[-1:])
def flags_of_the_environment_do_no_harm(python):
    for env in ({'PYTHONSAFEPATH': '1'}, {'PYTHONOPTIMIZE': '2'}, {'PYTHONUNBUFFERED': '1'},
                {'PYTHONDONTWRITEBYTECODE': '1'}, {'PYTHONNOUSERSITE': '1'},
                {'PYTHONDEVMODE': '1'}, {'PYTHONMALLOC': 'debug'}, {'LC_ALL': 'C'},
                {'PYTHONHASHSEED': '0'}, {'PYTHONINSPECT': ''}):
        seen = answer('wsgi-cgi', ['--python', python.path], env=env)
        check(seen, python)


def refused(options, program='wsgi-cgi', env=None):
    """Status, log, response of a run that must fail."""
    environment = dict({'PATH': '/usr/bin:/bin'}, **fastcgi.variables())
    environment.update(env or {})
    bind = ['--bind', 'unix:' + os.path.join(WORK.run, 'no.sock')]
    words = bind if program == 'wsgi-fcgi' else []
    done = subprocess.run([WORK.program(program), *words, *options, WHICH], capture_output=True,
                          env=environment, stdin=subprocess.DEVNULL, timeout=20)
    if program == 'wsgi-cgi':
        has(done.stdout, b'Status: 500 ')
        has(done.stdout, b'\r\n\r\n')
        has_not(done.stdout, b'python')
    else:
        same(done.stdout, b'')
    return done.returncode, done.stderr.decode()


@test(each=[Pair(program, python) for python in OLD for program in ('wsgi-cgi', 'wsgi-fcgi')])
def an_interpreter_that_does_not_do_is_refused_in_one_clear_line(pair):
    code, log = refused(['--python', pair.python.path], pair.program)
    same(code, EX_UNAVAILABLE, log)
    same(len(log.strip().splitlines()), 1, log)
    for words in (pair.program + ': ', '%d.%d' % pair.python.version[:2], '3.8', '--python'):
        has(log, words)


@test(each=['wsgi-cgi', 'wsgi-fcgi'])
def an_interpreter_that_is_not_there_is_said_in_one_line(program):
    empty = WORK.folder('empty')
    text = WORK.file('text', 'python3', text='no program\n')
    for options, words in [(['--python', '/no/such/python3'], '/no/such/python3'),
                           (['--python', empty], empty), (['--python', text], text),
                           (['--python', 'python-that-is-not-there'], 'python-that-is-not-there')]:
        code, log = refused(options, program)
        same(code, EX_UNAVAILABLE, log)
        same(len(log.strip().splitlines()), 1, log)
        has(log, program + ': ')
        has(log, words)


@test
def without_any_interpreter_on_path_it_says_so():
    code, log = refused([], env={'PATH': WORK.folder('empty')})
    same(code, EX_UNAVAILABLE, log)
    has(log, 'python3')
    has(log, '--python')


if __name__ == '__main__':
    if not GOOD:
        sys.exit('no CPython of 3.8 or newer was found')
    main()
