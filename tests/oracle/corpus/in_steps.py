"""wsgi.input read by steps that the query gives: "read:5;line;lines:20;iter;next"."""
from say import ok

NOTHING = object()


def argument(text):
    return () if text == '' else (None,) if text == 'None' else (int(text),)


def step(source, environ, word):
    name, _, text = word.partition(':')
    if name == 'read':
        return source.read(*argument(text))
    if name == 'line':
        return source.readline(*argument(text))
    if name == 'lines':
        return source.readlines(*argument(text))
    if name == 'next':
        return next(iter(source), None)
    if name == 'iter':
        return list(source)
    if name == 'length':
        return source.read(int(environ.get('CONTENT_LENGTH') or 0))
    raise KeyError(word)


def application(environ, start_response):
    source, out = environ['wsgi.input'], []
    for word in environ['QUERY_STRING'].split(';'):
        try:
            out.append((word, step(source, environ, word)))
        except Exception as error:
            out.append((word, type(error).__name__))
    ok(start_response)
    return [('%s %r\n' % pair).encode() for pair in out]
