"""--error-logfile of wsgi-cgi and wsgi-iis: whatever is said about a request is in the file."""

import os
import pwd
import re
import shutil
import subprocess

from frontend import (WEB_USER, Apache, Logs, Work, connect, has, has_not, main, read_answer, request,
                      same, send, test, until)

WORK = Work('error-log')
CGIS = ['wsgi-cgi', 'wsgi-iis']
TIME = r'\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] \[ERROR\] '
PAGE = (b'Status: 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 59\r\n\r\n'
        b'A server error occurred.  Please contact the administrator.')

SAYS = WORK.file('apps', 'says.py', text='''
import os, subprocess, sys
print('printed at import')
def application(environ, start_response):
    print('printed')
    os.write(1, b'by descriptor 1\\n')
    os.write(2, b'by descriptor 2\\n')
    subprocess.run(['sh', '-c', 'echo by a child; echo and its errors >&2'])
    print('in wsgi.errors', file=environ['wsgi.errors'])
    print('and once more', file=environ['wsgi.errors'])
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'said']
''')
WRITES = WORK.file('apps', 'writes.py', text='''
def application(environ, start_response):
    environ['wsgi.errors'].write('a line\\n')
    environ['wsgi.errors'].flush()
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'written']
''')
RAISES = WORK.file('apps', 'raises.py', text='''
def application(environ, start_response):
    raise ValueError('of the application')
''')
BROKEN = WORK.file('apps', 'broken.py', text='import there_is_no_such_module\n')


def run(command, *words, cwd=WORK.path, user=None, stderr=subprocess.PIPE, **more):
    """Exit status, standard output, standard error, as a web server sees them."""
    env = {'PATH': '/usr/bin:/bin', 'LANG': 'C.UTF-8', 'PYTHONDONTWRITEBYTECODE': '1',
           'GATEWAY_INTERFACE': 'CGI/1.1', 'REQUEST_METHOD': 'GET', 'SCRIPT_NAME': '/app',
           'PATH_INFO': '/x', 'QUERY_STRING': 'secret'}
    env.update(more)
    done = subprocess.run([WORK.program(command), *words], env=env, cwd=cwd, user=user,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr,
                          timeout=60)
    return done.returncode, done.stdout, (done.stderr or b'').decode('utf-8', 'backslashreplace')


def fresh(name='error.log'):
    """The path of a log that is not there yet."""
    path = os.path.join(WORK.path, name)
    if os.path.lexists(path):
        os.remove(path)
    return path


def text_of(path):
    with open(path, encoding='utf-8', errors='backslashreplace') as f:
        return f.read()


def is_line(log, words):
    """The log is one line of ours."""
    assert re.fullmatch(TIME + re.escape(words) + '\n', log), 'seen %r, wanted %r' % (log, words)


# Where it all goes.

@test(each=CGIS)
def what_a_python_application_says_is_in_the_file_and_nowhere_else(command):
    log = fresh()
    status, out, err = run(command, '--error-logfile', log, SAYS)
    same((status, out.rpartition(b'\r\n')[2], err), (0, b'said', ''))
    wanted = ['printed at import', 'printed', 'by descriptor 1', 'by descriptor 2', 'by a child',
              'and its errors', None, 'in wsgi.errors', 'and once more']
    lines = text_of(log).splitlines()
    same(len(lines), len(wanted), lines)
    for line, words in zip(lines, wanted):
        if words is None:
            is_line(line + '\n', 'wsgi.errors of GET /app/x:')
        else:
            same(line, words)


@test(each=CGIS)
def what_a_C_application_says_is_in_the_file_and_nowhere_else(command):
    log = fresh()
    status, out, err = run(command, '--error-logfile', log, WORK.native('prints.so'))
    same((status, out.rpartition(b'\r\n')[2], err), (0, b'said\n', ''))
    lines = text_of(log).splitlines()
    is_line(lines.pop(4) + '\n', 'wsgi.errors of GET /app/x:')
    same(lines, ['by printf', 'by stderr', 'by descriptor 1', 'by descriptor 2', 'by wsgi.errors'])


@test(each=CGIS)
def a_traceback_has_its_time_and_its_request(command):
    log = fresh()
    status, out, err = run(command, '--error-logfile', log, RAISES)
    same((status, out, err), (0, PAGE, ''))
    first, _, rest = text_of(log).partition('\n')
    is_line(first + '\n', 'wsgi.errors of GET /app/x:')
    assert rest.startswith('Traceback '), rest
    assert rest.endswith('ValueError: of the application\n'), rest


