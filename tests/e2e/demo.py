"""scripts/demo as make demo runs it: the address it prints shows a page that works.

Environment: BUILD, the folder of the binaries. Words on the command line choose the tests.
"""

import hashlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse

import runner

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get('BUILD', os.path.join(REPO, 'build')))
WAIT = 30


class Demo:
    """A demo that runs; ends by a signal, or by itself when seconds are given."""

    def __init__(self, seconds=WAIT, address=None):
        command = [os.path.join(REPO, 'scripts', 'demo'), BUILD] + ([address] if address else [])
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True,
                                        env=dict(os.environ, DEMO_SECONDS=str(seconds)))
        line = self.process.stdout.readline()
        found = re.search(r'http://([^:/ ]+):(\d+)/', line)
        if not found:
            self.process.kill()
            raise AssertionError('no address: %r %r' % (line, self.process.communicate()))
        self.line, self.host, self.port = line, found[1], int(found[2])

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate(timeout=WAIT)

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=WAIT)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        try:
            return response, response.read().decode()
        finally:
            connection.close()


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def test_it_prints_its_address_in_one_line():
    with Demo() as demo:
        assert demo.line.count('http://') == 1 and 'Ctrl-C' in demo.line, demo.line


def test_the_page_is_there_with_its_style():
    with Demo() as demo:
        response, page = demo.request('GET', '/')
        assert response.status == 200 and '<h1>It works</h1>' in page
        assert 'wsgi-serve' in page and 'wsgi-fcgi' in page
        for path in re.findall(r'href="(/[^"]*)"', page):
            if path not in ('/error', '/nowhere'):
                assert demo.request('GET', path.replace('&amp;', '&'))[0].status == 200, path


def test_a_form_is_echoed():
    with Demo() as demo:
        body = urllib.parse.urlencode({'name': 'Zo\u00eb <3', 'word': '\u4f60\u597d & more'})
        response, page = demo.request('POST', '/echo', body,
                                      {'Content-Type': 'application/x-www-form-urlencoded'})
        assert response.status == 200
        assert 'Zo\u00eb &lt;3' in page and '\u4f60\u597d &amp; more' in page, page


def form_data(content):
    head = ('--xYz\r\nContent-Disposition: form-data; name="file"; filename="caf\u00e9.bin"\r\n'
            'Content-Type: application/octet-stream\r\n\r\n').encode()
    return head + content + b'\r\n--xYz--\r\n'


def test_an_upload_is_digested():
    with Demo() as demo:
        for content in b'', b'hello', b'\r\n--xY\r\n' * 100000, os.urandom(3000000):
            response, page = demo.request('POST', '/upload', form_data(content),
                                          {'Content-Type': 'multipart/form-data; boundary=xYz'})
            assert response.status == 200
            assert hashlib.sha256(content).hexdigest() in page and 'caf\u00e9.bin' in page, page


def test_a_chunked_upload_is_digested_too():
    with Demo() as demo:
        _, answer = demo.request('PUT', '/upload', iter([b'hel', b'lo']))
        assert answer == '5 bytes, SHA-256 %s\n' % hashlib.sha256(b'hello').hexdigest(), answer


def test_the_environ_is_escaped():
    with Demo() as demo:
        _, page = demo.request('GET', '/environ/%3Cscript%3E?<script>')
        assert '<script>' not in page and '&lt;script&gt;' in page


def test_an_error_is_a_500_and_a_missing_page_a_404():
    with Demo() as demo:
        assert demo.request('GET', '/error')[0].status == 500
        assert demo.request('GET', '/nowhere')[0].status == 404


def test_lines_come_when_they_are_made():
    with Demo() as demo, socket.create_connection((demo.host, demo.port), WAIT) as s:
        s.sendall(b'GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
        data, times = b'', []
        while True:
            piece = s.recv(65536)
            if not piece:
                break
            data += piece
            times += [time.monotonic()] * piece.count(b'<li>it is')
        assert len(times) == 6 and times[-1] - times[0] > 1.5, times


def test_it_takes_another_port_when_8000_is_taken():
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(('127.0.0.1', 8000))
            s.listen()
        except OSError:
            pass  # somebody else has it: all the same to us
        with Demo() as demo:
            assert demo.port != 8000
            assert demo.request('GET', '/')[0].status == 200


def test_an_address_can_be_given():
    port = free_port()
    with Demo(address='127.0.0.1:%d' % port) as demo:
        assert demo.port == port and demo.request('GET', '/')[0].status == 200


def test_it_ends_by_itself_with_status_0():
    with Demo(seconds=1) as demo:
        assert demo.process.wait(WAIT) == 0


def test_ctrl_c_ends_it_and_its_servers():
    for number in signal.SIGINT, signal.SIGTERM:
        with Demo() as demo:
            demo.process.send_signal(number)
            assert demo.process.wait(WAIT) == 0
            with socket.socket() as s:
                assert s.connect_ex((demo.host, demo.port)) != 0


def main():
    # A shell's background job ignores it, and what it starts, a script too, would for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return runner.say(*runner.run(globals()))


if __name__ == '__main__':
    sys.exit(main())
