"""What an application is given for one request, and what becomes of it afterwards."""

import json
import random
import time

import gateway
from frontend import Logs, has, has_not, main, same, test
from gateway import Client, Folder

FOLDER = Folder('python-requests')
SERVER = FOLDER.server('--threads', '2')
ENDED = ' was used after its request had ended'


def log_of(server=SERVER):
    return Logs(server.logs())


def all_ended(uses):
    for use, words in uses.items():
        same((use, words.startswith('RuntimeError: '), words.endswith(ENDED)), (use, True, True),
             words)


# Afterwards.

@test
def what_a_request_was_given_is_a_runtime_error_after_it():
    with Client(SERVER) as c:
        c.get('forget')
        same(c.get('keep').body, b'kept 1')
        all_ended(c.json('use')[0])
        c.get('forget')


@test
def the_error_names_the_object():
    with Client(SERVER) as c:
        c.get('forget')
        c.get('keep', b'a body')
        uses = c.json('use')[0]
        c.get('forget')
    same(uses['read'], 'RuntimeError: wsgi.input' + ENDED)
    same(uses['flush'], 'RuntimeError: wsgi.errors' + ENDED)
    same(uses['write'], 'RuntimeError: write()' + ENDED)
    same(uses['start_response'], 'RuntimeError: start_response()' + ENDED)


@test
def the_objects_of_many_requests_may_be_kept():
    with Client(SERVER) as c:
        c.get('forget')
        for _ in range(300):
            c.get('keep', b'unread')
        uses = c.json('use')
        same(len(uses), 300)
        for each in uses:
            all_ended(each)
        same(c.get('hello', b'world').body, b'hello world')
        c.get('forget')
        same(c.get('hello', b'again').body, b'hello again')


@test
def objects_in_a_cycle_are_collected_without_harm():
    with Client(SERVER) as c:
        for _ in range(300):
            same(c.get('cycle', b'unread').body, b'cycle')
        c.get('forget')
        same(c.get('hello', b'world').body, b'hello world')


@test
def the_environ_stays_the_applications():
    with Client(SERVER) as c:
        c.get('forget')
        c.get('keep')
        same(c.json('use_environ'), ['dict', 'keep', 'GET'])
        c.get('forget')


@test
def a_thread_that_comes_too_late_is_told_so():
    log = log_of()
    with Client(SERVER) as c:
        same(c.get('thread_later').body, b'thread started')
        words = log.wait('LOG: thread')
        same(words.count('RuntimeError: '), 4, words)
        same(c.get('hello', b'world').body, b'hello world')


# The environ.

@test
def environ_is_a_dict_of_str():
    with Client(SERVER) as c:
        same(c.json('types')[:2], ['dict', ['str']])


def variables_by_chance(chance):
    """A request's own, for some the same again and again, some long, some missing, in any order."""
    more = {'HTTP_HOST': chance.choice(['a', 'b']), 'HTTP_COOKIE': 'c' * chance.choice([0, 9, 900]),
            'HTTP_X': chance.choice([None, '', '\xe9', 'x' * 160, 'x' * 161, 'y' * 161]),
            'HTTPS': chance.choice([None, 'off', 'on']), 'PATH_INFO': '/%d' % chance.randrange(3),
            'HTTP_' + 'LONG' * 10: chance.choice([None, None, None, 'name'])}
    if chance.random() < 0.05:
        more.update(('HTTP_N%d' % i, str(i)) for i in range(70))
    names = [name for name, value in more.items() if value is not None]
    if chance.random() < 0.1:
        chance.shuffle(names)
    return {name: more[name] for name in names}


