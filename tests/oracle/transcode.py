#!/usr/bin/env python3
"""Compare how a Unicode environment is read with wsgiref's read_environ() as it is on Windows.

    transcode.py [--seed SEED] [--count COUNT]

Python believes to be on Windows: sys.platform says so, sys.getfilesystemencoding() a code page, as
it did before Python 3.6, and os.environ holds what nt's would of the same block. The driver makes
the block of UTF-16, and its page of the same codec. A table of every server with every value, then
COUNT environments from the seed. Where we differ on purpose, DIFFERENCES says why, and Python with
those differences put in says what is right then: each use is counted, and one that is never used
is a failure. The last line is "N passed, M failed".
"""
import argparse
import itertools
import os
import random
import subprocess
import sys
from unittest import mock
from wsgiref import handlers

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get('BUILD', os.path.join(HERE, '..', '..', 'build')))
DRIVER = os.path.join(BUILD, 'tests', 'oracle', 'transcode_driver')
SHOWN = 20
PAGES = ['cp1252', 'cp932']
BMP = [chr(i) for i in range(1, 0x10000)]

DIFFERENCES = {
    'surrogate': 'a lone surrogate is three bytes, where Python answers no request: UnicodeEncodeError',
    'above': "a value of Apache's with a character above U+00FF is UTF-8: WSGI allows none in environ",
    'first': 'of two names that differ in case only the first counts, as where the system looks for one',
    'letters': 'a letter of a name becomes one letter in upper case, as where Windows compares names',
}

SERVERS = [None, '', 'Microsoft-IIS/10.0', 'MICROSOFT-IIS/', 'Microsoft-IIS', ' Microsoft-IIS/10.0', 'M\u0130crosoft-IIS/10.0',
           'Microsoft-\u0130IS/10.0', 'Apache/2.4.57 (Win64)', 'APACHE/', 'Apache', 'Apache-Coyote/1.1', 'A\u0307pache/2',
           'SimpleHTTP/0.6 Python/3.11.2', 'simplehttp/0.6 PYTHON/3', 'SimpleHTTP/0.6 Python/2.7.18', 'SimpleHTTP/0.6',
           'SimpleHTTP/Python/3', 'SimpleHTTP 0.6 Python/3', 'WSGIServer/0.2 CPython/3.11.2', 'nginx/1.22.1 Python/3', '\u017fimplehttp/0.6 Python/3',
           'caf\xe9 Apache/2', '\u212aApache/2', 'Apache/\ud83d']
VALUES = ['', '/', 'a b%20~!"$&\'()*+,;=:@[]\\^`{|}', '\x01\t\n\x7f', '/caf\xe9', '/caf\xc3\xa9', '/\xe6\x97\xa5\xe6\x9c\xac',
          '\x80\x81\x8d\x9f\xa0\xff', '\u0100', '\xe9\u0100', '\u20ac\u201c\u0178', '/\u65e5\u672c', '\u65e5\xe9\u20ac', '\uff71\uff76',
          '\u8868', '\u222b\u2252', '\U0001f600', 'x\U0001f600y\xe9', '\U00010000\U0010ffff', '\ud83d', 'a\ude00b', '\ude00\ud83d',
          '\xe9\ud83d', '\ufffd', '\ufeff\u200b', '\uffff\ufdd0', 'e\u0301', '\xa5\u203e~\\', '\u2160\u2252\u7e8a', 'x' * 3000,
          '\xe9' * 3000, '\u65e5' * 3000, '=', 'a=b=', '=C:=C:\\']
NAMES = ['PATH_INFO', 'HTTP_COOKIE', 'REDIRECT_REDIRECT_SSL_X', 'path_info', 'Http_X', 'redirect_https', 'HOME', 'Path',
         'PATH_TRANSLATED', 'SERVER_SOFTWAR', 'caf\xe9', 'stra\xdfe', 'HTTP_\xdf', '\u0131', 'HTTP_\u65e5', '\ud83d', '\u0149X',
         '\U00010428', 'HTTP_\xe9\xff', '=C:', '', 'REMOTE_\u017fER']


# ---- what is right ----

class Kept(str):
    """A value whose lone surrogates UTF-8 has."""

    def encode(self, encoding, errors='strict'):
        return str.encode(self, encoding, 'surrogatepass' if encoding == 'utf-8' else errors)


def one_by_one(name):
    """Upper case as in the table that the driver has; joined again, as halves may be there."""
    units = name.encode('utf-16-le', 'surrogatepass')
    return b''.join(LETTERS.get(units[i:i + 2], units[i:i + 2]) for i in range(0, len(units), 2)).decode(
        'utf-16-le', 'surrogatepass')


def simple(c):
    """What c is in upper case, for Windows: one unit, and no letter of ASCII for any other."""
    up = c.upper()
    return up if len(up) == 1 and '\x80' <= up <= '\uffff' or c < '\x80' else c


def units_of(text):
    return text.encode('utf-16-le', 'surrogatepass')


LETTERS = {units_of(c): units_of(simple(c)) for c in BMP if simple(c) != c}


def environ_of(block, differences):
    """os.environ of nt: names in upper case, the first of two that are the same, the last of others."""
    exact, environ = {}, {}
    for entry in block:
        name, equals, value = entry.partition('=')
        if name and equals:
            exact.setdefault(name, value)
    for name, value in exact.items():
        name = one_by_one(name) if 'letters' in differences else name.upper()
        if name not in environ or 'first' not in differences:
            environ[name] = Kept(value) if 'surrogate' in differences else value
    return environ


