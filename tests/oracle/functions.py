#!/usr/bin/env python3
"""Compare the library's functions with the Python functions that they port.

    functions.py DRIVER [--seed SEED] [--count COUNT]

DRIVER is the program of vectors_driver.c. Inputs are made from the seed, COUNT a
function; Python's wsgiref and built-ins say what is right. What an older Python does
otherwise than the newest is not asked of it. The last line is "N passed, M failed";
the exit status is 0 only when nothing failed.
"""
import argparse
import inspect
import io
import os
import random
import subprocess
import sys
import urllib.parse
import warnings
from wsgiref import handlers, headers, simple_server, util

LATIN1 = [chr(i) for i in range(256)]
TEXTS = ['', '/', '-', 'a', 'a b', '%', '%2F', 'caf\xe9', "it's", 'say "x"', '\\', 'x' * 300, '\xff\xa0\xad']
SHOWN = 50


# ---- the protocol: fields that hold any byte, lines that hold none of the odd ones ----

def quote(text, also=''):
    """Write a field; None is "-", so the text "-" is written out."""
    if text is None:
        return '-'
    if text == '-':
        return '%2D'
    return ''.join(c if '!' <= c <= '~' and c != '%' and c not in also else '%%%02X' % ord(c) for c in text)


def steps(ops):
    """Write a script of (op, name, value, ...) for a dict or for Headers."""
    def one(op, name, value=Ellipsis, params=()):
        text = op + ':' + quote(name, ';:=')
        if value is not Ellipsis:
            text += '=' + quote(value, ';:=')
        return text + ''.join(':%s=%s' % (quote(k, ';:='), quote(v, ';:=')) for k, v in params)
    return ';'.join(one(*op) for op in ops)


def pairs(sequence):
    return ';'.join(quote(k, ';:=') + '=' + quote(v, ';:=') for k, v in sequence)


def items(mapping):
    return pairs((k, v) for k, v in mapping.items() if isinstance(v, str))


def several(texts):
    """A list: how many there are, and each; none is not one that is empty."""
    return '%d:%s' % (len(texts), ','.join(quote(t, ',') for t in texts))


def outcome(function, *args):
    """What Python answers: the field, or "!" and the name of the exception."""
    try:
        return function(*args)
    except (KeyError, IndexError, ValueError) as e:
        return '!' + type(e).__name__


# ---- inputs ----

def latin1(r, most=12):
    return ''.join(r.choices(LATIN1, k=r.randint(0, most)))


def text(r):
    return r.choice(TEXTS) if r.random() < 0.6 else latin1(r)


def path(r):
    """Segments that mean something to a path, in any order."""
    parts = ['', '', '.', '..', 'a', 'b.c', '...', '%2e', '\xe9', ';p=1,2', 'x y', ':@&=+$', '~', '-', "!*'()"]
    joined = '/'.join(r.choices(parts, k=r.randint(1, 6)))
    return '/' * r.randint(0, 3) + joined


def maybe(r, value):
    return value if r.random() < 0.85 else None


def given(**variables):
    return {k: v for k, v in variables.items() if v is not None}


# ---- a case is a question and its answer ----

def guess_scheme(r):
    https = r.choice(['on', 'yes', '1', 'ON', '0', 'off', '', None, text(r)])
    return [quote(https)], util.guess_scheme(given(HTTPS=https))


def address(r):
    scheme = r.choice(['http', 'https', 'http', 'https', 'ftp', None])
    host = r.choice([None, None, '', 'example.org', 'h:8080', text(r)])
    name, port = maybe(r, r.choice(['s', '', '[::1]', text(r)])), maybe(r, r.choice(['80', '443', '', '8080', '080']))
    script = maybe(r, r.choice(['', '/app', path(r)]))
    environ = given(HTTP_HOST=host, SERVER_NAME=name, SERVER_PORT=port, SCRIPT_NAME=script)
    if scheme is not None:
        environ['wsgi.url_scheme'] = scheme
    return environ, [quote(scheme), quote(host), quote(name), quote(port), quote(script)]


def application_uri(r):
    environ, question = address(r)
    return question, outcome(lambda: quote(util.application_uri(environ)))


def request_uri(r):
    environ, question = address(r)
    info, query, include = maybe(r, r.choice(['', path(r), latin1(r)])), maybe(r, text(r)), r.randint(0, 1)
    environ.update(given(PATH_INFO=info, QUERY_STRING=query))
    return (question + [quote(info), quote(query), str(include)],
            outcome(lambda: quote(util.request_uri(environ, bool(include)))))


