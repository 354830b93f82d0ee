"""wsgi.errors: the query chooses."""
import sys

from say import log, ok


def lines(environ, f):
    f.write('LOG: one\nLOG: two\n')
    f.write('LOG: three, ')
    f.write('in two pieces\n')
    f.flush()


def lines_list(environ, f):
    f.writelines(['LOG: a\n', 'LOG: b', '\n'])
    f.writelines(iter(['LOG: c\n']))


def unended(environ, f):
    f.write('LOG: no newline')


def unicode(environ, f):
    f.write('LOG: caf\xe9 \u20ac \U0001f40d \udc80\n')


def wrong(environ, f):
    for data in (b'bytes', None, 5):
        try:
            f.write(data)
        except TypeError as error:
            log(environ, 'TypeError')
    try:
        f.writelines([1])
    except TypeError:
        log(environ, 'TypeError of a list')


def printed(environ, f):
    print('LOG: printed', 1, sep=' - ', file=f)


def large(environ, f):
    for i in range(300):
        f.write('%01999d\n' % i)
    log(environ, 'large')


def both(environ, f):
    log(environ, 'by wsgi.errors')
    sys.stderr.write('LOG: by sys.stderr\n')
    sys.stderr.flush()
    log(environ, 'again')


def api(environ, f):
    return [n for n in ('write', 'writelines', 'flush') if hasattr(f, n)]


KINDS = {f.__name__: f for f in (lines, lines_list, unended, unicode, wrong, printed, large, both,
                                 api)}


def application(environ, start_response):
    out = KINDS[environ['QUERY_STRING']](environ, environ['wsgi.errors'])
    ok(start_response)
    return [repr(out).encode()]
