"""A web site of the emulated IIS: wsgi-iis.exe, applications below a root, and requests for them."""

import os
import subprocess

import iis_launch
from iis_launch import Request, Site
from wine import Launcher, Prefix, built

from frontend import BUILD, same

PREFIX = Prefix()
ROOT = iis_launch.ROOT
PROGRAM = PREFIX.copy(built('wsgi-iis.exe'), 'C:\\wsgi\\wsgi-iis.exe')
MAPPING = '%s --root %s "%%s"' % (PROGRAM, ROOT)
SITE = Site(mapping=MAPPING)
PREFIX.folder(ROOT)
LAUNCHERS = {}


def launcher(codepage='cp1252'):
    if codepage not in LAUNCHERS:
        LAUNCHERS[codepage] = Launcher(PREFIX, codepage)
    return LAUNCHERS[codepage]


def application(name, path=None):
    """One of tests/apps at a path of drive C; none: in the root, by its own name."""
    path = path or '%s\\%s.dll' % (ROOT, name)
    if not os.path.exists(PREFIX.unix(path)):
        PREFIX.copy(built('apps/%s.dll' % name), path)
    return path


class Answer:
    """What a program answered: a CGI response by our strict rules, the log, and how it ended."""

    def __init__(self, ended):
        self.ended, self.out, self.log = ended, ended.out, ended.log
        self.how, self.code = ended.how, ended.code
        self.head, self.end, self.body = self.out.partition(b'\r\n\r\n')
        self.status, self.headers = None, []
        if self.end:
            first, *lines = self.head.decode('latin-1').split('\r\n')
            assert first.startswith('Status: ') and '\n' not in self.head.decode(
                'latin-1').replace('\r\n', ''), 'no CGI response: %r' % self.out[:300]
            self.line = first[8:]
            self.status = int(first[8:11])
            self.headers = [tuple(line.split(': ', 1)) for line in lines]

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def header(self, name):
        return (self.all(name) or [None])[0]

    def environ(self):
        """What env_hex saw: bytes by name."""
        same(self.status, 200, repr(self.ended))
        entries = [line.split(b'=') for line in self.body.splitlines()]
        return {bytes.fromhex(name.decode()).decode(): bytes.fromhex(value.decode())
                for name, value in entries}

    def __repr__(self):
        return repr(self.ended)


def ask(target, site=SITE, file=None, seconds=30, take=0, hold=False, **request):
    """One request, by the code page of the site."""
    made = Request(target=target if isinstance(target, bytes) else target.encode(), **request)
    launch = iis_launch.launch(site, made, file)
    if file is not None:
        launch.folder = site.root  # that of a file which is not there is none to start in
    return start(launch, made.body, site.codepage, seconds=seconds, take=take, hold=hold)


def start(launch, body=b'', codepage='cp1252', **more):
    return Answer(launcher(codepage).start(launch.line, launch.environment,
                                           launch.folder, body, **more))


def by_posix(name, launch, body=b''):
    """The same request to wsgi-iis on this system: (output, exit status)."""
    pairs = [entry.encode('utf-8', 'surrogatepass').partition(b'=') for entry in launch.environment]
    done = subprocess.run([os.path.join(BUILD, 'wsgi-iis'), os.path.join(BUILD, 'apps', name + '.so')],
                          env={name: value for name, _, value in pairs}, input=body or b'',
                          capture_output=True, timeout=30, check=False)
    return done.stdout, done.returncode
