#!/usr/bin/env python3
"""Compare the validator with CPython's wsgiref.validate.

    validate.py [DRIVER] [--seed SEED] [--count COUNT]

Exchanges are made from the seed: an environ, a status, headers, exc_info and a body, most of them
right but for one thing or two. Each goes through wsgiref.validate here and through the validator
in DRIVER (validate_driver.c). Which rule is broken first, and which warnings came, must be the
same, but for the tables READ_AS and MORE below: where the validator is stricter, and why.
The last line is "N passed, M failed"; the exit status is 0 only when nothing failed.
"""
import argparse
import collections
import io
import os
import random
import re
import subprocess
import sys
import warnings
from wsgiref import util, validate

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get('BUILD', os.path.join(REPO, 'build')))
SHOWN = 20

# An exchange. scheme, status, names and values may be None: not given.
Case = collections.namedtuple('Case', 'scheme environ status headers exc body')

# The rules, in the order in which the validator looks at them: what wsgiref.validate says when one
# is broken ("!" for an exception that is not its own), and what the validator says.
SERVER, APPLICATION = 'the server: ', 'the application: '
RULES = [
    ('required', r'Environment missing required key', SERVER + 'the environ must contain'),
    ('http-content', r'Environment should not have the key', SERVER + 'CONTENT_TYPE and CONTENT_'),
    ('query-string', r'QUERY_STRING is not in', SERVER + 'QUERY_STRING is not in the environ'),
    ('url-scheme', r"wsgi\.url_scheme unknown|!KeyError: 'wsgi.url_scheme'",
     SERVER + 'wsgi.url_scheme must be'),
    ('method', r'Unknown REQUEST_METHOD', SERVER + 'unknown REQUEST_METHOD'),
    ('script-name', r"SCRIPT_NAME doesn't start", SERVER + 'SCRIPT_NAME must be empty or begin'),
    ('path-info', r"PATH_INFO doesn't start", SERVER + 'PATH_INFO must be empty or begin'),
    ('content-length', r'Invalid CONTENT_LENGTH', SERVER + 'CONTENT_LENGTH must be'),
    ('no-path', None, SERVER + 'one of SCRIPT_NAME and PATH_INFO'),
    ('script-root', r"SCRIPT_NAME cannot be '/'", SERVER + 'SCRIPT_NAME cannot be "/"'),
    ('empty-method', None, SERVER + "this variable can never be an empty string: 'REQUEST_METHOD'"),
    ('empty', None, SERVER + "this variable can never be an empty string: 'SERVER_"),
    ('protocol', None, SERVER + 'SERVER_PROTOCOL is not in the environ'),
    ('status-string', r'Status must be of type str', APPLICATION + 'the status must be a string'),
    ('status-code', r'Status codes must be three|!IndexError|!ValueError: invalid literal',
     APPLICATION + 'the status must begin with a code'),
    ('status-range', r'Status code is invalid', APPLICATION + 'a status code is 100 or more'),
    ('header-pair', r'Header (name|value) must be of type', APPLICATION + 'a header must be a name'),
    ('header-status', r'The Status header cannot', APPLICATION + 'the status is not given as'),
    ('header-colon', r'Header names may not contain', APPLICATION + 'a header name may not contain'),
    ('header-name', r'Bad header name', APPLICATION + 'a header name must be a valid'),
    ('header-end', r"Names may not end in '-'", APPLICATION + 'a header name may not end'),
    ('header-value', r'Bad header value', APPLICATION + 'a header value must not include'),
    ('type-unwanted', r'Content-Type header found in a', APPLICATION + 'a response 204 or 304 must'),
    ('type-missing', r'No Content-Type header found', APPLICATION + 'there must be a Content-Type'),
    ('status-control', None, APPLICATION + 'the status must not contain control'),
    ('status-form', r'The status string \(', APPLICATION + 'the status must be of the form'),
    ('hop-by-hop', None, APPLICATION + 'hop-by-hop headers'),
    ('length-form', None, APPLICATION + 'Content-Length must be a number'),
    ('length-twice', None, APPLICATION + 'there is one Content-Length'),
    ('status-space', None, APPLICATION + 'a status is a code and a reason'),
    ('status-interim', None, APPLICATION + 'a status 1xx is no answer'),
    ('length-unwanted', None, APPLICATION + 'a response 1xx or 204 has no Content-Length'),
    ('no-body', r'The application must return an iterator', APPLICATION + 'must return an iterable'),
    ('not-started', r'The application returns and we started', APPLICATION + 'start_response() must be'),
    ('body-unwanted', None, APPLICATION + 'a response 1xx, 204 or 304 has no body'),
    ('length-wrong', None, APPLICATION + 'Content-Length is not that of the body'),
]
ORDER = {name: i for i, (name, _, _) in enumerate(RULES)}
# What the validator only warns of.
WARNINGS = {'query-string', 'method', 'empty', 'protocol', 'status-space', 'status-interim',
            'length-unwanted', 'body-unwanted'}