@test(each=CGIS)
def a_failure_of_a_C_application_too(command):
    log = fresh()
    status, out, err = run(command, '--error-logfile', log, WORK.native('fail.so'),
                           PATH_INFO='/words')
    same((status, out, err), (0, PAGE, ''))
    first, second = text_of(log).splitlines()
    is_line(first + '\n', 'wsgi.errors of GET /app/words:')
    same(second, 'the <b>disk</b> is full')


@test(each=CGIS)
def what_does_not_load_has_its_time(command):
    log = fresh()
    status, out, err = run(command, '--error-logfile', log, BROKEN)
    same((status, out, err), (78, PAGE, ''))
    has(text_of(log), "No module named 'there_is_no_such_module'")
    assert re.match(TIME, text_of(log).splitlines()[-1]), text_of(log)


@test(each=CGIS)
def an_interpreter_that_cannot_load_the_plugin_says_so_there(command):
    WORK.file('bare', 'wsgi_python.abi3.so', text='no module at all')
    shutil.copy(WORK.program(command), WORK.folder('bare'))
    program, log = os.path.join(WORK.path, 'bare', command), fresh()
    python = '--python=/usr/bin/python3'
    same(run(program, '--error-logfile', log, python, SAYS), (69, PAGE, ''))
    assert re.match(TIME + '/usr/bin/python3 cannot load ' + WORK.path, text_of(log)), text_of(log)
    for words in (), ('--error-logfile=-',):
        err = run(program, *words, python, SAYS)[2]
        assert err.startswith(command + ': /usr/bin/python3 cannot load '), err
    err = run(program, python, '--', '--error-logfile=x.py')[2]
    assert err.startswith(command + ': /usr/bin/python3 cannot load '), err


@test(each=CGIS)
def requests_stand_one_after_the_other(command):
    log = fresh()
    for _ in range(2):
        run(command, '--error-logfile', log, WORK.native('prints.so'))
        run(command, '--error-logfile', log, RAISES)
    same(text_of(log).count('wsgi.errors of GET /app/x:'), 4)
    same(text_of(log).count('ValueError: of the application\n'), 2)


@test(each=CGIS)
def without_the_option_or_with_a_hyphen_it_is_standard_error_as_ever(command):
    for words in (), ('--error-logfile=-',):
        status, out, err = run(command, *words, WORK.native('prints.so'))
        same(err.splitlines(), ['by printf', 'by stderr', 'by descriptor 1', 'by descriptor 2',
                                'by wsgi.errors'])
        same(run(command, *words, './none.so')[2].partition(':')[0], command)
    assert not os.path.exists(os.path.join(WORK.path, '-'))


# Which file it is.

@test(each=CGIS)
def a_relative_name_counts_from_where_the_program_was_started(command):
    for application in SAYS, WORK.native('prints.so'):
        log = fresh('relative.log')
        run(command, '--chdir', WORK.apps, '--error-logfile', 'relative.log', application)
        has(text_of(log), 'by descriptor 2')
        assert not os.path.exists(os.path.join(WORK.apps, 'relative.log'))


@test(each=CGIS)
def SetEnv_names_it(command):
    for name in 'WSGI_ERROR_LOGFILE', 'REDIRECT_WSGI_ERROR_LOGFILE':
        for application in SAYS, WORK.native('prints.so'):
            log = fresh()
            same(run(command, application, **{name: log})[2], '')
            has(text_of(log), 'wsgi.errors of GET /app/x:')
    mine, other = fresh('mine.log'), fresh()
    run(command, '--error-logfile', mine, RAISES, WSGI_ERROR_LOGFILE=other)
    has(text_of(mine), 'ValueError')
    assert not os.path.exists(other)


@test(each=CGIS)
def no_client_names_it(command):
    log = fresh()
    for more in ({'HTTP_WSGI_ERROR_LOGFILE': log}, {'HTTP_REDIRECT_WSGI_ERROR_LOGFILE': log},
                 {'QUERY_STRING': 'WSGI_ERROR_LOGFILE=' + log}):
        has(run(command, RAISES, **more)[2], 'ValueError')
    query = '--error-logfile%3D' + log
    has(run(command, RAISES, '--error-logfile=' + log, QUERY_STRING=query)[2], 'ValueError')
    for words in ['--error-logfile=' + log], ['--bad', '--error-logfile=' + log]:
        has(run(command, *words, QUERY_STRING='+'.join(words).replace('=', '%3D'))[2],
            'no application is named')
    assert not os.path.exists(log)


