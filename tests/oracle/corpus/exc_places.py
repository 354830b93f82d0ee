"""One exception, raised at every place where one can be."""
from say import PLAIN, Body, log, ok


class Boom(Exception):
    pass


class Places:
    """A body that fails where it is told to; "+close" also in close()."""

    def __init__(self, environ, place):
        self.environ, self.place, self.count = environ, place.split('+')[0], 0
        self.close_fails = place.endswith('close')

    def __iter__(self):
        self.fail('iter')
        return self

    def __next__(self):
        self.count += 1
        self.fail('next%d' % self.count)
        if self.count > 3:
            raise StopIteration
        return b'chunk %d ' % self.count

    def __len__(self):
        self.fail('len')
        raise TypeError('not known')

    def close(self):
        log(self.environ, 'close')
        if self.close_fails:
            raise Boom('close')

    def fail(self, place):
        if self.place == place:
            raise Boom(place)


def application(environ, start_response):
    place = environ['QUERY_STRING']
    if place == 'call':
        raise Boom('the secret is 4711')
    if place == 'unstarted+close':
        return Body(environ, b'x', close=Boom('close'))
    if place == 'empty+close':
        ok(start_response)
        return Body(environ, close=Boom('close'))
    if place == 'length+close':
        start_response('200 OK', PLAIN + [('Content-Length', '1')])
        return Body(environ, b'x', close=Boom('close'))
    ok(start_response)
    if place == 'started':
        raise Boom('started')
    return Places(environ, place)