# ---- where the validator is stricter, and why ----

def plain_length(case):
    """int() takes "1_0" and "-0" too; RFC 3875 has digits, the blanks around them are C's."""
    length = case.environ.get('CONTENT_LENGTH')
    if length and not re.fullmatch(r'[ \t-\r]*\+?[0-9]+[ \t-\r]*', length):
        return case._replace(environ={**case.environ, 'CONTENT_LENGTH': '-1'})
    return case


def absent_paths(case):
    """PEP 3333 lets either be absent. For wsgiref.validate that is a KeyError: its message has the
    value, and is made before anybody asks whether it is there."""
    return case._replace(environ={'SCRIPT_NAME': '', 'PATH_INFO': '', **case.environ})


def plain_code(case):
    """int() takes "+10" and "1_0" too; PEP 3333 has "999 Message here"."""
    code = (case.status or '').split(None, 1)[:1]
    if code and not re.fullmatch('[0-9]{3}', code[0]):
        return case._replace(status='xyz')
    return case


def delete_is_control(case):
    """DEL is a control character, as much as those below U+0020."""
    return case._replace(headers=[(n, v and v.replace('\x7f', '\x01')) for n, v in case.headers])


# The validator answers as wsgiref.validate would to the exchange that these make of it.
READ_AS = [plain_length, absent_paths, plain_code, delete_is_control]


def code_of(case):
    return int(case.status.split(None, 1)[0])


def lengths(case):
    return [v for n, v in case.headers if n.lower() == 'content-length']


def is_bodiless(case):
    return code_of(case) < 200 or code_of(case) in (204, 304)


def body_of(case):
    return {'list': 'ab', 'empty': '', 'written': 'wab', 'unstarted': 'a'}.get(case.body, '')


def has_wrong_length(case):
    return (lengths(case) != [] and not is_bodiless(case) and int(lengths(case)[0]) != len(body_of(case))
            and case.environ.get('REQUEST_METHOD') != 'HEAD')


