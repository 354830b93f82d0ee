#!/usr/bin/env python3
"""Compare applications in C under wsgi-cgi and wsgi-iis with the same under wsgiref's handlers.

    natives.py [--seed SEED] [--count COUNT]

tests/apps/steps.c does what its request says, step by step; other applications there are a table of
such texts, which is read from their sources. Equal are the whole response, the log and the exit
status, but for what DIFFERENCES in handlers.py says. The last line is "N passed, M failed".

Environment: BUILD, the folder of the binaries (build/ of this repository).
"""
import argparse
import glob
import io
import os
import random
import re
import sys
from wsgiref import handlers as wsgiref_handlers

import answers
import handlers
from asked import PIECES, PROCESS, USUAL, as_bytes

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get('BUILD', os.path.join(TESTS, '..', 'build')))
APPS = os.path.join(TESTS, 'apps')
SHOWN = 20


# -- wsgiref's answer, in a process whose streams are files --------------------------------------

class Whole(handlers.Differing):
    """All that we do otherwise; and wsgi.input ends at CONTENT_LENGTH (PEP 3333)."""
    differences = set(handlers.DIFFERENCES)
    get_stdin = answers.Careful.get_stdin


class Iis(Whole, wsgiref_handlers.IISCGIHandler):
    pass


class Cgi(Whole, wsgiref_handlers.CGIHandler):
    pass


class Application(handlers.App):
    def value(self, name):
        """A variable's bytes: those of the client, or else the text's own."""
        value = str(self.environ.get(name))
        if wsgiref_handlers._needs_transcode(name):
            return value.encode('latin-1')
        return value.encode('utf-8', 'surrogateescape')


def env_dump(environ, start_response):
    """As env_dump.c."""
    objects = ('wsgi.input', 'wsgi.errors', 'wsgi.file_wrapper')
    lines = ['%s (%s) %s\n' % ((name, 'object', '') if name in objects else
                               (name, type(value).__name__, ascii(value)))
             for name, value in sorted(environ.items())]
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [''.join(lines).encode('ascii')]


def respond(handler, steps):
    """Answer from descriptor 0 on 1 and 2; handler() is made when they are the streams.

    steps: or an application.
    """
    sys.stdin = io.TextIOWrapper(open(0, 'rb', closefd=False))
    sys.stdout = io.TextIOWrapper(open(1, 'wb', closefd=False))
    sys.stderr = io.TextIOWrapper(open(2, 'wb', closefd=False), 'utf-8', 'backslashreplace',
                                  newline='\n')
    made = handler()
    made.run(steps if callable(steps) else Application(made, steps))
    sys.stdout.flush()
    sys.stderr.flush()
    return 0


def respond_to(handler, environ, steps):
    os.environb.clear()
    os.environb.update(environ)
    return respond(handler, steps)


# -- the texts of the applications ---------------------------------------------------------------

def unquote(text):
    return re.sub('%([0-9A-Fa-f]{2})', lambda m: chr(int(m[1], 16)), text)


def step_of(text):
    op, rest = text[0], text[2:]
    if op not in 'Ss':
        return op, unquote(rest)
    status, exc, *headers = rest.split(':')
    pairs = [tuple(map(unquote, header.partition('=')[::2])) for header in headers if header]
    return op, unquote(status), int(exc), pairs


def steps_of(text):
    return [step_of(one) for one in text.split(';') if one]


def strings(source, macros):
    """The value of C string literals and macros in a row."""
    out = []
    for macro, literal in re.findall(r'(STEPS_[A-Z]+)|"((?:[^"\\]|\\.)*)"', source):
        out.append(macros[macro] if macro else literal.replace('\\"', '"'))
    return ''.join(out)


def macros_of(header):
    out = {}
    for name, value in re.findall(r'(?m)^#define (STEPS_[A-Z]+) (.*)$', header):
        out[name] = strings(value, out)
    return out


