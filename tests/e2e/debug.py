"""wsgi-serve --debug and its coloured log: what a developer sees, and what nobody else does.

Environment: BUILD, the folder of the binaries. Words on the command line choose the tests.
"""

import concurrent.futures
import os
import pty
import re
import shutil
import subprocess
import sys
import time

import runner
import serve
from serve import BUILD, TEMP, Server, failing

HTML = {'Accept': 'text/html,*/*;q=0.8'}

APPLICATION = '''\
import collections, json, sys

class Mute:
    def __repr__(self):
        raise RuntimeError('no repr')

class Huge:
    def __repr__(self):
        return 'z' * 1000000

class Exit:
    def __repr__(self):
        sys.exit(3)

class Endless:
    def __repr__(self):
        return repr(self)

class BadStr(Exception):
    def __str__(self):
        raise KeyError('no str')

def simple(env, start):
    quantity = 'three \\u00e9 \\u65e5'
    return int(quantity)

def markup(env, start):
    value = '<img src=x onerror=boom()>'
    raise ValueError('<script>window.ran = 1</script>')

def values(env, start):
    mute, leave, endless = Mute(), Exit(), Endless()
    long = 'x' * 1000000
    data = b'y' * 1000000
    numbers = list(range(1000000))
    ring = []
    ring.append(ring)
    nul, lone = 'a\\0b', '\\ud800'
    raise BadStr

def nul(env, start):
    raise ValueError('a\\0b \\ud800')

def long_message(env, start):
    huge = Huge()
    raise ValueError('m' * 1000000)

def heavy(env, start):
    weight = bytearray(200000)
    try:
        {}['key']
    except KeyError as e:
        raise ValueError('heavy') from e

def chain(env, start):
    try:
        try:
            {}['key']
        except KeyError as e:
            raise OSError(2, 'No such thing') from e
    except OSError:
        raise ValueError('last')

def hidden(env, start):
    try:
        {}['key']
    except KeyError:
        raise ValueError('alone') from None

def deep(env, start):
    return deep(env, start)

def syntax(env, start):
    compile('a = 1\\nif a b:\\n', 'some.py', 'exec')

def library(env, start):
    return json.loads('{')

def group(env, start):
    error = ExceptionGroup('several', [ValueError('one'), OSError('two')])
    error.add_note('a note')
    raise error

def ring(env, start):
    one, two = ValueError('one'), KeyError('two')
    one.__context__, two.__cause__ = two, one
    raise one

def long_chain(env, start):
    error = None
    for n in range(30):
        later = ValueError(str(n))
        later.__context__, error = error, later
    raise error

def many(env, start):
    exec('\\n'.join('v%d = %d' % (n, n) for n in range(150)) + '\\nraise ValueError', {})

def mute(env, start):
    return []

def wrong(env, start):
    start('two hundred', [])

def replaced(env, start):
    start('200 OK', [('Set-Cookie', 'a=1'), ('Content-Length', '3')])
    raise ValueError('after start_response')

def iterated(env, start):
    start('200 OK', [])
    here = 'in the generator'
    raise ValueError('before the first chunk')
    yield b''

def late(env, start):
    start('200 OK', [('Content-Type', 'text/plain')])
    yield b'half'
    raise ValueError('too late')

def handled(env, start):
    try:
        simple(env, start)
    except ValueError:
        start('500 Oops', [('Content-Type', 'text/plain')], sys.exc_info())
        return [b'its own page']

def changed(env, start):
    env['PATH_INFO'] = '/shifted'
    env['site.user'] = 'zoe'
    raise ValueError('with an environ of its own')

def copied(*args):
    kept = {'env': args[0], 'part': {k: v for k, v in args[0].items() if 'HTTP_' in k}}
    scheme, credential = args[0]['HTTP_AUTHORIZATION'].split()
    session = args[0]['HTTP_COOKIE'].partition('=')[2]
    raw = args[0]['HTTP_COOKIE'].encode()
    try:
        raise KeyError(session)
    except KeyError:
        raise ValueError(args)

class Loud:
    asked = 0
    def __repr__(self):
        Loud.asked += 1
        return 'loud'

class Shelf(list):
    pass

class Own(dict):
    def __repr__(self):
        return 'its own words'

LOUD = [Loud() for n in range(10000)]
BYTES = b'start' + b'y' * 30000000 + b'end'

def large(env, start):
    ordered = collections.OrderedDict.fromkeys(LOUD)
    default = collections.defaultdict(list, ordered)
    every, frozen = set(LOUD), frozenset(LOUD)
    shelf, plain, own = Shelf(LOUD), dict(ordered), Own(ordered)
    within, queue = [{'a': (ordered, shelf)}], collections.deque(LOUD)
    small, pair, many = collections.OrderedDict(a=1), (1, 'b'), tuple(LOUD)
    raise ValueError

def asked(env, start):
    raise ValueError('asked %d' % Loud.asked)

def large_bytes(env, start):
    data, within, array = BYTES, [{'a': BYTES}], bytearray(BYTES[:100000] + b'end')
    raise ValueError

def fine(env, start):
    start('200 OK', [])
    return [b'fine']

def application(env, start):
    return globals()[env['PATH_INFO'][1:]](env, start)
'''

