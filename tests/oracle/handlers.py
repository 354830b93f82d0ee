#!/usr/bin/env python3
"""Compare the library's handlers with wsgiref.handlers, over generated applications.

    handlers.py [--seed SEED] [--count COUNT]

An application is a list of steps (handlers_driver.c says which); Python's own SimpleHandler and
BaseCGIHandler run it over BytesIO, the driver runs it over ours. What was sent, what was logged and
whether the run failed are equal, but for the value of Date. Where we differ on purpose, DIFFERENCES
says why, and Python's handlers with those differences put in say what is right then: each use is
counted, and one that is never used is a failure. The last line is "N passed, M failed".

format_date_time() and IISCGIHandler's path are in functions.py.
"""
import argparse
import io
import os
import random
import re
import subprocess
import sys
import warnings
from wsgiref import handlers

from functions import quote

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get('BUILD', os.path.join(HERE, '..', '..', 'build')))
DRIVER = os.path.join(BUILD, 'tests', 'oracle', 'handlers_driver')
SHOWN = 20

DIFFERENCES = {
    'bodiless': 'HEAD, 1xx, 204 and 304 have no body: RFC 9110 allows none',
    'bodiless length': 'a 1xx or 204 has no Content-Length, a 304 none that was computed: RFC 9110, 8.6',
    'cut': 'a body is cut at its Content-Length, and iterated no further: PEP 3333, Handling the Content-Length Header',
    'complaint': 'a body that is not as long as its Content-Length is logged',
    'not kept': 'a status or header that was refused is not sent, when the application swallows the exception',
    'refused': 'that start_response() refused is told, where Python says that it was not called',
    'control': 'control characters in a status or a header are refused: CVE-2026-0865',
    'close': 'a close() that fails after a whole response sends no second one; it is called once',
    'protocol': 'without SERVER_PROTOCOL the client is modern, where Python has a KeyError',
    'words': 'no start_response() is said in words, where Python has an AttributeError',
}


class Failed(Exception):
    pass


def is_control(c, title):
    return (c < ' ' and not (c == '\t' and title == 'Header value')) or c == '\x7f'


class UntilFull:
    """A body that ends where its Content-Length does."""

    def __init__(self, handler, body):
        self.handler, self.body = handler, body
        if hasattr(body, '__len__'):
            self.__class__ = CountedUntilFull

    def __iter__(self):
        for data in self.body:
            yield data
            h = self.handler
            if h.headers_sent and h.length is not None and not h.is_bodiless() and h.bytes_sent > h.length:
                return

    def close(self):
        if hasattr(self.body, 'close'):
            self.body.close()


class CountedUntilFull(UntilFull):
    def __len__(self):
        return len(self.body)


class Differing:
    """Python's handlers, with some of our differences: those named in self.differences."""

    os_environ = {}
    in_head = False
    length = None
    refused = None

    def has(self, name):
        return name in self.differences

    # What was refused, and what is.

    def start_response(self, status, headers, exc_info=None):
        out_of_turn = self.headers_sent if exc_info else self.headers is not None
        try:
            super().start_response(status, headers, exc_info)
        except Exception as e:
            if self.has('not kept') and not out_of_turn:
                self.status = self.headers = None
                self.refused = str(e)
            raise
        return self.write

    def check_refused(self):
        if self.has('refused') and not self.status and self.refused:
            raise AssertionError('start_response() was refused: ' + self.refused)

    def _convert_string_type(self, value, title):
        value = super()._convert_string_type(value, title)
        if self.has('control') and any(is_control(c, title) for c in value):
            raise AssertionError('Control characters are not allowed in status' if title == 'Status'
                                 else 'Control characters not allowed in headers')
        return value

    # The head.

    def code(self):
        return int(self.status[:3]) if re.match('[0-9]{3}', self.status) else 0

    def is_bodiless_status(self):
        return 100 <= self.code() < 200 or self.code() in (204, 304)

    def is_bodiless(self):
        return self.is_bodiless_status() or self.environ.get('REQUEST_METHOD') == 'HEAD'

    def client_is_modern(self):
        if self.has('protocol') and 'SERVER_PROTOCOL' not in self.environ:
            return True
        return super().client_is_modern()

    def set_content_length(self):
        if not (self.has('bodiless length') and self.is_bodiless_status()):
            super().set_content_length()

    def cleanup_headers(self):
        if self.has('bodiless length') and self.is_bodiless_status() and self.code() != 304:
            del self.headers['Content-Length']
        given = self.headers['Content-Length']
        if given is not None and re.fullmatch(r'\s*\+?[0-9]+\s*', given):
            self.length = int(given)
        super().cleanup_headers()

    def send_headers(self):
        self.in_head = True
        try:
            super().send_headers()
        finally:
            self.in_head = False

    # The body.

    def write(self, data):
        self.check_refused()
        super().write(data)

    def _write(self, data):
        if not self.in_head:
            if self.has('bodiless') and self.is_bodiless():
                data = b''
            elif self.has('cut') and self.length is not None:
                data = data[:max(0, self.length - (self.bytes_sent - len(data)))]
        super()._write(data)

    def finish_response(self):
        if self.has('cut') and self.result is not None:
            self.result = UntilFull(self, self.result)
        try:
            super().finish_response()
        except Exception:
            if self.has('close'):
                self.result = None
            raise

    def finish_content(self):
        self.check_refused()
        if self.headers is None and self.has('words'):
            raise Failed('no headers: start_response() was not called')
        if not self.headers_sent and self.has('bodiless length') and self.is_bodiless_status():
            self.send_headers()
        else:
            super().finish_content()

    # The end.

    def close(self):
        if self.has('complaint') and self.headers_sent and self.length is not None:
            if not self.is_bodiless() and self.bytes_sent != self.length:
                self.log('Content-Length is %d, but the body %s' % (self.length, (
                    'is longer; it was cut there' if self.bytes_sent > self.length
                    else 'ended before; the client sees it cut')))
        try:
            super().close()
        except Failed as e:
            if not self.has('close'):
                raise
            self.log(str(e))

    def error_output(self, environ, start_response):
        self.length = None
        return super().error_output(environ, start_response)

    def log_exception(self, exc_info):
        self.log(str(exc_info[1]))

    def log(self, line):
        self.stderr.write(line + '\n')