def tables():
    """(application, query, steps) of all that are such a table."""
    with open(os.path.join(APPS, 'steps.h')) as f:
        macros = macros_of(f.read())
    for path in sorted(glob.glob(os.path.join(APPS, '*.c'))):
        with open(path) as f:
            source = f.read()
        if 'STEPS_APPLICATION(kinds)' not in source:
            continue
        rows = source[source.index('kinds[] = {') + 11:source.index('};')]
        found = re.findall(r'\{"([^"]*)",((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\}', rows)
        assert found and len(found) == rows.count('{"'), path
        for query, text in found:
            yield os.path.basename(path)[:-2], query, steps_of(strings(text, macros))


# -- the requests --------------------------------------------------------------------------------

class Case:
    """A request to an application, and what it does. changes: as in asked.Request."""

    def __init__(self, app, name, steps, changes=(), body=b'', iis=False):
        environ = {**USUAL, **dict(changes)}
        self.app, self.name, self.steps = app, app + '/' + name, steps
        self.body, self.iis = body, iis
        self.env = {as_bytes(k): as_bytes(v) for k, v in environ.items() if v is not None}

    def wanted(self):
        handler = Iis if self.iis else Cgi
        return answers.forked(lambda: respond_to(handler, {**PROCESS, **self.env}, self.steps),
                              self.body)

    def got(self):
        program = os.path.join(BUILD, 'wsgi-iis' if self.iis else 'wsgi-cgi')
        request = argparse.Namespace(block=(), process=PROCESS, env=self.env, body=self.body)
        return answers.run([program, os.path.join(BUILD, 'apps', self.app + '.so')], request)


def told(name, steps, changes=(), body=b'', iis=False):
    """To the application that does what it is told."""
    changes = {**dict(changes), 'HTTP_X_STEPS': handlers.script(steps)}
    return Case('steps', name, steps, changes, body, iis)


NAMES = ['SCRIPT_NAME', 'PATH_INFO', 'QUERY_STRING', 'HTTP_COOKIE', 'HTTP_X', 'CONTENT_TYPE',
         'REMOTE_USER', 'REDIRECT_QUERY_STRING', 'SSL_X', 'X', 'SERVER_PORT', 'REQUEST_METHOD',
         'wsgi.url_scheme', 'wsgi.multiprocess']
OK = ('S', '200 OK', 0, [('Content-Type', 'text/plain')])
SHOW = [OK, ('B', 'G')] + [step for name in NAMES for step in (('V', name), ('C', '\n'))]
TEXT = b'first line\nsecond\r\n\n\0nul, \x1a and \xff\nlong ' + b'x' * 9000 + b'\nlast, no newline'
ENDS = {
    'one of three': [('B', '1'), ('C', 'a'), ('C', 'b'), ('C', 'c')],
    'a log line': [('G', 'called'), ('B', 'G'), ('C', 'a'), ('G', 'between'), ('C', 'b'),
                   ('K', 'closed')],
    'failed, then closed': [('B', 'G'), ('C', 'a'), ('E', 'boom'), ('K', 'closed')],
    'write in close': [('B', 'G'), ('C', 'a'), ('Z', ' and b'), ('K', 'closed')],
    'close of nothing': [('B', 'L'), ('K', 'closed')],
    'close fails': [('B', 'L'), ('C', 'a'), ('K', 'closed'), ('X', 'not closed')],
    'all bytes': [('B', 'L'), ('C', ''.join(map(chr, range(256))))],
    'line ends': [('W', '\n\r\n\x1a\n'), ('B', 'G'), ('C', '\r'), ('C', '\n'), ('C', '\x1a'),
                  ('C', '\0')],
}


def some_reads(r):
    """Steps that read a request's body."""
    return [OK, ('B', 'G')] + [
        r.choice([('L', ''), ('R', str(r.choice([0, 1, 2, 11, 100, 9100, 100000])))])
        for _ in range(r.randint(1, 8))] + [('C', '|')]


def some_body(r):
    return r.choice([TEXT, TEXT, b'\n' * 30, b'', r.randbytes(70000)])