# What is refused is said there too.

REFUSED = [
    (['--error-logfile', 'LOG', '--bad'], 64, 'no option --bad: see %s --help'),
    (['--bad', '--error-logfile', 'LOG'], 64, 'no option --bad: see %s --help'),
    (['--bad', '--error-logfile=LOG', 'app.py'], 64, 'no option --bad: see %s --help'),
    (['--error-logfile', 'LOG'], 64,
     'no application is named: %s APPLICATION, or --root FOLDER; see %s --help'),
    (['--error-logfile', 'LOG', 'a b'], 64, "'a b': ' ' cannot stand in a module's name"),
    (['--error-logfile', 'LOG', '--chdir=none', 'app.py'], 66,
     '--chdir none: No such file or directory'),
    (['--error-logfile', 'LOG', '--python=/none', 'app.py'], 69,
     'no interpreter: --python /none: No such file or directory'),
    (['--error-logfile', 'LOG', './none.so'], 66, './none.so: No such file or directory'),
]


@test(each=[(c, *row) for c in CGIS for row in REFUSED])
def a_line_that_is_refused_is_in_the_file(given):
    command, words, code, line = given
    log = fresh()
    seen = run(command, *[w.replace('LOG', log) for w in words])
    same(seen, (code, PAGE, ''))
    is_line(text_of(log), line.replace('%s', command))


@test
def a_mapping_that_is_refused_is_in_the_file():
    log = fresh()
    more = {'SCRIPT_NAME': '/says.py', 'PATH_INFO': '/says.py', 'PATH_TRANSLATED': SAYS}
    same(run('wsgi-iis', '--error-logfile', log, SAYS, **more), (64, PAGE, ''))
    is_line(text_of(log), 'a script mapping needs --root FOLDER or an application: "%s" is only '
                          'what the request names' % SAYS)
    log = fresh()
    status, out, err = run('wsgi-iis', '--error-logfile', log, '--root', WORK.bin, SAYS, **more)
    same((status, out[:20], err), (77, b'Status: 403 Forbidde', ''))
    is_line(text_of(log), '%s is not below the root %s: not served' % (SAYS, WORK.bin))


@test(each=CGIS)
def help_and_version_make_no_file(command):
    log = fresh()
    for word in '--help', '--version':
        status, out, err = run(command, '--error-logfile', log, word)
        same((status, err), (0, ''))
    assert not os.path.exists(log)


# When it cannot be opened.

os.chmod(WORK.folder('closed'), 0o555)
UNUSABLE = [
    (os.path.join(WORK.path, 'none', 'error.log'), 'its folder is not there'),
    (WORK.apps, 'Is a directory'),
    (os.path.join(SAYS, 'error.log'), 'Not a directory'),
    (os.path.join(WORK.path, 'closed', 'error.log'), 'Permission denied'),
]


@test(each=[(c, *row) for c in CGIS for row in UNUSABLE])
def a_file_that_cannot_be_opened_is_said_once_and_the_request_is_served(given):
    command, log, why = given
    user = pwd.getpwnam(WEB_USER).pw_uid if WEB_USER else None
    for application in SAYS, WORK.native('prints.so'):
        status, out, err = run(command, '--error-logfile', log, application, user=user)
        same((status, out.strip()[-4:]), (0, b'said'))
        lines = err.splitlines()
        same(lines.pop(0),
             '%s: the error log %s: %s: standard error is used; name a file by --error-logfile '
             'that this program\'s user can make or append to' % (command, log, why))
        same([line for line in lines if line.startswith(command) or '[ERROR]' in line], [])
        has(err, 'by descriptor 2')
    same(run(command, '--error-logfile', log, '--bad', user=user)[2].splitlines()[1],
         '%s: no option --bad: see %s --help' % (command, command))


@test(each=CGIS)
def a_full_disk_loses_lines_and_no_answer(command):
    for application, wanted in (WRITES, b'written'), (WORK.native('hello.so'), b'hello GET /x '):
        status, out, err = run(command, '--error-logfile', '/dev/full', application)
        same((status, out.rpartition(b'\r\n')[2], err), (0, wanted, ''))
    for application in RAISES, WORK.native('fail.so'):
        same(run(command, '--error-logfile', '/dev/full', application), (0, PAGE, ''))
    same(run(command, '--error-logfile', '/dev/full', '--bad'), (64, PAGE, ''))


# Behind Apache, where SetEnv names the file.