class Simple(Differing, handlers.SimpleHandler):
    pass


class Cgi(Differing, handlers.BaseCGIHandler):
    pass


CLASSES = {'simple': Simple, 'cgi': Cgi}


# ---- an application that follows a script: tests/apps/steps.h is the same in C ----

CHUNKS_OF = 'CVRL'


class Body:
    def __init__(self, app, steps):
        self.app, self.steps = app, steps

    def __iter__(self):
        for step in self.steps:
            if step[0] in CHUNKS_OF:
                yield self.app.chunk(step)
            else:
                self.app.act(step)

    def close(self):
        for step in self.steps:
            if step[0] == 'K':
                self.app.log(step[1])
            elif step[0] == 'Z':
                self.app.handler.write(step[1].encode('latin-1'))
            elif step[0] == 'X':
                raise Failed(step[1])


class ListBody(Body):
    def __len__(self):
        return sum(step[0] in CHUNKS_OF for step in self.steps)


class OneBody(Body):
    def __len__(self):
        return 1


BODIES = {'L': ListBody, 'G': Body, '1': OneBody}


class App:
    def __init__(self, handler, steps):
        self.handler, self.steps = handler, steps

    def __call__(self, environ, start_response):
        self.environ, self.start_response = environ, start_response
        for i, step in enumerate(self.steps):
            if step[0] == 'B':
                return BODIES[step[1]](self, self.steps[i + 1:])
            self.act(step)
        raise AssertionError('a script without an end')

    def chunk(self, step):
        if step[0] == 'V':
            return self.value(step[1])
        if step[0] == 'R':
            return self.environ['wsgi.input'].read(int(step[1]))
        if step[0] == 'L':
            return self.environ['wsgi.input'].readline()
        return step[1].encode('latin-1')

    def value(self, name):
        return str(self.environ.get(name)).encode('latin-1')

    def log(self, words):
        self.environ['wsgi.errors'].write('LOG: %s\n' % words)
        self.environ['wsgi.errors'].flush()

    def act(self, step):
        try:
            if step[0] == 'E':
                raise Failed(step[1])
            if step[0] == 'G':
                self.log(step[1])
            if step[0] in 'Ss':
                self.start(*step[1:])
            elif step[0] in 'Ww':
                self.handler.write(step[1].encode('latin-1'))
        except Exception:
            if step[0] not in 'sw':
                raise

    def start(self, status, exc, headers):
        if not exc:
            return self.start_response(status, list(headers))
        try:
            raise Failed('trouble')
        except Failed:
            return self.start_response(status, list(headers), sys.exc_info())


def run(case, differences=()):
    """What Python's handler does: whether it failed, what was sent, what was logged."""
    out, log = io.BytesIO(), io.StringIO()
    h = CLASSES[case['class']](io.BytesIO(), out, log, dict(case['environ']))
    h.differences = differences
    if case['origin'] is not None:
        h.origin_server = case['origin']
    h.http_version, h.server_software = case['version'], case['software']
    h.error_status, h.error_body = case['error_status'], case['error_body'].encode('latin-1')
    failed = 0
    try:
        h.run(App(h, case['steps']))
    except Exception:
        failed = 1
    return failed, out.getvalue(), log.getvalue()


