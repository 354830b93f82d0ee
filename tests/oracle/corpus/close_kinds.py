"""close() of all kinds: the query chooses."""
from say import Body, log, ok


class Odd:
    def __iter__(self):
        return iter([b'odd'])


def returns(environ):
    class Returns(Body):
        def close(self):
            super().close()
            return ValueError('returned, not raised')
    return Returns(environ, b'x')


def attribute(value):
    def made(environ):
        class WithAttribute(Odd):
            close = value
        return WithAttribute()
    return made


def argument(environ):
    class Argument(Odd):
        def close(self, when):
            log(environ, 'never')
    return Argument()


def missing_property(environ):
    class Missing(Odd):
        @property
        def close(self):
            log(environ, 'asked for close')
            raise AttributeError('no close after all')
    return Missing()


def failing_property(environ):
    class Failing(Odd):
        @property
        def close(self):
            raise ValueError('close cannot be had')
    return Failing()


def getattr_(environ):
    class Any(Odd):
        def __getattr__(self, name):
            if name != 'close':
                raise AttributeError(name)
            log(environ, 'asked for', name)
            return lambda: log(environ, 'closed')
    return Any()


def instance(environ):
    body = Odd()
    body.close = lambda: log(environ, 'closed')
    return body


def tuple_of_closes(environ):
    class Twice(Body):
        def __iter__(self):
            yield b'x'
            self.close()
    return Twice(environ)


def static(environ):
    class Static(Odd):
        @staticmethod
        def close():
            log(environ, 'closed')
    return Static()


KINDS = {f.__name__: f for f in (returns, argument, missing_property, failing_property, getattr_,
                                 instance, tuple_of_closes, static)}
KINDS.update({'none': attribute(None), 'str': attribute('close'), 'number': attribute(0),
              'plain': lambda e: Body(e, b'x'), 'empty': lambda e: Body(e),
              'three': lambda e: Body(e, b'1', b'2', b'3'),
              'bad-chunk': lambda e: Body(e, b'1', 2, b'3'),
              'raising': lambda e: Body(e, b'1', ValueError('later')),
              'raising-first': lambda e: Body(e, ValueError('first'))})


def application(environ, start_response):
    ok(start_response)
    return KINDS[environ['QUERY_STRING']](environ)
