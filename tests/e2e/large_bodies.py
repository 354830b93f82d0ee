"""Bodies of a gigabyte, both ways, through both gateways: the memory of the gateway stays flat.

SIZE in the environment: how many bytes instead of 1 GiB.
"""

import hashlib
import os
import re
import socket
import subprocess
import threading
import time

from frontend import (Apache, Fcgi, Nginx, Process, Skip, Work, connect, main, read_answer,
                      request, request_head, same, tail, test)

SIZE = int(os.environ.get('SIZE', 1 << 30))
FLAT_KB = 64 << 10
SECONDS = 120
WORK = Work('large')
SPARSE = os.path.join(WORK.folder('data'), 'sparse.bin')
with open(SPARSE, 'wb') as f:
    f.truncate(SIZE)
    f.seek(SIZE // 2)
    f.write(b'the middle')
os.chmod(SPARSE, 0o644)
APP = WORK.app('exchange.py')
APACHE = Apache(WORK, [('apache-site.conf', dict(
    WSGI_CGI=WORK.program('wsgi-cgi'), WSGI_APPLICATION=APP))],
    'SetEnv E2E_FILE "%s"\nSetEnv WSGI_PYTHON /usr/bin/python3\n' % SPARSE)
SERVER = Fcgi(WORK, APP, '--threads', '2', '--python', '/usr/bin/python3', '-e',
              'E2E_FILE=' + SPARSE)
TCP = Fcgi(WORK, APP, '--threads', '2', '--python', '/usr/bin/python3', '-e',
           'E2E_FILE=' + SPARSE, tcp=True)
NGINX = Nginx(WORK, 'nginx-stream.conf', SERVER.bind)
NGINX_TCP = Nginx(WORK, 'nginx-stream.conf', TCP.bind)


class Way:
    """One way to the application, and how the gateway's process is found."""

    def __init__(self, name, front, pids):
        self.name, self.port, self.pids = name, front.port, pids

    def __str__(self):
        return self.name


def cgi_pids():
    """Processes of this run's application: a CGI program has no other mark."""
    found = []
    for entry in os.listdir('/proc'):
        if entry.isdigit():
            try:
                with open('/proc/%s/environ' % entry, 'rb') as f:
                    environ = f.read()
            except OSError:
                continue
            if b'E2E_FILE=' + SPARSE.encode() in environ and b'GATEWAY_INTERFACE=' in environ:
                found.append(int(entry))
    return found


def children(pid):
    """A master's: its workers, and what they are forked from."""
    with open('/proc/%d/task/%d/children' % (pid, pid)) as f:
        return [int(child) for child in f.read().split()]


WAYS = [Way('CGI, Apache', APACHE, cgi_pids),
        Way('FastCGI over unix, nginx', NGINX, lambda: children(SERVER.pid)),
        Way('FastCGI over TCP, nginx', NGINX_TCP, lambda: children(TCP.pid))]


def memory(pid):
    """Resident kilobytes: now, and the most there ever were."""
    try:
        with open('/proc/%d/status' % pid) as f:
            text = f.read()
        return tuple(int(re.search(name + r':\s+(\d+) kB', text).group(1))
                     for name in ('VmRSS', 'VmHWM'))
    except (OSError, AttributeError):
        return None


class Watch:
    """Samples the memory of a gateway while a request is under way."""

    def __init__(self, way):
        self.way, self.samples, self.on = way, {}, True
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while self.on:
            for pid in self.way.pids():
                now = memory(pid)
                if now:
                    self.samples.setdefault(pid, []).append(now)
            time.sleep(0.03)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.on = False
        self.thread.join()

    def check_flat(self, what):
        assert self.samples, 'the gateway was never seen'
        for pid, seen in self.samples.items():
            # What an interpreter takes to start is no growth: the least once it reads counts.
            settled = [rss for rss, _ in seen[len(seen) // 10:]]
            growth = max(hwm for _, hwm in seen) - min(settled)
            print('     %s, %s: resident %d to %d kB, peak %d kB, %d samples' % (
                what, self.way, min(settled), max(settled), max(h for _, h in seen), len(seen)))
            assert growth < FLAT_KB, 'grew by %d kB' % growth


BLOCK = bytes(range(256)) * 1024


def pieces(size):
    while size:
        yield BLOCK[:min(size, len(BLOCK))]
        size -= min(size, len(BLOCK))


def expected_digest():
    h = hashlib.sha256()
    for piece in pieces(SIZE):
        h.update(piece)
    return b'%d %s' % (SIZE, h.hexdigest().encode())


EXPECTED = []


@test(each=WAYS)
def an_upload_is_read_in_pieces(way):
    if not EXPECTED:
        EXPECTED.append(expected_digest())
    with Watch(way) as watch, connect(way.port, SECONDS) as s, s.makefile('rb') as f:
        s.sendall(request_head('POST', '/digest', [('Connection', 'close'),
                                                   ('Content-Length', str(SIZE))], None, False))
        for piece in pieces(SIZE):
            s.sendall(piece)
        answer = read_answer(f, 'POST')
    same((answer.status, answer.body), (200, EXPECTED[0]))
    watch.check_flat('upload')


@test(each=WAYS)
def an_upload_without_a_length_is_read_in_pieces(way):
    size = SIZE // 4
    with Watch(way) as watch:
        writer = subprocess.Popen(['curl', '-sS', '-T', '-', '-H', 'Expect:', '--max-time', '100',
                                   'http://localhost:%d/digest' % way.port],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for piece in pieces(size):
            writer.stdin.write(piece)
        out = writer.communicate()[0]
    same(writer.returncode, 0)
    same(out.split()[0], b'%d' % size)
    watch.check_flat('chunked upload')


@test(each=WAYS)
def an_upload_that_nobody_reads_is_not_kept(way):
    with Watch(way) as watch:
        answer = request(way.port, '/unread', method='POST', body=BLOCK * (SIZE // 8 // len(BLOCK)))
    same((answer.status, answer.body), (200, b'not read'))
    if watch.samples:
        watch.check_flat('unread upload')


class Sink:
    """Compares what comes with the pattern, and counts."""

    def __init__(self):
        self.count, self.wrong = 0, 0

    def __call__(self, data):
        at = self.count % 256
        if data != (BLOCK + BLOCK)[at:at + len(data)]:
            self.wrong += 1
        self.count += len(data)


@test(each=WAYS)
def a_download_of_an_iterable_is_sent_in_pieces(way):
    sink = Sink()
    with Watch(way) as watch:
        answer = request(way.port, '/large?%d' % SIZE, sink=sink, seconds=SECONDS)
    same((answer.status, answer.whole, sink.count, sink.wrong), (200, True, SIZE, 0))
    watch.check_flat('download')


@test(each=WAYS)
def a_slow_reader_of_a_download_costs_no_memory(way):
    with Watch(way) as watch, connect(way.port, SECONDS) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        s.sendall(request_head('GET', '/large?%d' % SIZE, [('Host', 'x')], None, False))
        for _ in range(30):
            s.recv(65536)
            time.sleep(0.05)
    watch.check_flat('slow reader')


@test(each=WAYS)
def a_download_of_a_file_is_sent_whole(way):
    total, middle = [0], []

    def sink(data):
        if b'the middle' in data:
            middle.append(total[0] + data.index(b'the middle'))
        total[0] += len(data)
    with Watch(way) as watch:
        answer = request(way.port, '/file', sink=sink, seconds=SECONDS)
    same((answer.status, answer.whole, total[0], len(middle) <= 1), (200, True, SIZE, True))
    assert not middle or middle[0] == SIZE // 2
    watch.check_flat('file')


def calls(trace):
    """How many calls moved bytes of the file, by name, and how many bytes in all."""
    count, moved = {}, 0
    with open(trace) as f:
        for line in f:
            found = re.search(r'\b(sendfile|splice)\(.*\) = (\d+)$', line.strip())
            if found and int(found.group(2)):
                count[found.group(1)] = count.get(found.group(1), 0) + 1
                moved += int(found.group(2))
    return count, moved


@test(each=WAYS[1:])
def a_file_leaves_by_sendfile_or_splice_of_a_server(way):
    trace = os.path.join(WORK.path, 'trace-%d' % way.port)
    words = ['strace', '-f', '-e', 'trace=sendfile,splice', '-o', trace]
    for pid in way.pids():
        words += ['-p', str(pid)]
    strace = Process(words, trace + '.log', as_web_user=False)
    for _ in range(100):
        if tail(trace + '.log').count('attached') >= len(way.pids()):
            break
        if strace.child.poll() is not None:
            raise Skip('strace cannot attach: ' + tail(trace + '.log'))
        time.sleep(0.05)
    answer = request(way.port, '/file', sink=lambda data: None, seconds=SECONDS)
    strace.stop(number=2)
    same(answer.whole, True)
    count, moved = calls(trace)
    print('     %s, %d bytes' % (count, moved))
    same(moved, SIZE)


@test(each=['a pipe', 'a file', 'a socket'])
def a_file_leaves_by_sendfile_or_splice_of_a_cgi_program(kind):
    # What the response goes into, as web servers have it.
    trace = os.path.join(WORK.path, 'trace-' + kind.split()[1])
    env = {'PATH': '/usr/bin:/bin', 'GATEWAY_INTERFACE': 'CGI/1.1', 'REQUEST_METHOD': 'GET',
           'SERVER_NAME': 'x', 'SERVER_PORT': '80', 'SERVER_PROTOCOL': 'HTTP/1.1',
           'SCRIPT_NAME': '', 'PATH_INFO': '/file', 'QUERY_STRING': 'a=b', 'E2E_FILE': SPARSE}
    words = ['strace', '-f', '-e', 'trace=sendfile,splice', '-o', trace, WORK.program('wsgi-cgi'),
             '--python', '/usr/bin/python3', APP]
    out = ours = None
    if kind == 'a file':
        out = open('/dev/null', 'wb')
    elif kind == 'a socket':
        ours, out = socket.socketpair()
    child = subprocess.Popen(words, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                             stdout=subprocess.PIPE if kind == 'a pipe' else out)
    total = 0
    if out:
        out.close()
    if kind == 'a pipe':
        while True:
            data = os.read(child.stdout.fileno(), 1 << 18)
            if not data:
                break
            total += len(data)
    elif kind == 'a socket':
        while True:
            data = ours.recv(1 << 18)
            if not data:
                break
            total += len(data)
        ours.close()
    log = child.communicate()[1].decode()
    if 'PTRACE' in log:
        raise Skip('strace cannot trace: ' + log.strip())
    same(child.returncode, 0, log)
    if kind != 'a file':
        assert total > SIZE, 'only %d bytes' % total
    count, moved = calls(trace)
    print('     %s, %d bytes' % (count, moved))
    same(moved, SIZE)


@test
def nothing_of_it_was_put_on_a_disk():
    for front in (NGINX, NGINX_TCP):
        with open(front.log) as f:
            text = f.read()
        assert 'temporary file' not in text, text[-2000:]


if __name__ == '__main__':
    main(lambda: APACHE.logs() + NGINX.logs() + NGINX_TCP.logs() + SERVER.logs() + TCP.logs())