LINE = APPLICATION[:APPLICATION.index('return int(')].count('\n') + 1


def app_file():
    path = os.path.join(TEMP, 'debugged.py')
    if not os.path.exists(path):
        with open(path, 'w') as f:
            f.write(APPLICATION)
    return path


class Debugged(Server):
    """Asked by its own name, as a developer does."""

    def __init__(self, *words, **more):
        super().__init__('--debug', *words, **more)

    def get(self, path, method='GET', headers=None):
        return super().get(path, method, headers={'Host': 'localhost', **(headers or {})})


def debugging(*words, **more):
    return Debugged('--python', sys.executable, *words, app_file(), **more)


def native(*words):
    return Debugged(*words, os.path.join(BUILD, 'apps', 'fail.so'))


def lines(body):
    return [line.strip() for line in body.decode().splitlines()]


# The page.

def test_the_traceback_is_the_answer_and_stays_in_the_log():
    with debugging() as server:
        server.await_log('--debug')
        response = server.get('/simple?a=b', headers=HTML)
        page = response.body.decode()
        assert response.status == 500
        assert '<p class="type">ValueError</p>' in page and 'invalid literal for int()' in page
        assert '<b>debugged.py:%d</b></code> <i>in</i> <code>simple</code>' % LINE in page, page
        assert '<span class="at"><i>%d</i>    return int(quantity)' % LINE in page
        assert 'quantity</th><td><div>&#39;three \u00e9 \u65e5&#39;</div></td>' in page
        assert 'QUERY_STRING</th><td><div>a=b</div></td>' in page and 'Python 3.' in page
        server.await_log('ValueError: invalid literal for int')


