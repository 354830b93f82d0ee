"""What the tests of this folder stand on: the folder of a run, and a kept FastCGI connection."""

import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'e2e'))

import fastcgi  # noqa: E402
import frontend  # noqa: E402

PYTHON = ['--python', sys.executable]


class Folder(frontend.Work):
    """A temporary folder with the gateways and this folder's application."""

    def __init__(self, name):
        super().__init__(name)
        with open(os.path.join(HERE, 'application.py'), 'rb') as f:
            self.application = self.file('site', 'application.py', text=f.read())

    def server(self, *options, application=None, **more):
        return frontend.Fcgi(self, application or self.application, *PYTHON, *options, **more)

    def cgi(self, query, *options, application=None, **changes):
        """Run wsgi-cgi as a web server does; bytes of its output, words of its log, its status."""
        env = {'PATH': '/usr/bin:/bin', 'LANG': 'C.UTF-8', **fastcgi.variables('/', query),
               **changes}
        return self.run_cgi([*PYTHON, *options, application or self.application], env)

    def run_cgi(self, words, env, cwd=None):
        done = subprocess.run([self.program('wsgi-cgi'), *words], env=env, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=30, cwd=cwd or self.path)
        return done.stdout, done.stderr.decode('utf-8', 'backslashreplace'), done.returncode


class Client(fastcgi.Connection):
    """One kept connection, for many requests."""

    def __init__(self, server):
        super().__init__(server.address)

    def get(self, query, body=None, **changes):
        params = fastcgi.variables('/', query, body=body, **changes)
        if body is not None:
            params['REQUEST_METHOD'] = 'POST'
        return self.ask(params, body or b'', flags=fastcgi.KEEP_CONN)

    def descriptors(self):
        """How many the server has, once it has closed what its clients have left: the least seen."""
        seen = []
        for _ in range(10):
            seen.append(int(self.get('own_descriptors').body))
            time.sleep(0.02)
        return min(seen)

    def json(self, query, **changes):
        reply = self.get(query, **changes)
        frontend.same(reply.status, 200, repr(reply))
        return json.loads(reply.body)


def body_of(out):
    return out.partition(b'\r\n\r\n')[2]


def status_of(out):
    return int(out.split(b' ')[1]) if out.startswith(b'Status: ') else None
