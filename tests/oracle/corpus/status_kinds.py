"""Statuses, good and bad, by their names in the query."""
from say import PLAIN

KINDS = {
    'ok': '200 OK', 'created': '201 Created', 'odd-code': '299 Odd', 'teapot': "418 I'm a teapot",
    '999': '999 Last', '000': '000 First', 'long': '200 ' + 'x' * 5000, 'no-reason': '200 ',
    'two-blanks': '200  OK', 'latin': '200 caf\xe9', 'high': '200 \x80\x9f\xa0\xff',
    'colon': '200 A: b', 'percent': '200 %s %d', 'superscript': '\xb2\xb9\xb3 Digits',
    'short': '200', 'shorter': '2', 'empty': '', 'no-blank': '200OK', 'dash': '200-OK',
    'letters': 'abc Bad', 'four': '2000 Bad', 'blank-first': ' 200 OK', 'minus': '-20 Bad',
    'tab-after': '200\tOK', 'arabic': '\u0662\u0660\u0660 Bad',
    'fullwidth': '\uff12\uff10\uff10 OK',
    'euro': '200 \u20ac', 'surrogate': '200 \udcff', 'bytes': b'200 OK', 'int': 200, 'none': None,
    'subclass': type('S', (str,), {})('200 OK'), 'list': ['200 OK'],
    'crlf': '200 OK\r\nX-Evil: 1', 'lf': '200 OK\n', 'cr': '200 OK\r', 'nul': '200 OK\0',
    'tab': '200 O\tK', 'escape': '200 \x1b[31m', 'delete': '200 \x7f', 'crlf-first': '\r\n200 OK',
    'not-found': '404 Not Found', 'error': '500 Own', 'redirect': '302 Found', 'reset': '205 Reset',
    'partial': '206 Partial',
}


def application(environ, start_response):
    start_response(KINDS[environ['QUERY_STRING']], PLAIN)
    return [b'status body']