def test_the_page_runs_and_fetches_nothing_and_is_not_kept():
    with debugging() as server:
        response = server.get('/markup', headers=HTML)
        page = response.body.decode()
        assert '<script' not in page and '<img' not in page
        assert '&lt;script&gt;window.ran = 1&lt;/script&gt;' in page
        assert response.headers['Content-Type'] == 'text/html; charset=utf-8'
        assert response.headers['Content-Security-Policy'] == (
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'")
        assert int(response.headers['Content-Length']) == len(response.body)
        for accept in HTML['Accept'], '*/*':
            response = server.get('/markup', headers={'Accept': accept})
            assert response.headers['Cache-Control'] == 'no-store'
            assert response.headers['Cross-Origin-Resource-Policy'] == 'same-origin'
            assert response.headers['X-Content-Type-Options'] == 'nosniff'


def test_a_terminal_gets_plain_text():
    with debugging() as server:
        response = server.get('/simple', headers={'Accept': '*/*'})
        assert response.headers['Content-Type'] == 'text/plain; charset=utf-8'
        said = lines(response.body)
        assert said[0] == said[-1] and said[0].startswith('ValueError: invalid literal'), said
        at = said.index('>    %d      return int(quantity)' % LINE)
        assert said[at - 2:at] == ['%d  def simple(env, start):' % (LINE - 2),
                                   "%d      quantity = 'three \\u00e9 \\u65e5'" % (LINE - 1)], said
        assert said[at + 1] == str(LINE + 1), said
        assert "quantity = 'three \u00e9 \u65e5'" in said


def test_what_the_application_does_with_str_and_repr_is_survived():
    with debugging() as server:
        for _ in range(3):
            said = lines(server.get('/values').body)
            assert said[0] == 'debugged.BadStr: <str() raised KeyError>', said[0]
            assert 'mute = <repr() raised RuntimeError>' in said
            assert 'leave = <repr() raised SystemExit>' in said
            assert 'endless = <repr() raised RecursionError>' in said
            assert "nul = 'a\\x00b'" in said and "lone = '\\ud800'" in said
            assert any(s.startswith("long = 'xxx") and 900 < len(s) < 1100 for s in said)
            assert any(s.startswith("data = b'yyy") and 900 < len(s) < 1100 for s in said)
            assert any(s.startswith('numbers = [0, 1, 2,') and s.endswith('...]') for s in said)
            assert any(s.startswith('ring = [[') and '...' in s for s in said)
        assert server.get('/fine').body == b'fine'


def test_what_is_too_long_is_cut():
    with debugging() as server:
        said = lines(server.get('/long_message').body)
        assert said[0] == 'ValueError: ' + 'm' * 10000 + '\u2026', len(said[0])
        assert 'huge = ' + 'z' * 1000 + '\u2026' in said


def test_of_what_is_large_a_part_is_asked():
    with debugging() as server:
        said = lines(server.get('/large').body)
        for start in ('ordered = OrderedDict({loud: None, loud: ', 'default = defaultdict({loud: ',
                      'every = {loud, ', 'frozen = frozenset({loud, ', 'shelf = Shelf([loud, ', 'many = (loud, ',
                      'queue = deque([loud, ',
                      'plain = {loud: ', "within = [{'a': (OrderedDict({loud: None, "):
            assert any(s.startswith(start) for s in said), (start, said)
        assert 'own = its own words' in said and 'small = OrderedDict({\'a\': 1})' in said, said
        assert "pair = (1, 'b')" in said, said
        asked = re.search(rb'asked (\d+)', server.get('/asked').body)
        assert 300 < int(asked[1]) < 1500, asked


def test_large_bytes_are_shown_by_their_ends_in_little_memory():
    def peak(server):
        with open('/proc/%d/status' % server.process.pid) as f:
            return int(re.search(r'VmHWM:\s+(\d+)', f.read())[1])

    with debugging() as server:
        server.get('/simple')
        before = peak(server)
        said = lines(server.get('/large_bytes').body)
        assert peak(server) - before < 10000, (before, peak(server))
        for start, end in (("data = b'starty", "yyend'"), ("array = bytearray(b'starty", "yyend')"),
                           ("within = [{'a': b'starty", '\u2026')):
            assert any(s.startswith(start) and s.endswith(end) and len(s) < 1200
                       for s in said), (start, said)


def test_a_message_with_a_nul_is_told_whole():
    with debugging() as server:
        assert lines(server.get('/nul').body)[0] == 'ValueError: a\\x00b \\ud800'


def order(text, *parts):
    at = 0
    for part in parts:
        at = text.find(part, at)
        assert at >= 0, (part, text)
        at += len(part)


def test_the_exceptions_that_led_to_it_are_told():
    with debugging() as server:
        order(server.get('/chain').body.decode(), 'ValueError: last\n', "{}['key']",
              "\nKeyError: 'key'\n", 'That caused the next one', 'raise OSError',
              '\nFileNotFoundError: [Errno 2] No such thing\n',
              'While that was being handled', "raise ValueError('last')", '\nValueError: last\n')
        order(server.get('/chain', headers=HTML).body.decode(), '>ValueError</p>', '>last</h1>',
              'while this was being handled', 'FileNotFoundError', 'It was caused by', 'KeyError')
        alone = server.get('/hidden').body.decode()
        assert '\nKeyError: ' not in alone and alone.count('Traceback') == 1, alone


def test_a_deep_recursion_is_cut_in_the_middle():
    with debugging() as server:
        said = server.get('/deep').body.decode()
        assert said.startswith('RecursionError: ')
        assert re.search(r'\n  \d+ frames are left out here\n', said)
        assert said.count('debugged.py:') == 100, said.count('debugged.py:')


def test_a_syntax_error_shows_the_place():
    with debugging() as server:
        order(server.get('/syntax').body.decode(), 'SyntaxError: ', 'File "some.py", line 2',
              'if a b:', '^', 'in syntax')


def test_the_exceptions_of_a_group_are_told():
    with debugging() as server:
        said = server.get('/group').body.decode()
        if sys.version_info >= (3, 11):
            order(said, 'ExceptionGroup: several', '\na note', '1. ValueError: one',
                  '2. OSError: two')


def test_a_ring_of_exceptions_has_an_end_and_a_long_chain_is_cut():
    with debugging() as server:
        said = server.get('/ring').body.decode()
        assert said.count('\nTraceback') == 2, said
        order(said, "\nKeyError: 'two'\n", 'While that was being handled', '\nValueError: one\n')
        said = server.get('/long_chain').body.decode()
        assert said.count('\nTraceback') == 21, said
        order(said, '(older ones): are left out', '\nValueError: 10\n', '\nValueError: 29\n')


def test_of_many_variables_the_first_are_told():
    with debugging() as server:
        said = server.get('/many').body.decode()
        order(said, '<string>:151 in <module>', ' v0 = 0\n', ' v99 = 99\n',
              ' (left out) = 50 of them\n')
        assert ' v100 = ' not in said


def test_a_frame_of_a_library_stands_back():
    with debugging() as server:
        page = server.get('/library', headers=HTML).body.decode()
        order(page, '<details class="other" open>', 'decoder.py', '<details open>',
              'debugged.py', '<code>library</code>', '<details><summary>', 'application')


def test_what_the_server_finds_is_told_too():
    with debugging() as server:
        said = lines(server.get('/mute').body)
        assert said[-1].endswith('start_response() was not called'), said
        assert 'There is no traceback: this comes from C code' in ' '.join(said), said
        assert not any(line.startswith('Traceback') for line in said), said
        assert 'AssertionError: ' in server.get('/wrong').body.decode()


def test_the_page_replaces_an_answer_that_has_not_gone():
    with debugging() as server:
        response = server.get('/replaced')
        assert response.status == 500 and 'Set-Cookie' not in response.headers
        assert b'ValueError: after start_response' in response.body
        assert b"here = 'in the generator'" in server.get('/iterated').body


def test_an_answer_that_is_on_its_way_is_cut_as_ever():
    with debugging() as server:
        data = server.raw(b'GET /late HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
        assert b'half' in data and b'too late' not in data and b'\r\n0\r\n' not in data, data
        server.await_log('ValueError: too late')


def test_an_error_that_the_application_handles_is_its_own():
    with debugging() as server:
        response = server.get('/handled')
        assert response.status == 500 and response.body == b'its own page'
        assert server.get('/fine').status == 200


def test_head_gets_the_headers_alone():
    with debugging() as server:
        response = server.get('/simple', 'HEAD', headers=HTML)
        assert response.status == 500 and response.body == b''
        assert response.headers['Content-Type'] == 'text/html; charset=utf-8'


def test_an_application_in_c_has_its_words_shown():
    with native() as server:
        page = server.get('/words', headers=HTML).body.decode()
        assert '<p class="type">Input/output error</p>' in page
        assert 'the &lt;b&gt;disk&lt;/b&gt; is full' in page
        assert lines(server.get('/mute').body)[0] == 'Input/output error'
        assert b'half' in server.raw(b'GET /late HTTP/1.0\r\nHost: localhost\r\n\r\n')
        server.await_log('the <b>disk</b> is full')


def test_validate_does_not_stand_in_the_way():
    with debugging('--validate') as server:
        assert b'return int(quantity)' in server.get('/simple').body
    with native('--validate') as server:
        assert b'the <b>disk</b> is full' in server.get('/words').body


def test_threads_have_a_page_each():
    with debugging('--threads', '8') as server, \
            concurrent.futures.ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda n: server.get('/simple?n=%d' % n).body, range(80)))
        for n, page in enumerate(pages):
            assert b'\n  QUERY_STRING = n=%d\n' % n in page, page