@test(each=range(4))
def an_environ_is_that_of_its_own_request(seed):
    chance = random.Random(seed)
    with Client(SERVER) as one, Client(SERVER) as two:
        given = variables_by_chance(chance)
        for _ in range(300):
            if chance.random() < 0.4:
                given = variables_by_chance(chance)
            elif chance.random() < 0.3 and 'HTTPS' in given:
                given['HTTPS'] = chance.choice(['on', 'off'])
            elif chance.random() < 0.5:
                given['HTTP_COOKIE'] = 'd' * chance.choice([0, 9, 160, 161, 900])
            body = chance.choice([None, b'x', b'yy'])
            no_length = {'CONTENT_LENGTH': None} if body and chance.random() < 0.2 else {}
            reply = chance.choice([one, two]).get('spoil', body, **given, **no_length)
            seen, read = json.loads(reply.body)
            wanted = gateway.fastcgi.variables('/', 'spoil', 'GET' if body is None else 'POST', body,
                                               **given, **no_length)
            same(read, (body or b'').decode())
            same(seen, [list(pair) for pair in wanted.items()] +
                 [['wsgi.input', 'Input'], ['wsgi.errors', 'Errors'],
                  ['wsgi.url_scheme', 'https' if given.get('HTTPS') == 'on' else 'http'],
                  ['wsgi.multithread', True], ['wsgi.multiprocess', True], ['wsgi.run_once', False]] +
                 [['wsgi.input_terminated', True]] * len(no_length) +
                 [['wsgi.file_wrapper', 'type'], ['wsgi.version', 'tuple']])


@test
def bytes_are_seen_as_latin_1():
    with Client(SERVER) as c:
        same(c.json('types', PATH_INFO='/\xc3\xa9')[2], '/\xc3\xa9')
        same(c.json('types', PATH_INFO='/\xe9\xff')[2], '/\xe9\xff')


@test
def wsgi_version_is_1_0():
    with Client(SERVER) as c:
        same(c.json('types')[3], [1, 0])


# wsgi.file_wrapper.

DATA = b''.join(b'%05d\n' % i for i in range(4000))
with open(FOLDER.application, 'rb') as this:
    EXPECTED = {'gzip': DATA, 'bytes': DATA, 'read': DATA[100:], 'named': DATA[60:],
                'pipe': DATA[:6000], 'file': DATA, 'raw': this.read()}


@test(each=list(EXPECTED))
def a_wrapped_file_is_sent_from_where_it_stands_and_closed(kind):
    with Client(SERVER) as c:
        for _ in range(3):
            same(c.get('wrapped=' + kind).body, EXPECTED[kind])
            same(c.get('file_closed').body, b'True')


@test(each=list(EXPECTED))
def a_wrapped_file_is_the_same_by_cgi(kind):
    out, log, status = FOLDER.cgi('wrapped=' + kind)
    same(gateway.body_of(out), EXPECTED[kind])
    same((log, status), ('', 0))


@test
def a_wrapped_file_is_closed_when_the_client_leaves():
    with Client(SERVER) as c:
        before = c.descriptors()
        for _ in range(20):
            leaver = Client(SERVER)
            leaver.send(gateway.fastcgi.request(
                gateway.fastcgi.variables('/', 'wrapped=file')))
            leaver.close()
        end = time.monotonic() + 5
        while c.descriptors() != before and time.monotonic() < end:
            time.sleep(0.05)
        same(c.descriptors(), before)


# Exits.

@test(each=['SystemExit', 'SystemExit3', 'exit', 'KeyboardInterrupt', 'GeneratorExit'])
def an_exit_is_a_500_and_the_server_lives(kind):
    name = {'exit': 'SystemExit', 'SystemExit3': 'SystemExit'}.get(kind, kind)
    with Client(SERVER) as c:
        before = c.json('process')['pid']
        log = log_of()
        reply = c.get('leave=' + kind)
        same(reply.status, 500)
        has_not(reply.out.decode(), name)
        has(reply.err.decode() + log.text(), name)
        same(c.json('process')['pid'], before)


@test(each=['SystemExit', 'KeyboardInterrupt'])
def an_exit_in_the_body_cuts_it_and_the_server_lives(kind):
    with Client(SERVER) as c:
        reply = c.get('leave_later=' + kind)
        same(reply.body, b'some ')
        same(reply.ended, None)
    with Client(SERVER) as c:
        same(c.get('hello', b'world').body, b'hello world')


@test(each=['SystemExit', 'KeyboardInterrupt'])
def an_exit_is_a_500_by_cgi(kind):
    out, log, status = FOLDER.cgi('leave=' + kind)
    same((gateway.status_of(out), status), (500, 0))
    has(log, kind)


if __name__ == '__main__':
    main(SERVER.logs)