def shift_path_info(r):
    script, info = maybe(r, r.choice(['', path(r)])), maybe(r, r.choice(['', path(r)]))
    environ = given(SCRIPT_NAME=script, PATH_INFO=info)

    def shift():
        name = util.shift_path_info(environ)
        return ' '.join(quote(x) for x in (name, environ.get('SCRIPT_NAME'), environ.get('PATH_INFO')))
    return [quote(script), quote(info)], outcome(shift)


def shift_all(r):
    """Until there is nothing left: what an application that routes by it sees."""
    script, info = maybe(r, r.choice(['', '/app', path(r)])), r.choice(['/', path(r), path(r) + '/'])
    environ = given(SCRIPT_NAME=script, PATH_INFO=info)

    def shift():
        names = []
        while True:
            name = util.shift_path_info(environ)
            if name is None:
                return ' '.join([several(names), quote(environ.get('SCRIPT_NAME')), quote(environ['PATH_INFO'])])
            names.append(name)
    return [quote(script), quote(info)], outcome(shift)


def is_hop_by_hop(r):
    name = r.choice(['Connection', 'Keep-Alive', 'Proxy-Authenticate', 'Proxy-Authorization', 'TE', 'Trailers',
                     'Trailer', 'Transfer-Encoding', 'Upgrade', 'Date', text(r)])
    name = ''.join(r.choice([c.upper(), c.lower()]) for c in name if c < '\x80')
    if r.random() < 0.2:
        name += r.choice(' \t-s\xe9')
    return [quote(name)], str(int(util.is_hop_by_hop(name)))


def summed(data):
    return '%d.%d' % (len(data), sum(data))


def file_wrapper(r):
    """A file from where it stands."""
    length, block = r.randint(0, 50000), r.choice([None, 1000, 4096, 8192, 65536, r.randint(500, 60000)])
    offset = r.choice([0, 0, r.randint(0, 60000)])
    f = io.BytesIO(bytes(i % 251 for i in range(length)))
    f.seek(offset)
    chunks = util.FileWrapper(f, block) if block else util.FileWrapper(f)
    return ([str(length), str(offset), quote(block and str(block))], ','.join(summed(c) for c in chunks))


class Reader:
    """What it is asked for comes in pieces; an empty one is the end, though others follow."""

    def __init__(self, sizes):
        self.pieces = [bytes([65 + i % 26]) * size for i, size in enumerate(sizes)]
        self.asked = []

    def read(self, size):
        self.asked.append(size)
        piece = self.pieces.pop(0) if self.pieces else b''
        if len(piece) > size:
            self.pieces.insert(0, piece[size:])
        return piece[:size]


class ClosedReader(Reader):
    closed = 0

    def close(self):
        self.closed += 1


def reader_body(r):
    sizes = [r.choice([1, 10, 300, 8192, 8193, 20000, r.randint(1, 40), r.choice([0, 5])])
             for _ in range(r.randint(0, 8))]
    block, closes = r.choice([None, 1, 7, 100, 8192, 10000]), r.randint(0, 1)
    if block in (1, 7):
        sizes = [s % 100 for s in sizes]
    reader = (ClosedReader if closes else Reader)(sizes)
    body = util.FileWrapper(reader, block) if block else util.FileWrapper(reader)
    chunks = list(body)
    if hasattr(body, 'close'):
        body.close()
    return ([','.join(map(str, sizes)), quote(block and str(block)), str(closes)],
            '%s %d times %s %d' % (','.join(summed(c) for c in chunks), len(reader.asked),
                                   '/'.join(map(str, set(reader.asked))), getattr(reader, 'closed', 0)))