def test_pages_leave_no_memory_behind():
    def resident(server):
        with open('/proc/%d/status' % server.process.pid) as f:
            return int(re.search(r'VmRSS:\s+(\d+)', f.read())[1])

    with debugging() as server:
        for _ in range(20):
            server.get('/heavy')
        before = resident(server)
        for _ in range(200):  # of 200 kB each, were they kept
            server.get('/heavy', headers=HTML)
        assert resident(server) - before < 5000, (before, resident(server))


# Who gets it.

def test_without_the_option_nothing_is_told():
    with Server(app_file()) as server:
        for accept in HTML, {}:
            response = server.get('/simple', headers=accept)
            assert response.status == 500
            assert response.body.startswith(b'A server error occurred.'), response.body


def test_secrets_of_the_request_are_not_told():
    with debugging() as server:
        headers = {'Cookie': 'sid=s3cret', 'Authorization': 'Basic s3cret', 'Accept': '*/*'}
        for accept in HTML['Accept'], '*/*':
            page = server.get('/simple', headers={**headers, 'Accept': accept}).body
            assert b's3cret' not in page, page
            assert b'HTTP_COOKIE' in page and b'HTTP_AUTHORIZATION' in page


def test_secrets_of_the_request_are_not_told_by_variables_and_messages():
    short = {'Cookie': 'sid=s3cret-s3cret', 'Authorization': 'Basic czNjcmV0OnMzY3JldA=='}
    long = {'Cookie': 'sid=' + 's3cret.' * 300, 'Authorization': 'Bearer ' + 'czNjcmV0' * 200}
    for words in [], ['--validate']:
        with debugging(*words) as server:
            for headers in short, long:
                for accept in HTML['Accept'], '*/*':
                    page = server.get('/copied', headers={**headers, 'Accept': accept}).body
                    assert b's3cret' not in page and b'czNj' not in page, page
                    assert b'HTTP_COOKIE' in page and page.count(b'(hidden)') > 8, page