def right(page, block, differences=()):
    """{name: value} in bytes, or the exception."""
    with mock.patch.object(sys, 'platform', 'win32'), mock.patch.object(os, 'environ', environ_of(block, differences)), \
            mock.patch.object(sys, 'getfilesystemencoding', lambda: page):
        try:
            read = handlers.read_environ()
        except UnicodeEncodeError:
            return 'UnicodeEncodeError'
    answer = {}
    for name, value in read.items():
        if handlers._needs_transcode(name) and ('above' not in differences or max(value, default='') <= '\xff'):
            try:
                value = value.encode('latin-1')
            except UnicodeEncodeError:
                return 'above U+00FF'
        else:
            value = value.encode('utf-8', 'surrogatepass')
        answer[name.encode('utf-8', 'surrogatepass')] = value
    return answer


def judge(page, block, got, used):
    """Whether the answer is right; counts the differences that it took."""
    if right(page, block) == got:
        return True
    if right(page, block, DIFFERENCES) != got:
        return False
    for name in DIFFERENCES:
        used[name] += right(page, block, set(DIFFERENCES) - {name}) != got
    return True


# ---- the environments ----

def table():
    """Every server with every value, in a request's variable and in another; every name."""
    for server, value in itertools.product(SERVERS, VALUES):
        software = [] if server is None else ['SERVER_SOFTWARE=' + server]
        yield software + ['PATH_INFO=' + value, 'HOME=' + value]
        yield ['HTTP_X=' + value] + [s.replace('SERVER_S', 'Server_s') for s in software]
    for server, name in itertools.product(SERVERS, NAMES):
        yield ['%s=/\xe9' % name, 'SERVER_SOFTWARE=%s' % (server or '')]


def text(r, letters):
    return ''.join(r.choices(letters, k=r.choice([0, 1, 2, 5, 20])))


def random_value(r):
    some = r.choice([BMP[:0x7f], BMP[0x7f:0xff], BMP[:0xff], BMP, BMP[0xd7ff:0xdfff], ['\U0001f600', 'a', '\ud83d', '\ude00']])
    return r.choice(VALUES) if r.random() < 0.3 else text(r, some)


def random_block(r):
    block = []
    for _ in range(r.randint(0, 8)):
        name = r.choice(NAMES) if r.random() < 0.8 else text(r, BMP).replace('=', '')
        entry = r.choice([name, name.swapcase(), name.lower()]) + '=' + random_value(r)
        block.append(entry if r.random() < 0.95 else entry.replace('=', ''))
    for _ in range(r.choice([0, 1, 1, 1, 2])):
        name = r.choice(['SERVER_SOFTWARE', 'SERVER_SOFTWARE', 'Server_Software', '\u017ferver_software'])
        block.insert(r.randint(0, len(block)), name + '=' + (r.choice(SERVERS) or ''))
    return block


def joined(block):
    """As it is after UTF-16, where two halves that came to stand side by side are one character."""
    return [units_of(entry).decode('utf-16-le', 'surrogatepass') for entry in block]


# ---- the driver's lines ----

def hex_units(text):
    return text.encode('utf-16-be', 'surrogatepass').hex()


def page_line(page):
    def has():
        for c in BMP[0x7f:]:
            try:
                yield '%04x=%s' % (ord(c), c.encode(page).hex())
            except UnicodeEncodeError:
                pass
    return '\t'.join(['P', *has()])


def letters_line():
    return '\t'.join(['U'] + ['%04x=%04x' % (ord(c), ord(simple(c))) for c in BMP if simple(c) != c])


def question(block):
    return '\t'.join(['E'] + [hex_units(entry) for entry in block] if block else ['E', ''])


def answer_of(line):
    pairs = [pair.split('=') for pair in line.split('\t') if pair]
    answer = {bytes.fromhex(name): bytes.fromhex(value) for name, value in pairs}
    return answer if len(answer) == len(pairs) else 'a name twice: ' + line


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--seed', default='wsgi')
    p.add_argument('--count', type=int, default=5000)
    a = p.parse_args()
    r = random.Random(a.seed)
    blocks = [joined(b) for b in [*table(), *(random_block(r) for _ in range(a.count))]]
    cases = [(page, block) for page in PAGES for block in blocks]
    asked = [letters_line()]
    for page in PAGES:
        asked += [page_line(page), *map(question, blocks)]
    ran = subprocess.run([DRIVER], input='\n'.join(asked + ['']), stdout=subprocess.PIPE, timeout=300, check=False,
                         encoding='ascii')
    answers = ran.stdout.split('\n')[:-1]
    used, failed = dict.fromkeys(DIFFERENCES, 0), []
    for i, (page, block) in enumerate(cases):
        got = answer_of(answers[i]) if i < len(answers) else 'no answer'
        if not judge(page, block, got, used):
            failed.append((page, block, right(page, block, DIFFERENCES), got))
    for page, block, wanted, got in failed[:SHOWN]:
        print('%s %s\n  Python   %s\n  libwsgi  %s' % (page, ascii(block)[:600], str(wanted)[:600], str(got)[:600]))
    for name, why in DIFFERENCES.items():
        print('%5d times %s: %s' % (used[name], name, why))
    bad = len(failed) + sum(not n for n in used.values()) + (ran.returncode != 0 or len(answers) != len(cases))
    if ran.returncode != 0:
        print('the driver ended with status %d' % ran.returncode)
    print('%d passed, %d failed' % (len(cases) - len(failed), bad))
    return bad != 0


if __name__ == '__main__':
    sys.exit(main())