def some_case(r, i):
    name, iis = '%d' % i, r.random() < 0.5
    protocols = ['HTTP/1.0', 'HTTP/1.1', 'HTTP/2.0', 'HTTP/0.9', '', None]
    changes = {'SERVER_PROTOCOL': r.choice(protocols),
               'HTTPS': r.choice([None, None, 'on', '1', 'off', 'yes', ''])}
    if i % 3 == 0:
        changes['REQUEST_METHOD'] = r.choice(['GET', 'GET', 'POST', 'HEAD'])
        return told(name, handlers.make_steps(r), changes, iis=iis)
    if i % 3 == 1:
        values = {n: b'/'.join(r.choices(PIECES, k=r.randint(0, 6))) for n in NAMES[:10]}
        if r.random() < 0.5:
            values['PATH_INFO'] = values['SCRIPT_NAME'] + values['PATH_INFO']
        if r.random() < 0.4:
            return Case('env_dump', name, env_dump, {**changes, **values}, iis=iis)
        return told(name, SHOW, {**changes, **values}, iis=iis)
    body = some_body(r)
    length = r.choice([len(body), len(body), len(body) // 2, 0, ''])
    changes.update(REQUEST_METHOD='POST', CONTENT_LENGTH=str(length))
    return told(name, some_reads(r), changes, body, iis)


def files():
    """What fw_table.c answers: a file is its bytes from where it stands."""
    data = ''.join(map(chr, range(256))) * 100
    start = ('S', '200 OK', 0, [('Content-Type', 'application/octet-stream')])
    again = ('S', '200 OK', 1, [('X-Again', '1')])

    def body(*chunks):
        return [start, ('B', 'G')] + [('C', chunk) for chunk in chunks]
    return {
        'real': body(data), 'realbuffered': body(data[10:]), 'realend': body(),
        'realseek': body(data[20001:]), 'bytesio': body(data), 'seeked': body(data[25000:]),
        'pipe': body('through a pipe'), 'empty': body() + [('K', 'close after reads of [8192]')],
        'fail1': [start, ('B', 'G'), ('E', 'read failed'), ('K', 'close')],
        'fail3': body('part1 ', 'part2 ') + [('E', 'read failed'), ('K', 'close')],
        'blk255': body(data) + [('K', 'close after reads of [255]')],
        'filewrite': [start, again, ('W', 'written first '), ('B', 'G'), ('C', 'then the file')],
    }


def cases(seed, count):
    for app, query, steps in tables():
        yield Case(app, query, steps, {'QUERY_STRING': query})
    for name, steps in ENDS.items():
        yield told(name, [OK] + steps)
    yield Case('method_body', 'latin', [OK, ('B', 'L'), ('C', 'method '), ('V', 'REQUEST_METHOD')],
               {'REQUEST_METHOD': b'M\xe9'})
    yield Case('write_many_small', '', [OK, ('W', ''.join('%d,' % i for i in range(1000))),
                                        ('B', 'L'), ('C', 'end')])
    for query, steps in files().items():
        yield Case('fw_table', query, steps, {'QUERY_STRING': query})
    r = random.Random(seed)
    yield from (some_case(r, i) for i in range(count))


def outcome(answer):
    return bool(answer.code), answer.out, answer.err


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--seed', default='wsgi')
    p.add_argument('--count', type=int, default=450)
    a = p.parse_args()
    if not os.path.exists(os.path.join(BUILD, 'apps', 'steps.so')):
        sys.exit('natives.py: no apps/steps.so in %s: make first' % BUILD)
    passed = failed = 0
    for case in cases(a.seed, a.count):
        wanted, got = outcome(case.wanted()), outcome(case.got())
        if wanted == got:
            passed += 1
            continue
        failed += 1
        if failed <= SHOWN:
            print('%s: %s\n  Python   %s\n  libwsgi  %s' % (
                case.name, str(case.steps)[:600], str(wanted)[:600], str(got)[:600]))
    print('%d passed, %d failed' % (passed, failed))
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