def test_an_environ_is_shown_by_what_the_application_made_of_it():
    with debugging() as server:
        said = server.get('/changed', headers={'X-Long': 'x' * 500}).body.decode()
        assert said.count('x' * 500) == 1, said
        assert ("env = {'SCRIPT_NAME': '', 'PATH_INFO': '/shifted', 'site.user': 'zoe', "
                "Ellipsis: 'as in the request'}") in said, said
        assert 'PATH_INFO = /changed' in said


def test_a_name_that_was_rebound_gets_the_ordinary_page():
    with debugging() as server:
        for host in 'evil.example', 'localhost.evil.example:8000', '192.168.1.1', '':
            body = server.get('/simple', headers={**HTML, 'Host': host}).body
            assert body.startswith(b'A server error occurred.'), (host, body)
        server.await_log("not for Host 'evil.example'")
        for host in 'localhost:1', '127.0.0.1', '[::1]:8000':
            assert b'quantity' in server.get('/simple', headers={**HTML, 'Host': host}).body
        data = server.raw(b'GET /simple HTTP/1.0\r\n\r\n')
        assert b'A server error occurred.' in data and b'quantity' not in data


def test_who_comes_through_a_proxy_that_says_so_gets_the_ordinary_page():
    with debugging() as server:
        for name in 'X-Forwarded-For', 'x-forwarded-host', 'Forwarded', 'Via', 'X-Real-IP':
            body = server.get('/simple', headers={**HTML, name: '192.0.2.1'}).body
            assert body.startswith(b'A server error occurred.'), (name, body)
        server.await_log('HTTP_X_FORWARDED_HOST')
        assert b'quantity' in server.get('/simple', headers={'X-Forward': 'no'}).body


def test_it_listens_on_loopback_only():
    for bind in '0.0.0.0:0', ':0', '[::]:0', 'unix:' + os.path.join(TEMP, 'debug.socket'):
        code, said = failing('--debug', '--bind', bind, 'demo')
        assert code == 64 and said.startswith('wsgi-serve: --debug') and said.count('\n') == 1, \
            (bind, code, said)
        code, said = failing('--debug', '--reload', '--bind', bind, 'demo')
        assert code == 64 and said.count('\n') == 1, (bind, code, said)
    for bind in '127.3.2.1:0', '[::1]:0', 'localhost:0':
        with debugging(bind=bind) as server:
            assert b'quantity' in server.get('/simple').body


