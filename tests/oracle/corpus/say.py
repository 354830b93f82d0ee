"""What the applications of the corpus share: a log, and bodies that tell what becomes of them."""

PLAIN = [('Content-Type', 'text/plain')]


def log(environ, *words):
    environ['wsgi.errors'].write('LOG: %s\n' % ' '.join(str(w) for w in words))
    environ['wsgi.errors'].flush()


def ok(start_response, *headers):
    return start_response('200 OK', PLAIN + list(headers))


class Body:
    """Chunks, of which one may be an exception to raise; every step is logged."""

    def __init__(self, environ, *chunks, close=None):
        self.environ, self.chunks, self.error, self.closed = environ, chunks, close, 0

    def __iter__(self):
        for chunk in self.chunks:
            log(self.environ, 'next', type(chunk).__name__)
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk
        log(self.environ, 'end')

    def close(self):
        self.closed += 1
        log(self.environ, 'close', self.closed)
        if self.error is not None:
            raise self.error
