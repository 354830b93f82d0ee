"""Chunks that are no bytes, at the first or a later place: "KIND" or "KIND:later"."""
from say import Body, ok


class Bytes(bytes):
    pass


KINDS = {'str': 'text', 'bytearray': bytearray(b'x'), 'memoryview': memoryview(b'x'),
         'subclass': Bytes(b'x'), 'none': None, 'int': 7, 'list': [b'x'], 'tuple': (b'x',),
         'float': 1.5, 'object': object, 'bytes': b'x'}


def application(environ, start_response):
    kind, _, later = environ['QUERY_STRING'].partition(':')
    ok(start_response)
    if later == 'list':
        return [KINDS[kind], b'never']
    return Body(environ, *([b'good '] if later else []), KINDS[kind], b'never')