def test_an_inherited_socket_is_looked_at_too():
    import socket
    for address, good in ('0.0.0.0', False), ('127.0.0.1', True):
        with socket.create_server((address, 0)) as s:
            s.set_inheritable(True)
            process = subprocess.Popen([os.path.join(BUILD, 'wsgi-serve'), '--debug', '--bind',
                                        'fd://%d' % s.fileno(), 'demo'], close_fds=False,
                                       stderr=subprocess.PIPE, text=True)
            first = process.stderr.readline()
            process.stderr.close()
            if good or 'listening' in first:
                process.terminate()
            code = process.wait(serve.WAIT)
            assert ('--debug shows' in first) != good and code == (0 if good else 64), first


def test_a_backend_has_nothing_to_show():
    code, said = failing('--debug', '--fcgi', '127.0.0.1:9')
    assert code == 64 and '--fcgi' in said and said.count('\n') == 1, (code, said)


def broken_file():
    path = os.path.join(TEMP, 'broken.py')
    with open(path, 'w') as f:
        f.write('raise ValueError("at import")\n')
    return path


def test_an_error_at_import_stays_on_the_terminal():
    code, said = failing('--debug', '--bind', '127.0.0.1:0', broken_file())
    assert code not in (0, 64) and 'ValueError: at import' in said, (code, said)


def test_a_supervisor_looks_at_the_address_before_anything_runs():
    code, said = failing('--debug', '--reload', '--bind', '0.0.0.0:0', broken_file())
    assert code == 64 and said.startswith('wsgi-serve: --debug') and said.count('\n') == 1, said


# The log's colours.

def on_a_terminal(*words, **env):
    """What stands on the terminal after a few requests."""
    master, slave = pty.openpty()
    process = subprocess.Popen([os.path.join(BUILD, 'wsgi-serve'), '--bind', '127.0.0.1:0', *words],
                               stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, cwd=TEMP,
                               env={**{k: v for k, v in os.environ.items() if k != 'NO_COLOR'},
                                    'TERM': 'xterm', **env})
    os.close(slave)
    shown = ''

    def until(pattern):
        nonlocal shown
        end = time.monotonic() + serve.WAIT
        while not re.search(pattern, shown):
            assert time.monotonic() < end, shown
            shown += os.read(master, 65536).decode()
        return re.search(pattern, shown)

    try:
        port = int(until(r'listening on http://127.0.0.1:(\d+)/')[1])
        for path in '/fine', '/simple':
            connection = serve.http.client.HTTPConnection('127.0.0.1', port, timeout=serve.WAIT)
            connection.request('GET', path)
            connection.getresponse().read()
            connection.close()
        until(r'GET /simple HTTP/1.1" 500 \d+')
    finally:
        process.terminate()
        process.wait(serve.WAIT)
    try:
        shown += os.read(master, 65536).decode()
    except OSError:
        pass
    os.close(master)
    return shown


def test_request_lines_have_colours_on_a_terminal():
    shown = on_a_terminal(app_file())
    assert re.search(r'127\.0\.0\.1 - - \x1b\[2m\[[^]]+\]\x1b\[0m "GET /fine HTTP/1.1" 200 4\r\n',
                     shown), shown
    assert re.search(r'\x1b\[1;31m"GET /simple HTTP/1.1" 500 59\x1b\[0m\r\n', shown), shown


def test_no_colours_for_who_wants_none_or_has_none():
    for env in {'NO_COLOR': '1'}, {'TERM': 'dumb'}:
        assert '\x1b' not in on_a_terminal(app_file(), **env)
    with debugging(TERM='xterm') as server:
        server.get('/simple')
        server.await_log('GET /simple HTTP/1.1" 500')
        assert '\x1b' not in server.log()


def main():
    try:
        return runner.say(*runner.run(globals()))
    finally:
        shutil.rmtree(TEMP, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