# ---- generated cases ----

STATUSES = ['200 OK', '200 OK', '200 OK', '404 Not Found', '204 No Content', '304 Not Modified', '100 Continue',
            '199 ', '999 \xe9t\xe9', '500 Oh']
BAD_STATUSES = ['', '200', '20', '2x0 OK', '200OK', 'OK', ' 200 OK', '20  OK']
CONTROL_STATUSES = ['200 OK\r\nX: 1', '200 O\tK', '200 OK\n', '200 OK\x7f']
HEADERS = [('Content-Type', 'text/plain'), ('content-type', 'a/b; c="d"'), ('X-Empty', ''), ('X-Latin', '\xe9\xff'),
           ('Set-Cookie', 'a=1'), ('Set-Cookie', 'b=2'), ('Date', 'today'), ('DATE', 'then'), ('Server', 'mine'),
           ('server', ''), ('X-Long', 'x' * 300), ('X-Tab', 'a\tb'), ('X:Y;Z', 'a:b;c=d%'), ('', 'nameless')]
LENGTHS = ['0', '1', '3', '5', '5', '8', '100', '+5', ' 5 ', 'five', '-1', '']
BAD_HEADERS = [('Connection', 'close'), ('keep-ALIVE', '1'), ('TE', ''), ('Transfer-Encoding', 'chunked'), ('upgrade', 'x')]
CONTROL_HEADERS = [('X', 'a\r\nY: b'), ('X', 'a\n b'), ('X\n', 'y'), ('X\t', 'y'), ('X', '\x7f'), ('X', '\x01')]
CHUNKS = ['', 'a', 'abc', 'hello', 'hello', 'x' * 40, '\x00\xff\r\n;:=%', 'w' * 9000]
NAMES = ['REQUEST_METHOD', 'SERVER_PROTOCOL', 'SERVER_SOFTWARE', 'X_MISSING', 'wsgi.url_scheme', 'wsgi.multithread',
         'wsgi.multiprocess', 'wsgi.run_once']


def make_headers(r):
    found = r.choices(HEADERS, k=r.choice([0, 1, 1, 2, 3]))
    if r.random() < 0.35:
        found.insert(r.randint(0, len(found)), (r.choice(['Content-Length', 'content-length']), r.choice(LENGTHS)))
    odd = r.random()
    if odd < 0.06:
        found.insert(r.randint(0, len(found)), r.choice(BAD_HEADERS))
    elif odd < 0.11:
        found.insert(r.randint(0, len(found)), r.choice(CONTROL_HEADERS))
    return found


def make_start(r, exc):
    odd = r.random()
    swallow, again = r.random() < 0.35, int(r.random() < exc)
    # One thing wrong at a time: versions of Python differ in what they look at first.
    if odd < 0.09:
        return 's' if swallow else 'S', r.choice(BAD_STATUSES if odd < 0.05 else CONTROL_STATUSES), again, []
    return 's' if swallow else 'S', r.choice(STATUSES), again, make_headers(r)


def make_act(r):
    return r.choice([
        lambda: make_start(r, 0.75),
        lambda: ('w' if r.random() < 0.3 else 'W', r.choice(CHUNKS)),
        lambda: ('E', r.choice(['boom', 'oh?', 'no disk'])),
    ])()


def make_steps(r):
    steps = []
    if r.random() < 0.93:
        steps.append(make_start(r, 0.05))
    steps += [make_act(r) for _ in range(r.choice([0, 0, 0, 0, 1, 1, 2]))]
    steps.append(('B', r.choice('LLG')))
    for _ in range(r.choice([0, 1, 1, 1, 2, 3])):
        chunk = ('V', r.choice(NAMES)) if r.random() < 0.2 else ('C', r.choice(CHUNKS))
        steps.append(make_act(r) if r.random() < 0.12 else chunk)
    if r.random() < 0.08:
        steps.append(('X', 'close'))
    return steps