def setup_testing_defaults(r):
    names = ['SERVER_NAME', 'HTTP_HOST', 'SERVER_PORT', 'SCRIPT_NAME', 'PATH_INFO', 'REQUEST_METHOD',
             'SERVER_PROTOCOL', 'HTTPS']
    values = [r.choice([None, text(r)]) for _ in names]
    values[-1] = r.choice([None, 'on', '0'])
    environ = given(**dict(zip(names, values)))
    scheme, stream, errors = r.choice([None, None, 'http', 'https', 'ftp']), io.BytesIO(b'mine'), io.StringIO()
    own = r.randint(0, 1)
    if scheme:
        environ['wsgi.url_scheme'] = scheme
    if own:
        environ.update({'wsgi.input': stream, 'wsgi.errors': errors})
    util.setup_testing_defaults(environ)
    environ['wsgi.errors'].write('lost, unless it is mine')
    environ['wsgi.errors'].flush()
    return ([quote(v) for v in values] + [quote(scheme), str(own)],
            ' '.join([environ.pop('wsgi.url_scheme'),
                      ''.join(str(int(environ['wsgi.' + k])) for k in ('multithread', 'multiprocess', 'run_once')),
                      quote(environ['wsgi.input'].read().decode()), quote(errors.getvalue()), items(environ)]))


def percent_decode(r):
    encoded = ''.join(r.choice(['%', '%2F', '%252f', '%e9', '%0', '%zz', 'a', '/', '+', '\xff', '%00', '4', '1'])
                      for _ in range(r.randint(0, 8)))
    return [quote(encoded)], quote(urllib.parse.unquote_to_bytes(encoded.encode('latin-1')).decode('latin-1'))


SEPARATED = 'separator' in inspect.signature(urllib.parse.parse_qsl).parameters


def form(r):
    parts = ['a', 'b', 'name', '=', '=', '&', '&', '&&', '+', '%2B', '%26', '%3d', '%', '%4', '%zz', '\xe9', '%E9',
             '%c3%a9', '%00', ' ', '#', '1', '\xff', '%41', '%2541'] + [';'] * SEPARATED
    return ''.join(r.choices(parts, k=r.randint(0, 14)))


def fields_of(encoded):
    return urllib.parse.parse_qsl(encoded, keep_blank_values=True, encoding='latin-1')


def query(r):
    encoded = form(r)
    return [quote(encoded)], pairs(fields_of(encoded))


def query_get(r):
    """The first field of a name; not one with a NUL, which no string of C is."""
    encoded = form(r)
    fields = [(k, v) for k, v in fields_of(encoded) if '\0' not in k]
    name = r.choice([r.choice(['a', 'b', '', 'name', 'A'])] + [k for k, _ in fields])
    return [quote(encoded), quote(name)], quote(next((v for k, v in fields if k == name), None))


def iis_path(r):
    script, info = maybe(r, path(r)), maybe(r, path(r))
    if script and r.random() < 0.7:
        info = script + r.choice(['', '/', '/x', 'x', '/' + path(r)])
    kept, stdin = dict(os.environb), sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO())
    os.environb.clear()
    os.environb.update({k.encode(): v.encode('latin-1') for k, v in given(SCRIPT_NAME=script, PATH_INFO=info).items()})
    try:
        answer = handlers.IISCGIHandler().base_env.get('PATH_INFO')
    finally:
        os.environb.clear()
        os.environb.update(kept)
        sys.stdin = stdin
    return [quote(script), quote(info)], quote(answer)


def transcodes(r):
    name = '_'.join(r.choices(['REDIRECT', 'HTTP', 'SSL', 'PATH', 'INFO', 'SCRIPT', 'NAME', 'REMOTE', 'USER', 'X'],
                              k=r.randint(1, 4))) + r.choice(['', '', '_'])
    name = r.choice([name, 'REDIRECT_' * r.randint(0, 2) + r.choice(['QUERY_STRING', 'HTTPS', 'SSL_X', 'AUTH_TYPE'])])
    return [quote(name)], str(int(handlers._needs_transcode(name)))


def format_date_time(r):
    seconds = r.choice([r.randrange(-10 ** 10, 10 ** 11), r.randrange(2 ** 33), r.randrange(20000) * 86400 - 1])
    return [str(seconds)], quote(handlers.format_date_time(seconds))


class Handler(handlers.BaseHandler):
    def finish_content(self):
        pass


def status(r):
    """Without control characters, which CPython refuses since 2026 only."""
    line = r.choice(['200 OK', '20', '', '404', '200OK', '2x0 OK', '\xb2\xb3\xb9 x', '\xbc00 x', '999 ', '200\xa0OK',
                     ''.join(c for c in latin1(r, 6) if c >= ' ' and c != '\x7f'),
                     ''.join(r.choices('0123456789 a\xb2', k=r.randint(2, 6)))])
    try:
        Handler().start_response(line, [])
        return [quote(line)], 'ok'
    except AssertionError as e:
        return [quote(line)], quote(str(e))