# What wsgiref.validate does not look at: the rule, whether it is broken where all that comes
# before it is right, and why it is one.
MORE = {
    'no-path': (lambda c: not c.environ.get('SCRIPT_NAME') and 'PATH_INFO' not in c.environ,
                'wsgiref.validate means to: see absent_paths()'),
    'empty-method': (lambda c: c.environ['REQUEST_METHOD'] == '',
                     'PEP 3333: "cannot ever be an empty string, and so is always required"'),
    'empty': (lambda c: c.environ['SERVER_NAME'] == '' or c.environ['SERVER_PORT'] == '',
              'PEP 3333: "can never be empty strings, and so are always required"'),
    'protocol': (lambda c: not c.environ.get('SERVER_PROTOCOL'),
                 'PEP 3333 lists it; a version is never empty'),
    'status-control': (lambda c: re.search('[\x00-\x1f\x7f]', c.status),
                       'PEP 3333: "must not contain control characters"; they begin a header line'),
    'status-form': (lambda c: not re.match('[0-9]{3} ', c.status),
                    'wsgiref.validate warns, every handler of wsgiref then refuses it'),
    'hop-by-hop': (lambda c: any(util.is_hop_by_hop(n) for n, _ in c.headers),
                   'PEP 3333 forbids them; every handler of wsgiref refuses them'),
    'length-form': (lambda c: lengths(c) and not re.fullmatch('[0-9]+', lengths(c)[0]),
                    'RFC 9110, 8.6: 1*DIGIT'),
    'length-twice': (lambda c: len(lengths(c)) > 1, 'RFC 9110, 5.3 and 8.6: no list'),
    'status-space': (lambda c: c.status[4:] and c.status[4:] != c.status[4:].strip(),
                     'PEP 3333: "separated by a single space, with no surrounding whitespace"'),
    'status-interim': (lambda c: code_of(c) < 200, 'RFC 9110, 15.2: a final response follows'),
    'length-unwanted': (lambda c: lengths(c) and (code_of(c) < 200 or code_of(c) == 204),
                        'RFC 9110, 8.6: MUST NOT'),
    'body-unwanted': (lambda c: is_bodiless(c) and body_of(c), 'RFC 9110, 6.4.1: no content'),
    'length-wrong': (has_wrong_length, 'PEP 3333, "Handling the Content-Length Header"'),
}
START_ONLY = {name for name in MORE if ORDER[name] > ORDER['status-string']}


# ---- inputs ----

TEXTS = ['', '/', ' ', 'a', '-', '%', '\xe9', '\x7f', 'a\tb', '\n', '\x1f', '1', "it's", 'x' * 100]
VARIABLES = {
    'REQUEST_METHOD': ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'get',
                       'CONNECT', 'PROPFIND', '', 'GET ', None],
    'SERVER_NAME': ['localhost', '[::1]', '\xe9', '', None],
    'SERVER_PORT': ['80', '443', '', 'x', None],
    'SCRIPT_NAME': ['', '/app', '/', '//', 'app', '/\xe9', ' /', None],
    'PATH_INFO': ['/', '', '/x/y', 'x', '*', '//', None],
    'QUERY_STRING': ['', 'a=b', '\xff', None],
    'CONTENT_LENGTH': ['', '0', '10', '007', '-1', '-0', '+5', ' 5', '5 ', '\n5\t', '1_0', '_1', '1.0',
                       '4, 4', '0x10', '5\xa0', '\xb2', '\x1c7', '99999999999999999999', 'abc', '+',
                       ' ', '- 1', '5 5', None],
    'SERVER_PROTOCOL': ['HTTP/1.1', 'HTTP/1.0', '', None],
    'HTTP_CONTENT_TYPE': [None, None, None, 'text/plain', ''],
    'HTTP_CONTENT_LENGTH': [None, None, None, '1', ''],
    'HTTP_X': [None, 'y', '\xe9', ''],
    'CONTENT_TYPE': [None, 'text/plain'],
}
SCHEMES = ['http', 'https', 'HTTP', '', 'ftp', 'httpss', None]
STATUSES = ['200 OK', '204 No Content', '304 Not Modified', '404 Not Found', '100 Continue', '103 Hints',
            '200', '200 ', '200  OK', '200 OK ', ' 200 OK', '\t200 OK', '200\tOK', '2000 OK', '20 OK',
            '099 Low', '000 Zero', '100 x', '999 Any', 'abc OK', '', ' ', '20x OK', '+10 x', '-10 x',
            '1_0 x', '\xb2\xb3\xb9 x', '200 \xe9t\xe9', '200\xa0OK', '200 O\rK', '200 OK\n', '200 OK\x7f',
            '200OK', '200-OK', '\x1c200 OK', '200 \xa0', '204', '304  x', '150 y ', None]
