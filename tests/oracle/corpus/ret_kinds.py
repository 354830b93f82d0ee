"""What an application may return, and what it may not: the query chooses."""
import collections
import io
import itertools

from say import log, ok


class Pair:
    """A sequence by __getitem__ alone."""

    def __getitem__(self, i):
        return (b'x', b'y')[i]


class Counted:
    """Three chunks, and a length that is said to be something else."""

    def __init__(self, length):
        self.length = length

    def __len__(self):
        if isinstance(self.length, type):
            raise self.length('no length')
        return self.length

    def __iter__(self):
        return iter([b'first ', b'second ', b'third'])


class One(Pair):
    def __len__(self):
        return 1


class Steps:
    """An iterator that is its own iterable."""
    left = 3

    def __iter__(self):
        return self

    def __next__(self):
        self.left -= 1
        if self.left < 0:
            raise StopIteration
        return b'step %d ' % self.left


class BadIter:
    def __iter__(self):
        return 7


class RaisingIter:
    def __iter__(self):
        raise LookupError('no iterator')


class Lines(io.BytesIO):
    def close(self):
        log(self.environ, 'closed at', self.tell())
        super().close()


class ListWithClose(list):
    def close(self):
        log(self.environ, 'close of', len(self))


class TupleWithClose(tuple):
    def close(self):
        log(self.environ, 'close of', len(self))


def growing():
    chunks = [b'a']
    for chunk in chunks:
        if len(chunks) < 6:
            chunks.append(chunk + b'a')
    return chunks


def with_environ(body, environ):
    body.environ = environ
    return body


def generator(*chunks):
    yield from chunks


async def coroutine():
    return [b'never']


KINDS = {
    'list0': lambda e: [],
    'list1': lambda e: [b'hello\n'],
    'list3': lambda e: [b'a', b'bb', b'ccc'],
    'list-empty-first': lambda e: [b'', b'x'],
    'list-one-empty': lambda e: [b''],
    'list-growing': lambda e: growing(),
    'list-big': lambda e: [b'x' * 70000, b'y' * 70000],
    'tuple0': lambda e: (),
    'tuple1': lambda e: (b'hello\n',),
    'tuple3': lambda e: (b'a', b'bb', b'ccc'),
    'generator': lambda e: generator(b'a', b'b'),
    'generator0': lambda e: generator(),
    'generator1': lambda e: generator(b'only'),
    'generator-empty-first': lambda e: generator(b'', b'', b'x'),
    'expression': lambda e: (b'%d' % i for i in range(4)),
    'iterator': lambda e: Steps(),
    'iter-of-list': lambda e: iter([b'x', b'y']),
    'getitem': lambda e: Pair(),
    'getitem-one': lambda e: One(),
    'map': lambda e: map(bytes, [b'm', b'n']),
    'chain': lambda e: itertools.chain([b'c'], [b'd']),
    'islice': lambda e: itertools.islice([b'1', b'2', b'3'], 2),
    'reversed': lambda e: reversed([b'1', b'2']),
    'deque': lambda e: collections.deque([b'd', b'q']),
    'deque1': lambda e: collections.deque([b'one']),
    'dict': lambda e: {b'k': 1, b'l': 2},
    'dict1': lambda e: {b'k': 1},
    'dict0': lambda e: {},
    'values': lambda e: {1: b'v', 2: b'w'}.values(),
    'values1': lambda e: {1: b'v'}.values(),
    'set1': lambda e: {b's'},
    'set0': lambda e: frozenset(),
    'array': lambda e: collections.UserList([b'u', b'l']),
    'bytesio': lambda e: with_environ(Lines(b'one\ntwo\n\nlast'), e),
    'list-close': lambda e: with_environ(ListWithClose([b'x']), e),
    'tuple-close': lambda e: with_environ(TupleWithClose([b'x', b'y']), e),
    'keys-of-environ': lambda e: sorted(k.encode('latin-1') for k in e if k.isupper()),
    'len1-of-3': lambda e: Counted(1),
    'len0-of-3': lambda e: Counted(0),
    'len3': lambda e: Counted(3),
    'len-negative': lambda e: Counted(-1),
    'len-huge': lambda e: Counted(1 << 70),
    'len-word': lambda e: Counted('3'),
    'len-true': lambda e: Counted(True),
    'len-TypeError': lambda e: Counted(TypeError),
    'len-AttributeError': lambda e: Counted(AttributeError),
    'len-NotImplementedError': lambda e: Counted(NotImplementedError),
    'len-ValueError': lambda e: Counted(ValueError),
    'len-SystemExit': lambda e: Counted(SystemExit),
    'bytes': lambda e: b'hello',
    'bytes0': lambda e: b'',
    'str': lambda e: 'hello',
    'str0': lambda e: '',
    'bytearray0': lambda e: bytearray(),
    'none': lambda e: None,
    'int': lambda e: 42,
    'true': lambda e: True,
    'object': lambda e: object(),
    'function': lambda e: generator,
    'class': lambda e: Pair,
    'coroutine': lambda e: coroutine(),
    'iter-bad': lambda e: BadIter(),
    'iter-raises': lambda e: RaisingIter(),
    'NotImplemented': lambda e: NotImplemented,
}


def application(environ, start_response):
    ok(start_response)
    return KINDS[environ['QUERY_STRING']](environ)