def header_value(r):
    return ''.join(c for c in text(r) if c >= ' ' and c != '\x7f')


def header_name(r):
    """One of a few, or any; letters in either case, where latin-1 has both."""
    names = ['Content-Type', 'X-\xc9', 'X-\xd7', 'X-\xf7', 'X-\xdf', 'X-\xff', 'X-\xb5', 'X_A', '', 'Set-Cookie']
    name = r.choice(names) if r.random() < 0.9 else header_value(r)[:20]
    other = [c.swapcase() for c in name]
    return ''.join(o if len(o) == 1 and o <= '\xff' and r.random() < 0.3 else c for c, o in zip(name, other))


def header_params(r, value):
    params = r.sample(['filename', 'x_y', '_', 'q', 'caf\xe9', 'a_b_c'], r.choice([0, 0, 1, 2, 4]))
    return [(k, r.choice([None, '', value(r), 'a"b\\c', 'na\xefve'])) for k in params]


def header_steps(r):
    made = []
    for _ in range(r.randint(0, 8)):
        op, name, value = r.choice(['set', 'del', 'add', 'add', 'default']), header_name(r), header_value(r)
        if op == 'del':
            made.append((op, name))
        elif op == 'add':
            made.append((op, name, r.choice([None, value, value]), header_params(r, header_value)))
        else:
            made.append((op, name, value))
    return made


def header_step(h, op, name, *rest):
    """What Headers says to it: setdefault() alone says something."""
    if op == 'default':
        return h.setdefault(name, rest[0])
    if op == 'set':
        h[name] = rest[0]
    elif op == 'del':
        del h[name]
    else:
        h.add_header(name, rest[0], **dict(rest[1]))
    return None


def header_list(r):
    """From a list, through some steps, to all that Headers can be asked; of one name, too."""
    first = [(header_name(r), header_value(r)) for _ in range(r.choice([0, 0, 1, 3, 6]))]
    made, name = header_steps(r), header_name(r)
    h = headers.Headers(list(first)) if first else headers.Headers()
    said = [header_step(h, *step) for step in made]
    return ([pairs(first), steps(made), quote(name)],
            ' '.join([several([s for s in said if s is not None]), str(len(h)), str(int(name in h)), quote(h[name]),
                      quote(h.get(name)), several(h.get_all(name)), several(h.keys()), several(h.values()),
                      pairs(h.items()), quote(str(h)), quote(bytes(h).decode('latin-1'))]))


def bad_header(r):
    """A list or one step where there may be a character that no header has."""
    def any_text(r):
        return ''.join(r.choices([chr(i) for i in range(1, 256)] * 2 + list('\r\n\t\x7f\x1f a'), k=r.randint(0, 3)))

    op, name, value = r.choice(['list', 'set', 'add', 'default']), 'N' + any_text(r), any_text(r)
    step = (op, name, value) if op != 'add' else (op, name, r.choice([None, value]), header_params(r, any_text))

    def answer():
        h = headers.Headers([(name, value)] if op == 'list' else [])
        if op != 'list':
            header_step(h, *step)
        return quote(bytes(h).decode('latin-1'))
    return [steps([step])], outcome(answer)


def refuses_as_the_newest():
    """No control character in a header, but a tab in a value: CPython's of 2026 and Debian's."""
    def refused(name, value):
        return outcome(headers.Headers, [(name, value)]) == '!ValueError'
    return refused('a', '\r') and refused('a\t', 'b') and not refused('a', '\t')


def variables(r, names):
    """(op, name, value) for a dict; del and default take names that are C strings only."""
    made = []
    for _ in range(r.choice([3, 10, 60, 300])):
        op = r.choice(['set', 'set', 'set', 'more', 'del', 'default'])
        name = r.choice(names) if op in ('set', 'more') else 'N%d' % r.randrange(100)
        if op == 'default':
            made.append((op, name, ''.join(c for c in latin1(r) if c != '\0')))
        else:
            made.append((op, name) if op == 'del' else (op, name, text(r)))
    return made


def dictionary(r):
    names = ['N%d' % i for i in range(100)] + ['', '=', 'a=b', '\0', 'N\0', 'N', latin1(r), 'n' * 40, 'n' * 41]
    made, d, more = variables(r, names), {}, {}
    for op, name, *rest in made:
        if op == 'del':
            d.pop(name, None)
        elif op == 'default':
            d.setdefault(name, rest[0])
        else:
            (d if op == 'set' else more)[name] = rest[0]
    d.update(more)
    return [steps(made)], items(d)