NAMES = ['X-A', 'Content-Type', 'content-type', 'CONTENT-TYPE', 'Content-Length', 'content-LENGTH',
         'Status', 'STATUS', 'status', 'X', 'x1', 'X_Y', 'X-', 'X_', '-X', '_X', '1X', 'X Y', 'X:Y', ':',
         'X\nY', 'X\n', 'X\r', 'X\ty', 'X\xe9', 'X.Y', 'X!', '', '-', 'Content-Type:', 'Content-Type ',
         'Connection', 'keep-alive', 'TE', 'Transfer-Encoding', 'Upgrade', 'Trailers', 'Trailer',
         'Set-Cookie', 'Date', 'Statu', 'Proxy-Authenticate', 'X\x7f', 'K\xaa', None]
VALUES = ['', 'x', 'text/plain', '5', '2', '3', '0', '+5', '5 ', '1_0', 'a\tb', 'a\nb', 'a\r\nB: c',
          '\x1f', '\x7f', '\x80', '\xe9', ' x ', 'a:b', "it's", 'x' * 300, '4, 4', None]
BODIES = ['list', 'list', 'list', 'empty', 'written', 'unstarted', 'none']


def random_text(r):
    """Without NUL: a C string holds none."""
    return r.choice(TEXTS) if r.random() < 0.5 else ''.join(chr(r.randint(1, 255)) for _ in range(r.randint(0, 6)))


def mutate_environ(r, environ):
    name = r.choice(list(VARIABLES))
    value = r.choice(VARIABLES[name]) if r.random() < 0.9 else random_text(r)
    if value is None:
        environ.pop(name, None)
    else:
        environ[name] = value


def mutate_headers(r, headers):
    kind = r.random()
    if kind < 0.2 and headers:
        headers.pop(r.randrange(len(headers)))
    elif kind < 0.5:
        value = r.choice(['2', '2', '3', '0']) if r.random() < 0.7 else r.choice(VALUES)
        headers.insert(r.randint(0, len(headers)), ('Content-Length', value))
    else:
        name = r.choice(NAMES) if r.random() < 0.9 else random_text(r)
        value = r.choice(VALUES) if r.random() < 0.5 else r.choice(['x', random_text(r)])
        headers.insert(r.randint(0, len(headers)), (name, value))


def make_case(r):
    environ = {'REQUEST_METHOD': 'GET', 'SERVER_NAME': 'localhost', 'SERVER_PORT': '80', 'SCRIPT_NAME': '',
               'PATH_INFO': '/', 'QUERY_STRING': '', 'SERVER_PROTOCOL': 'HTTP/1.1'}
    headers = [('Content-Type', 'text/plain')]
    scheme, status, exc, body = 'http', '200 OK', False, 'list'
    for _ in range(r.choice([0, 1, 1, 1, 2, 2, 3, 5])):
        what = r.random()
        if what < 0.3:
            mutate_environ(r, environ)
        elif what < 0.33:
            scheme = r.choice(SCHEMES)
        elif what < 0.6:
            status = r.choice(STATUSES) if r.random() < 0.85 else '%d %s' % (r.randint(0, 1200), random_text(r))
        elif what < 0.9:
            mutate_headers(r, headers)
        else:
            exc, body = r.random() < 0.3, r.choice(BODIES)
    return Case(scheme, environ, status, headers, exc, body)


# ---- the two answers ----

def application_of(case):
    def application(environ, start_response):
        if case.body != 'unstarted':
            exc = [(OSError, OSError(), None)] if case.exc else []
            write = start_response(case.status, list(case.headers), *exc)
            if case.body == 'written':
                write(b'w')
        return {'empty': [], 'none': None}.get(case.body, [b'a', b'b'])
    return application


