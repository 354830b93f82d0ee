"""Header lists, good and bad, by their names in the query."""
T = ('Content-Type', 'text/plain')
HOPS = ['Connection', 'Keep-Alive', 'Proxy-Authenticate', 'Proxy-Authorization', 'TE', 'Trailers',
        'Transfer-Encoding', 'Upgrade', 'connection', 'KEEP-ALIVE', 'tE', 'Proxy-Connection',
        'Trailer']


class Text(str):
    pass


class Pair(tuple):
    pass


KINDS = {
    'none': [], 'one': [T], 'order': [('B', '1'), ('A', '2'), ('b', '3')],
    'cookies': [T, ('Set-Cookie', 'a=1'), ('Set-Cookie', 'b=2; Path=/'), ('Set-Cookie', 'a=1')],
    'case': [('cOnTeNt-TyPe', 'text/plain'), ('X-lower', 'Y')], 'empty-value': [('X-Empty', '')],
    'empty-name': [('', 'x')], 'blank-name': [('X Y', 'z')], 'colon-name': [('X: y', 'z')],
    'blanks': [('X', '  two  ')], 'tab': [('X', 'a\tb')], 'quotes': [('X', '"a\\"b", c')],
    'latin': [('X-Name', 'caf\xe9')], 'latin-name': [('X-\xe9', 'y')],
    'high': [('X', '\x80\xa0\xff')],
    'percent': [('X', '%s%n')], 'long': [('X', 'y' * 70000)], 'long-name': [('X' * 5000, 'y')],
    'many': [('X-%d' % i, 'v%d' % i) for i in range(300)],
    'thousands': [('X-%d' % i, 'v' * 20) for i in range(5000)],
    'status': [('Status', '404 Not Found'), T], 'location': [('Location', '/other'), T],
    'date': [('Date', 'today'), ('Server', 'mine')], 'type-twice': [T, T],
    'subclass-pair': [Pair(T)], 'link': [('Link', '</a>; rel="next"')], 'control': [('X', '\x01')],
    'euro': [('X', '\u20ac')], 'euro-name': [('X-\u20ac', 'y')], 'surrogate': [('X', '\udcff')],
    'euro-second': [T, ('X', '\u20ac'), ('Y', 'z')],
    'nul': [('X', 'a\0b')], 'cr': [('X', 'a\rb')], 'lf': [('X', 'a\nb')],
    'crlf': [('X', 'a\r\nX-Evil: 1')], 'fold': [('X', 'a\r\n b')], 'lf-name': [('X\nY', 'z')],
    'tab-name': [('X\tY', 'z')], 'delete': [('X', 'a\x7f')], 'lf-end': [('X', 'a\n')],
    'int': [('X', 1)], 'value-none': [('X', None)], 'bytes': [('X', b'y')],
    'bytes-name': [(b'X', 'y')],
    'subclass': [('X', Text('y'))], 'list-pair': [['X', 'y']], 'single': [('X',)],
    'triple': [('X', 'y', 'z')], 'str-pair': ['Xy'], 'pair-none': [None], 'pair-int': [7],
    'iter-pair': [iter(('X', 'y'))], 'empty-pair': [()], 'second-bad': [T, ('X', 2)],
    'hop-both': [('Connection', 'close'), ('X', '\u20ac')],
    'length-3': [('Content-Length', '3'), T], 'length-0': [('Content-Length', '0')],
    'length-99': [('Content-Length', '99')], 'length-word': [('Content-Length', 'many')],
    'length-minus': [('Content-Length', '-5')], 'length-12': [('content-length', '12')],
    'length-blank': [('Content-Length', ' 12 ')], 'length-empty': [('Content-Length', '')],
    'length-twice': [('Content-Length', '12'), ('Content-Length', '12')],
    'length-huge': [('Content-Length', '99999999999999999999999')],
}
KINDS.update(('hop-' + name, [T, (name, 'x')]) for name in HOPS)


def application(environ, start_response):
    start_response('200 OK', list(KINDS[environ['QUERY_STRING']]))
    return [b'headers body']