def stream(r):
    body = ''.join(r.choices(['a', 'bc', '\n', '\n', 'x' * 30, 'y' * 9000, '\0\xff'], k=r.randint(0, 20)))
    length = r.choice([None, len(body), r.randint(0, len(body) + 5)])
    f, script, answers = io.BytesIO(body.encode('latin-1')[:length]), [], []
    for _ in range(r.randint(1, 12)):
        op, n = r.choice('rrllla'), r.choice([0, 1, 5, 100, 8191, 8192, 20000])
        if op == 'l' and r.random() < 0.5:
            script.append('l')
            answers.append(f.readline())
        else:
            script.append(op if op == 'a' else op + str(n))
            answers.append(f.read() if op == 'a' else f.read(n) if op == 'r' else f.readline(n))
    return ([quote(body), '-' if length is None else str(length), str(r.choice([1, 7, 4096, 100000])), ','.join(script)],
            ','.join(quote(a.decode('latin-1'), ',') for a in answers))


def length(r):
    """int() takes "-0" and underscores too, which no CONTENT_LENGTH has; they are not asked for."""
    said = r.choice(['', '0', '12', '+7', ' 8 ', 'abc', '4, 4', '1.5', '0x10', '9223372036854775807',
                     '9223372036854775808', '1' * 40, '0' * 40 + '5', '\xb2', '+ 1', '\t9\r\n', None,
                     ''.join(r.choices('0123456789 +\t,a', k=r.randint(1, 6)))])
    if not said:
        return [quote(said)], 'none'
    try:
        n = int(said)
    except ValueError:
        return [quote(said)], 'bad'
    return [quote(said)], str(min(n, 2 ** 63 - 1))


def demo(r):
    names = ['A', 'PATH', 'caf\xe9', 'z', '~', '', '\xff', 'wsg', 'wsgj'] + ['HTTP_%d' % i for i in range(20)]
    made = [('set', name, text(r)) for name in r.sample(names, r.randint(0, 12))]
    environ, said = {name: value for _, name, value in made}, []
    page, = simple_server.demo_app(environ, lambda *args: said.extend(args))
    return [steps(made)], ' '.join([quote(said[0]), pairs(said[1]), quote(page.decode('latin-1'))])


FUNCTIONS = {
    'guess_scheme': guess_scheme, 'application_uri': application_uri, 'request_uri': request_uri,
    'shift_path_info': shift_path_info, 'shift_all': shift_all, 'is_hop_by_hop': is_hop_by_hop,
    'file_wrapper': file_wrapper, 'reader_body': reader_body, 'setup_testing_defaults': setup_testing_defaults,
    'percent_decode': percent_decode, 'query': query, 'query_get': query_get, 'iis_path': iis_path,
    'transcodes': transcodes, 'format_date_time': format_date_time, 'status': status, 'headers': header_list,
    'dict': dictionary, 'input': stream, 'length': length, 'demo': demo,
}
if refuses_as_the_newest():
    FUNCTIONS['bad_header'] = bad_header


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('driver')
    p.add_argument('--seed', default='wsgi')
    p.add_argument('--count', type=int, default=600)
    a = p.parse_args()
    warnings.simplefilter('ignore')
    cases = []
    for name, make in FUNCTIONS.items():
        r = random.Random(a.seed + name)
        for _ in range(a.count):
            question, answer = make(r)
            cases.append(('\t'.join([name] + question), answer))
    asked = ''.join(question + '\n' for question, _ in cases).encode()
    ran = subprocess.run([a.driver], input=asked, stdout=subprocess.PIPE, timeout=300)
    answers = ran.stdout.decode('latin-1').split('\n')[:-1]
    failed = 0
    for i, (question, right) in enumerate(cases):
        got = answers[i] if i < len(answers) else None
        if got != right:
            failed += 1
            if failed <= SHOWN:
                print('%s\n  Python   %s\n  libwsgi  %s' % (question[:500], right[:500], (got or 'no answer')[:500]))
    if ran.returncode != 0 or len(answers) > len(cases):
        print('the driver ended with status %d after %d answers' % (ran.returncode, len(answers)))
        failed = max(failed, 1)
    print('%d passed, %d failed' % (len(cases) - failed, failed))
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