def make(r):
    environ = {'X': '1'}
    if r.random() < 0.95:
        environ['REQUEST_METHOD'] = r.choice(['GET', 'GET', 'POST', 'HEAD'])
    if r.random() < 0.95:
        environ['SERVER_PROTOCOL'] = r.choice(['HTTP/1.0', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/0.9', 'http/0.9', 'HTTP/2.0', ''])
    if r.random() < 0.2:
        environ['SERVER_SOFTWARE'] = 'front/1'
    if r.random() < 0.3:
        environ['HTTPS'] = r.choice(['on', '1', 'off', 'yes'])
    return {
        'class': r.choice(['simple', 'cgi']),
        'origin': r.choice([None, None, False, True]),
        'version': r.choice(['1.0', '1.1']),
        'software': r.choice([None, 'FooBar/1.0']),
        'error_status': r.choice(['500 Internal Server Error'] * 12 + ['503 Later', '204 Nothing', 'broken']),
        'error_body': r.choice(['A server error occurred.', '', 'sorry\n']),
        'environ': environ,
        'steps': make_steps(r),
    }


def text(value):
    return quote(value, ';:=')


def script(steps):
    """The steps as handlers_driver.c and tests/apps/steps.h read them."""
    def step(s):
        if s[0] in 'Ss':
            return ':'.join([s[0], text(s[1]), str(s[2])] + ['%s=%s' % (text(n), text(v)) for n, v in s[3]])
        return '%s:%s' % (s[0], text(s[1]))
    return ';'.join(map(step, steps))


def question(case):
    return '\t'.join([
        'H', case['class'], '-' if case['origin'] is None else str(int(case['origin'])), text(case['version']),
        text(case['software']), text(case['error_status']), text(case['error_body']),
        ';'.join('%s=%s' % (n, text(v)) for n, v in case['environ'].items()), script(case['steps'])])


# ---- the environment's block ----

def make_block(r):
    """Variables of a process, in bytes, and what read_environ() makes of them."""
    names = [b'PATH_INFO', b'SCRIPT_NAME', b'QUERY_STRING', b'HTTP_COOKIE', b'REDIRECT_HTTPS', b'SSL_X', b'HOME',
             b'LANG', b'REMOTE_USER', b'X', b'\xc3\xa9', b'\xff']
    block = {name: bytes(r.choices(range(1, 256), k=r.randint(0, 8))) for name in r.sample(names, r.randint(1, 8))}
    kept = dict(os.environb)
    os.environb.clear()
    os.environb.update(block)
    try:
        read = handlers.read_environ()
    finally:
        os.environb.clear()
        os.environb.update(kept)
    answer = {}
    for name, value in read.items():
        bytes_of = (lambda v: v.encode('latin-1')) if handlers._needs_transcode(name) else os.fsencode
        answer[os.fsencode(name)] = bytes_of(value)

    def line(mapping):
        return ';'.join('%s=%s' % tuple(text(x.decode('latin-1')) for x in pair) for pair in mapping.items())
    return 'R\t' + line(block), line(answer)


# ---- the comparison ----

def without_date(sent):
    return re.sub(rb'\r\nDate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n', b'\r\nDate: now\r\n', sent)


def unquote(field):
    return re.sub(rb'%([0-9A-F]{2})', lambda m: bytes([int(m[1], 16)]), field)


def answer_of(line):
    failed, sent, logged = line.split(b'\t')
    return int(failed), without_date(unquote(sent)), unquote(logged).decode('utf-8')


def right(case, differences=()):
    failed, sent, logged = run(case, differences)
    return failed, without_date(sent), logged


def judge(case, got, used):
    """Whether the answer is right; counts the differences that it took."""
    if right(case) == got:
        return True
    everything = set(DIFFERENCES)
    if right(case, everything) != got:
        return False
    for name in DIFFERENCES:
        if right(case, everything - {name}) != got:
            used[name] += 1
    return True


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--seed', default='wsgi')
    p.add_argument('--count', type=int, default=5000)
    a = p.parse_args()
    warnings.simplefilter('ignore')
    r = random.Random(a.seed)
    cases = [make(r) for _ in range(a.count)]
    blocks = [make_block(r) for _ in range(a.count // 10)]
    asked = [question(case) for case in cases] + [asked for asked, _ in blocks]
    ran = subprocess.run([DRIVER], input='\n'.join(asked + ['']).encode('ascii'), stdout=subprocess.PIPE, timeout=300,
                         check=False)
    answers = ran.stdout.split(b'\n')[:-1]
    used, failed = dict.fromkeys(DIFFERENCES, 0), []
    for i, line in enumerate(asked):
        got = answers[i] if i < len(answers) else b'-1\t\tno answer'
        if i >= len(cases):
            if got.decode('ascii') != blocks[i - len(cases)][1]:
                failed.append((line, blocks[i - len(cases)][1], got))
        elif not judge(cases[i], answer_of(got), used):
            failed.append((line, right(cases[i], set(DIFFERENCES)), answer_of(got)))
    for line, wanted, got in failed[:SHOWN]:
        print('%s\n  Python   %s\n  libwsgi  %s' % (line[:600], str(wanted)[:600], str(got)[:600]))
    for name, why in DIFFERENCES.items():
        print('%5d times %s: %s' % (used[name], name, why))
    bad = len(failed) + sum(not n for n in used.values()) + (ran.returncode != 0 or len(answers) != len(asked))
    if ran.returncode != 0:
        print('the driver ended with status %d' % ran.returncode)
    print('%d passed, %d failed' % (len(asked) - len(failed), bad))
    return bad != 0


if __name__ == '__main__':
    sys.exit(main())
