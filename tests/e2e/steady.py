"""A steady load: some connections that are kept, on each one request after the other, every answer
checked. The client is a process of its own; see Load.

Every request has a number in its query, which the answer must show: an answer to another request is
a failure, as is any status but 200, an answer cut short, a reset, and silence.
"""

import collections
import json
import os
import re
import select
import selectors
import signal
import socket
import subprocess
import sys
import time

LONGEST = 15  # seconds for one answer
HEAD = re.compile(rb'HTTP/1\.1 (\d+)[^\r\n]*\r\n(.*?)\r\n\r\n', re.S)
LENGTH = re.compile(rb'(?i)\r\ncontent-length: *(\d+)')
CHILD = 'import sys; sys.path.insert(0, sys.argv.pop(1)); import steady; steady.main()'


class Load:
    """The client, from its start until stop()."""

    def __init__(self, port, path='/', connections=8, pause=0.002, posts=4):
        """posts: one request in so many has a body; 0: none."""
        self.child = subprocess.Popen(
            [sys.executable, '-B', '-c', CHILD, os.path.dirname(os.path.abspath(__file__)),
             str(port), path, str(connections), str(pause), str(posts)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.result = None

    def stop(self, bound=40):
        """End it once each request has its answer. Returns a dict: sent, good, failures, longest."""
        if self.result is None:
            out, _ = self.child.communicate(timeout=bound)
            self.result = json.loads(out)
        return self.result

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.result is None and self.child.poll() is None:
            self.child.kill()
        self.child.stdin.close()
        self.child.stdout.close()
        self.child.wait()


class Client:
    """One connection: a request is under way, or a pause."""

    def __init__(self, crowd):
        self.crowd, self.socket = crowd, None

    def connect(self):
        self.socket = socket.create_connection(('127.0.0.1', self.crowd.port), LONGEST)
        self.socket.setblocking(False)
        self.crowd.selector.register(self.socket, selectors.EVENT_READ, self)

    def close(self):
        if self.socket is not None:
            self.crowd.selector.unregister(self.socket)
            self.socket.close()
        self.socket = None

    def ask(self):
        crowd = self.crowd
        crowd.sent += 1
        self.number, self.answer, self.began = crowd.sent, b'', time.monotonic()
        post = crowd.posts and self.number % crowd.posts == 0
        body = b'x' * 1000 if post else b''
        self.what = '%s %d' % ('POST' if post else 'GET', self.number)
        head = '%s %s?n=%d HTTP/1.1\r\nHost: localhost\r\n%s\r\n' % (
            'POST' if post else 'GET', crowd.path, self.number,
            'Content-Length: %d\r\nContent-Type: text/plain\r\n' % len(body) if post else '')
        try:
            if self.socket is None:
                self.connect()
            self.socket.sendall(head.encode() + body)  # small: the socket takes it at once
        except OSError as error:
            self.fail('send: %s' % error)

    def fail(self, why):
        self.crowd.failures.append('%s after %.3f s: %s' % (self.what, time.monotonic() - self.began, why))
        self.close()
        self.done()

    def done(self):
        self.began = None
        self.crowd.pausing.append((time.monotonic() + self.crowd.pause, self))

    def read(self):
        try:
            data = self.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError as error:
            return self.lost(str(error))
        if not data:
            return self.lost('closed')
        if self.began is None:
            return self.lost('bytes that nobody asked for: %r' % data[:100])
        self.answer += data
        self.look()

    def lost(self, why):
        if self.began is None:  # an idle connection may be closed
            return self.close()
        self.fail('%s, after %r' % (why, self.answer[-200:]))

    def look(self):
        head = HEAD.match(self.answer)
        if head is None:
            return
        length = LENGTH.search(head.group(0))
        if length is None:
            return self.fail('no length: %r' % self.answer[:300])
        body = self.answer[head.end():]
        if len(body) < int(length.group(1)):
            return
        if head.group(1) != b'200' or b'n=%d;' % self.number not in body:
            return self.fail('%r' % self.answer[:300])
        took = time.monotonic() - self.began
        self.crowd.good += 1
        self.crowd.longest = max(self.crowd.longest, took)
        if b'\r\nconnection: close' in head.group(0).lower():
            self.close()
        self.done()


class Crowd:
    def __init__(self, port, path, connections, pause, posts):
        self.port, self.path, self.pause, self.posts = int(port), path, float(pause), int(posts)
        self.sent = self.good = 0
        self.longest, self.failures = 0.0, []
        self.selector = selectors.DefaultSelector()
        self.pausing = collections.deque()
        self.clients = [Client(self) for _ in range(int(connections))]

    def late(self, now):
        for client in self.clients:
            if client.began is not None and now - client.began > LONGEST:
                client.fail('no answer')

    def run(self):
        stop, looked = False, time.monotonic()
        for client in self.clients:
            client.began = None
            client.ask()
        while not stop or any(c.began is not None for c in self.clients):
            now = time.monotonic()
            while self.pausing and self.pausing[0][0] <= now:
                client = self.pausing.popleft()[1]
                if not stop:
                    client.ask()
            if now - looked > 0.2:
                self.late(now)
                looked, stop = now, stop or bool(select.select([sys.stdin], [], [], 0)[0])
            wait = 0.1 if not self.pausing else max(0, min(0.1, self.pausing[0][0] - now))
            for key, _ in self.selector.select(wait):
                key.data.read()
        return {'sent': self.sent, 'good': self.good, 'failures': self.failures, 'longest': self.longest}


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    json.dump(Crowd(*sys.argv[1:]).run(), sys.stdout)