def run(case):
    environ = dict(case.environ)
    environ.update({'wsgi.version': (1, 0), 'wsgi.input': io.BytesIO(), 'wsgi.errors': io.StringIO(),
                    'wsgi.multithread': False, 'wsgi.multiprocess': False, 'wsgi.run_once': False})
    if case.scheme is not None:
        environ['wsgi.url_scheme'] = case.scheme
    result = validate.validator(application_of(case))(environ, lambda *args: lambda data: None)
    try:
        for _ in result:
            pass
    finally:
        result.close()


def rule_of(words, column):
    found = [name for name, wsgiref, ours in RULES if column == 'ours' and words.startswith(ours) or
             column == 'wsgiref' and wsgiref and re.search('^(%s)' % wsgiref, words)]
    assert len(found) == 1, (words, found)
    return found[0]


def ask_wsgiref(case):
    """The rule that is broken, or None, and those warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        try:
            run(case)
            broken = None
        except AssertionError as e:
            broken = rule_of(str(e), 'wsgiref')
        except (KeyError, IndexError, ValueError) as e:
            broken = rule_of('!%s: %s' % (type(e).__name__, e), 'wsgiref')
    return broken, {rule_of(str(w.message), 'wsgiref') for w in caught}


def expected(case):
    """wsgiref.validate's answer, and what the tables of differences make of it."""
    changed = case
    for change in READ_AS:
        changed = change(changed)
    broken, warned = ask_wsgiref(changed)
    warned.discard('status-form')
    if case.environ.get('REQUEST_METHOD') == '':
        warned.discard('method')  # it is refused instead
    for name in ORDER:
        if broken is not None and ORDER[broken] <= ORDER[name]:
            break
        if name not in MORE or (name in START_ONLY and case.body == 'unstarted'):
            continue
        if MORE[name][0](case):
            if name in WARNINGS:
                warned.add(name)
            else:
                broken = name
                break
    return broken, warned


def quote(text):
    if text is None:
        return '-'
    if text == '-':
        return '%2D'
    return ''.join(c if '!' <= c <= '~' and c not in '%;=' else '%%%02X' % ord(c) for c in text)


def pairs(items):
    return ';'.join(quote(n) + '=' + quote(v) for n, v in items)


def question(case):
    return '\t'.join([quote(case.scheme), pairs(case.environ.items()), quote(case.status),
                      pairs(case.headers), str(int(case.exc)), case.body])


def parse(answer):
    words, *warned = answer.split('\t')
    return None if words == 'ok' else rule_of(words, 'ours'), {rule_of(w, 'ours') for w in warned}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('driver', nargs='?', default=os.path.join(BUILD, 'tests/oracle/validate_driver'))
    parser.add_argument('--seed', type=int, default=3333)
    parser.add_argument('--count', type=int, default=8000)
    args = parser.parse_args()
    r = random.Random(args.seed)
    cases = [make_case(r) for _ in range(args.count)]
    ran = subprocess.run([args.driver], input=''.join(question(c) + '\n' for c in cases),
                         capture_output=True, text=True, encoding='latin-1')
    answers = ran.stdout.splitlines()
    failed, seen = 0, collections.Counter()
    if ran.returncode != 0 or len(answers) != len(cases):
        print('the driver ended with status %d after %d answers: %s' % (ran.returncode, len(answers), ran.stderr))
        failed += 1
    for case, answer in zip(cases, answers):
        right, got = expected(case), parse(answer)
        seen.update([right[0]] + list(right[1]))
        if got != right:
            failed += 1
            if failed <= SHOWN:
                print('%r\n  wsgiref  %r\n  libwsgi  %r: %s' % (case, right, got, answer))
    missing = [name for name, _, _ in RULES if not seen[name]]
    if missing:
        print('no exchange breaks %s' % ', '.join(missing))
        failed += 1
    print('%d exchanges, %d of them right; rules: %s' % (
        len(cases), seen[None], ', '.join('%s %d' % (n, seen[n]) for n in ORDER)))
    print('%d passed, %d failed' % (len(cases) - failed, failed))
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