SITE = WORK.file('apps', 'site.py', text='''
import os, time
from flask import Flask, request
application = Flask('site')

@application.route('/')
def index():
    application.logger.warning('it warns')
    return 'served'

@application.route('/raise')
def fail():
    raise ValueError('a word for nobody else')

@application.route('/slow')
def slow():
    name = request.args['name']
    application.logger.warning('%s begins', name)
    while not os.path.exists(request.args['until']):
        time.sleep(0.01)
    application.logger.warning('%s ends', name)
    return name
''')
LOG = os.path.join(WORK.run, 'flask.log')
APACHE = Apache(WORK, [
    ('apache-app.conf', {'WSGI_CGI': WORK.program(command), 'WSGI_MOUNT': mount,
                         'WSGI_APPLICATION': SITE})
    for mount, command in (('/cgi', 'wsgi-cgi'), ('/iis', 'wsgi-iis'), ('/closed', 'wsgi-cgi'))
], '''
SetEnv WSGI_ERROR_LOGFILE "%s"
<Location "/closed">
	SetEnv WSGI_ERROR_LOGFILE "%s/none/error.log"
</Location>
''' % (LOG, WORK.path))


@test(each=['/cgi', '/iis'])
def an_error_of_flask_has_its_time_and_request_in_the_file_alone(mount):
    fresh(LOG)
    apache = Logs([APACHE.log])
    answer = request(APACHE.port, mount + '/raise?secret', headers={'X-Word': 'secret'})
    same(answer.status, 500)
    for words in 'a word', 'Traceback', SITE:
        has_not(answer.body.decode(), words)
    first, _, rest = text_of(LOG).partition('\n')
    is_line(first + '\n', 'wsgi.errors of GET %s/raise:' % mount)
    has(rest, 'Traceback (most recent call last)')
    has(rest, 'ValueError: a word for nobody else')
    has_not(rest, 'secret')
    same(apache.text(), '')
    same(oct(os.stat(LOG).st_mode & 0o777), '0o640')


@test
def requests_at_once_have_whole_lines_and_both_their_names():
    fresh(LOG)
    both = fresh(os.path.join(WORK.run, 'both'))
    path = '/cgi/slow?until=%s&name=' % both
    with connect(APACHE.port) as a, connect(APACHE.port) as b:
        for s, name in (a, 'one'), (b, 'two'):
            send(s, 'GET', path + name, headers=[('Connection', 'close')])
        until(lambda: os.path.exists(LOG) and text_of(LOG).count(' begins') == 2, 'both begin')
        with open(both, 'w'):
            pass
        for s, name in (a, 'one'), (b, 'two'):
            with s.makefile('rb') as f:
                same(read_answer(f, 'GET').body.decode(), name)
    lines = text_of(LOG).splitlines()
    same(len(lines), 6, lines)
    ours = [line for line in lines if re.fullmatch(TIME + 'wsgi.errors of GET /cgi/slow:', line)]
    same(len({re.search(r'\] \[(\d+)\]', line)[1] for line in ours}), 2, lines)
    same(sorted(line.rpartition(': ')[2] for line in lines if line not in ours),
         ['one begins', 'one ends', 'two begins', 'two ends'])


@test
def a_file_that_was_rotated_away_is_made_anew():
    fresh(LOG)
    old = fresh(LOG + '.1')
    both = fresh(os.path.join(WORK.run, 'both'))
    with connect(APACHE.port) as s:
        send(s, 'GET', '/cgi/slow?name=one&until=' + both, headers=[('Connection', 'close')])
        until(lambda: os.path.exists(LOG) and 'one begins' in text_of(LOG), 'it begins')
        os.rename(LOG, old)
        same(request(APACHE.port, '/cgi/').body, b'served')
        with open(both, 'w'):
            pass
        with s.makefile('rb') as f:
            same(read_answer(f, 'GET').status, 200)
    has(text_of(old), 'one ends')
    has_not(text_of(old), 'it warns')
    has(text_of(LOG), 'wsgi.errors of GET /cgi/:')
    has(text_of(LOG), 'it warns')
    has_not(text_of(LOG), 'one ends')


@test
def where_it_cannot_be_opened_apaches_log_has_it_all():
    apache = Logs([APACHE.log])
    same(request(APACHE.port, '/closed/').body, b'served')
    text = apache.wait('it warns')
    has(text, 'wsgi-cgi: the error log %s/none/error.log: its folder is not there' % WORK.path)
    same(request(APACHE.port, '/closed/raise').status, 500)
    apache.wait('ValueError: a word for nobody else')


if __name__ == '__main__':
    main()
