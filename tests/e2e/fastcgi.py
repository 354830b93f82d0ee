"""A FastCGI client that can say anything: records one by one, or a whole request at once.

FastCGI Specification 1.0, 3.3 (records), 3.4 (name-value pairs), 5 and 8 (types and roles).
"""

import struct

from frontend import connect

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR, DATA = range(1, 9)
GET_VALUES, GET_VALUES_RESULT, UNKNOWN_TYPE = 9, 10, 11
RESPONDER, KEEP_CONN = 1, 1
COMPLETE, CANT_MPX_CONN, OVERLOADED, UNKNOWN_ROLE = range(4)


def record(kind, content=b'', request_id=1, padding=0, version=1):
    return struct.pack('!BBHHBx', version, kind, request_id, len(content),
                       padding) + content + b'\xa5' * padding


def length(n, wide=False):
    return struct.pack('!I', n | 1 << 31) if n > 127 or wide else bytes([n])


def pair(name, value, wide=False):
    name = name.encode('latin-1') if isinstance(name, str) else name
    value = value.encode('latin-1') if isinstance(value, str) else value
    return length(len(name), wide) + length(len(value), wide) + name + value


def pairs(variables):
    return b''.join(pair(name, value) for name, value in dict(variables).items())


def read_pairs(data):
    out, at = {}, 0
    while at < len(data):
        sizes = []
        for _ in range(2):
            wide = data[at] >> 7
            sizes.append(struct.unpack_from('!I', data, at)[0] & 0x7fffffff if wide else data[at])
            at += 4 if wide else 1
        name, value = data[at:at + sizes[0]], data[at + sizes[0]:at + sum(sizes)]
        out[name.decode()] = value
        at += sum(sizes)
    return out


def begin(role=RESPONDER, flags=0, request_id=1, padding=0):
    return record(BEGIN, struct.pack('!HB5x', role, flags), request_id, padding)


def stream(kind, data, request_id=1, size=65535, padding=0, end=True):
    """A stream's records, size bytes of content in each, and the empty one that ends it."""
    out = [record(kind, data[i:i + size], request_id, padding)
           for i in range(0, len(data), size)]
    return b''.join(out) + (record(kind, b'', request_id, padding) if end else b'')


def variables(path='/', query='', method='GET', body=None, **more):
    """A request's parameters, as a front end sends them; None takes one away."""
    out = {'GATEWAY_INTERFACE': 'CGI/1.1', 'SERVER_PROTOCOL': 'HTTP/1.1', 'SERVER_NAME': 'test',
           'SERVER_PORT': '80', 'REMOTE_ADDR': '127.0.0.1', 'SERVER_SOFTWARE': 'test',
           'REQUEST_METHOD': method, 'SCRIPT_NAME': '', 'PATH_INFO': path, 'QUERY_STRING': query,
           'REQUEST_URI': path + ('?' + query if query else ''),
           'CONTENT_LENGTH': '' if body is None else str(len(body))}
    out.update(more)
    return {k: v for k, v in out.items() if v is not None}


def request(params, body=b'', flags=0, request_id=1, size=65535, padding=0):
    """All the bytes of one request."""
    return (begin(flags=flags, request_id=request_id, padding=padding)
            + stream(PARAMS, pairs(params), request_id, size, padding)
            + stream(STDIN, body, request_id, size, padding))


class NoRecord(Exception):
    """What came is none: how a server may say that a response is not whole."""


class Reply:
    """What came for one request: the records, and what they say."""

    def __init__(self, records, ended):
        self.records, self.ended = records, ended
        self.out = b''.join(c for kind, c in records if kind == STDOUT)
        self.err = b''.join(c for kind, c in records if kind == STDERR)
        self.app_status, self.protocol_status = ended if ended else (None, None)
        head, _, self.body = self.out.partition(b'\r\n\r\n')
        self.headers = [tuple(line.decode('latin-1').split(': ', 1))
                        for line in head.split(b'\r\n') if b': ' in line]
        status = [v for k, v in self.headers if k == 'Status']
        self.status = int(status[0].split()[0]) if status else None

    def header(self, name):
        found = [v for k, v in self.headers if k.lower() == name.lower()]
        return found[0] if found else None

    def __repr__(self):
        return 'Reply(%r, err %r, ended %r)' % (self.out[:700], self.err[-700:], self.ended)


class Connection:
    def __init__(self, address, seconds=15):
        self.socket = connect(address, seconds)
        self.file = self.socket.makefile('rb')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def record(self):
        """The next one: (kind, request id, content); None at the end of the connection."""
        head = self.file.read(8)
        if len(head) < 8:
            assert not head, 'a record cut in its head'
            return None
        version, kind, request_id, size, padding = struct.unpack('!BBHHBx', head)
        if version != 1:
            raise NoRecord('version %d' % version)
        content = self.file.read(size + padding)
        assert len(content) == size + padding, 'a record cut in its content'
        return kind, request_id, content[:size]

    def reply(self, request_id=1):
        """The records of one request, to its end or the connection's."""
        records = []
        while True:
            try:
                got = self.record()
            except (ConnectionResetError, NoRecord):
                got = None
            if got is None:
                return Reply(records, None)
            kind, their_id, content = got
            assert their_id == request_id, 'a record %d of request %d' % (kind, their_id)
            if kind == END:
                return Reply(records, struct.unpack('!IB3x', content))
            records.append((kind, content))

    def ask(self, params, body=b'', **more):
        self.send(request(params, body, **more))
        return self.reply(more.get('request_id', 1))

    def at_end(self):
        """Whether the server has closed it, with nothing more said."""
        try:
            return self.file.read(1) == b''
        except ConnectionResetError:
            return True


def ask(address, params, body=b'', **more):
    """One request on a connection of its own."""
    with Connection(address) as c:
        return c.ask(params, body, **more)
