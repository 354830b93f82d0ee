"""A FastCGI client whose framing is random, and always legal.

FastCGI Specification 1.0: records of any size with any padding (3.3), lengths of one or four bytes
(3.4), any request id but 0 (3.3), management records at any time (4).
"""
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from answers import CORPUS, Answer

BEGIN, END, PARAMS, STDIN, STDOUT, STDERR, GET_VALUES, GET_VALUES_RESULT = 1, 3, 4, 5, 6, 7, 9, 10
RESPONDER = KEEP_CONN = 1
SIZES = [1, 2, 7, 8, 100, 127, 128, 1000, 8184, 8192, 32768, 65528, 65535]
PADDINGS = [0, 0, 0, 1, 4, 7, 8, 255]
SECONDS = 20
MANY = 300  # records a stream, at most


def record(kind, request_id, content, padding):
    return struct.pack('!BBHHBx', 1, kind, request_id, len(content), padding) + content + \
        bytes(padding)


def length(n, wide):
    return struct.pack('!I', n | 1 << 31) if wide or n > 127 else bytes([n])


def pairs(variables, r):
    out = []
    for name, value in variables.items():
        out += [length(len(name), r.random() < 0.1), length(len(value), r.random() < 0.1), name,
                value]
    return b''.join(out)


def stream(kind, request_id, data, r):
    out, at = [], 0
    while at < len(data):
        size = min(max(r.choice(SIZES), len(data) // MANY), 65535)
        out.append(record(kind, request_id, data[at:at + size], r.choice(PADDINGS)))
        at += size
    return b''.join(out) + record(kind, request_id, b'', r.choice(PADDINGS))


def framed(variables, body, request_id, flags, r):
    """All the bytes of a request."""
    out = record(BEGIN, request_id, struct.pack('!HB5x', RESPONDER, flags), r.choice(PADDINGS))
    if r.random() < 0.05:
        out = record(GET_VALUES, 0, b'\x0f\0FCGI_MPXS_CONNS', 1) + out
    return out + stream(PARAMS, request_id, pairs(variables, r), r) + \
        stream(STDIN, request_id, body, r)


class Server:
    """wsgi-fcgi with one application of the corpus."""

    def __init__(self, build, app):
        self.folder = tempfile.TemporaryDirectory(prefix='wsgi-oracle-')
        self.path = os.path.join(self.folder.name, 's')
        self.log = open(os.path.join(self.folder.name, 'log'), 'wb+')
        environment = {'PATH': os.defpath, 'LC_ALL': 'C.UTF-8', 'PYTHONDONTWRITEBYTECODE': '1'}
        self.process = subprocess.Popen(
            [os.path.join(build, 'wsgi-fcgi'), '--bind', 'unix:' + self.path, '--python',
             sys.executable, os.path.join(CORPUS, app)],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=environment, cwd='/')
        self.wait()

    def wait(self):
        end = time.monotonic() + SECONDS
        while True:
            try:
                return self.connect().close()
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise AssertionError('wsgi-fcgi does not come up: %s; %s' %
                                         (error, self.said(0)))
                time.sleep(0.02)

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(SECONDS)
        try:
            s.connect(self.path)
        except OSError:
            s.close()
            raise
        return s

    def mark(self):
        return os.fstat(self.log.fileno()).st_size

    def said(self, since):
        return os.pread(self.log.fileno(), 1 << 24, since)

    def stop(self):
        """End it; returns the exit status."""
        self.process.terminate()
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        self.folder.cleanup()
        return self.process.returncode


class Connection:
    def __init__(self, server):
        self.socket = server.connect()
        self.file = self.socket.makefile('rb')

    def close(self):
        self.file.close()
        self.socket.close()

    def read(self, size):
        try:
            return self.file.read(size)
        except ConnectionResetError:
            return b''

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # an answer may come, and the connection be closed, before all is sent

    def ask(self, request, request_id, keep, r):
        """One request; returns its Answer and whether it was ended."""
        data = framed(request.env, request.body, request_id, KEEP_CONN if keep else 0, r)
        sender = threading.Thread(target=self.send, args=(data,))
        sender.start()
        try:
            return self.reply(request_id)
        finally:
            sender.join(SECONDS)

    def reply(self, request_id):
        streams, notes = {STDOUT: [], STDERR: []}, []
        ended = False
        while not ended:
            head = self.read(8)
            if len(head) < 8:
                notes.append('protocol no END_REQUEST, connection closed')
                break
            version, kind, theirs, size, padding = struct.unpack('!BBHHBx', head)
            if version != 1:  # so a server tells a front end that the response is cut
                notes.append('protocol no END_REQUEST, connection %s' %
                             ('closed' if self.is_closed() else 'open'))
                break
            content = self.read(size + padding)[:size]
            if kind == GET_VALUES_RESULT and theirs == 0:
                continue
            if theirs != request_id:
                notes.append('protocol a record %d for request %d' % (kind, theirs))
            if kind in streams:
                streams[kind].append(content)
            elif kind == END:
                ended = True
                status = struct.unpack('!IB3x', content)[1]
                if status:
                    notes.append('protocol status %d' % status)
            else:
                notes.append('protocol a record of type %d' % kind)
        out, err = b''.join(streams[STDOUT]), b''.join(streams[STDERR])
        return Answer(out, err, 0, notes), ended

    def is_closed(self):
        """Whether the server closes, and says nothing more."""
        return self.read(1) == b''


def ask(server, request, r):
    """One request, or the same twice on a kept connection: a list of Answers."""
    request_id, keep = r.choice([1, 1, 2, 255, 256, 65535]), r.random() < 0.3
    since = server.mark()
    connection = Connection(server)
    try:
        first, ended = connection.ask(request, request_id, keep, r)
        answers = [first]
        if ended and keep:
            answers.append(connection.ask(request, request_id, True, r)[0])
        elif ended and not connection.is_closed():
            first.notes.append('protocol the connection is not closed')
    except TimeoutError:
        return [Answer(b'', server.said(since), 0, ['time     no end in %d s' % SECONDS])]
    finally:
        connection.close()
    if len(answers) == 1:
        first.err += server.said(since)
    return answers
