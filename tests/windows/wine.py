"""What the tests of this folder stand on: a Windows of the test's own in wine, and a launcher in it.

The prefix holds the system's lowest DLLs alone, those that a program of ours may use: one that
wants more does not start here. So it is made in no time, and no service of wine runs in it, which
would keep the streams of the first process open.

Environment: BUILD, the folder of the binaries (build/ of this repository); KEEP=1 keeps the prefix.
"""

import atexit
import os
import select
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'e2e'))

from frontend import BUILD  # noqa: E402

PROGRAMS = os.path.join(BUILD, 'windows')
WINE = ('/usr/lib/wine/wine64', '/usr/lib/wine/wine', '/usr/bin/wine64', '/usr/bin/wine')
SERVER = ('/usr/lib/wine/wineserver64', '/usr/lib/wine/wineserver', '/usr/bin/wineserver')
LIBRARIES = ('/usr/lib/x86_64-linux-gnu/wine/x86_64-windows', '/usr/lib/wine/x86_64-windows',
             '/usr/lib64/wine/x86_64-windows')
DLLS = ('ntdll', 'kernel32', 'kernelbase', 'msvcrt', 'ucrtbase', 'advapi32', 'sechost')
LOCALES = {'cp1252': 'C.UTF-8', 'cp932': 'ja_JP.UTF-8'}


def installed(paths):
    for path in paths:
        if os.path.exists(path):
            return path
    sys.exit('%s: wine is not installed (no %s): as root, scripts/bootstrap test' %
             (sys.argv[0], paths[0]))


def built(name):
    path = os.path.join(PROGRAMS, name)
    if not os.path.exists(path):
        sys.exit('%s: no %s: make windows-tests first' % (sys.argv[0], path))
    return path


def to_windows(path):
    """The name by which Windows programs know a file of this system."""
    return 'Z:' + path.replace('/', '\\')


class Ended:
    """A program's end: how ("exit", "limit", "no start"), with which number, and what it wrote."""

    def __init__(self, status, out, err):
        self.how, _, number = status.strip().rpartition(' ')
        self.code = int(number)
        self.out, self.err = out, err
        self.log = err.decode('utf-8', 'backslashreplace')

    def __repr__(self):
        return '%s %d, out %r, err %r' % (self.how, self.code, self.out[:600], self.err[:600])


class Prefix:
    """A Windows with a drive C, until the test program ends."""

    def __init__(self):
        self.wine, self.server = installed(WINE), installed(SERVER)
        self.path = tempfile.mkdtemp(prefix='wsgi-wine-')
        self.log = os.path.join(self.path, 'wine.log')
        self.launchers = []
        atexit.register(self.remove)
        system = self.folder('C:\\windows\\system32')
        libraries = installed(LIBRARIES)
        for name in DLLS:
            shutil.copy(os.path.join(libraries, name + '.dll'), system)
        self.folder('C:\\windows\\temp')
        os.mkdir(os.path.join(self.path, 'dosdevices'))
        self.drive('C')
        os.symlink('/', os.path.join(self.path, 'dosdevices', 'z:'))
        with open(os.path.join(self.path, '.update-timestamp'), 'w') as f:
            f.write('disable\n')  # else wine fills the prefix with all that it has: 700 MB

    def drive(self, letter):
        """A drive of our own; Z is all of this system."""
        folder = 'drive_' + letter.lower()
        os.makedirs(os.path.join(self.path, folder), exist_ok=True)
        os.symlink('../' + folder, os.path.join(self.path, 'dosdevices', letter.lower() + ':'))

    def unix(self, path):
        """Where a file of a drive of our own is."""
        assert path[1:3] == ':\\' and path[0] != 'Z', path
        return os.path.join(self.path, 'drive_' + path[0].lower(), *path[3:].split('\\'))

    def folder(self, path):
        os.makedirs(self.unix(path), exist_ok=True)
        return self.unix(path)

    def file(self, path, text=b''):
        self.folder(path.rpartition('\\')[0])
        with open(self.unix(path), 'wb') as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return path

    def copy(self, source, path):
        self.folder(path.rpartition('\\')[0])
        shutil.copy(source, self.unix(path))
        return path

    def read(self, path):
        with open(self.unix(path), 'rb') as f:
            return f.read()

    def say(self, text):
        with open(self.log, 'a') as f:
            f.write(text + '\n')

    def environment(self, locale):
        """By the locale wine chooses its code page, and how it reads the names of files."""
        env = {'WINEPREFIX': self.path, 'WINEDEBUG': os.environ.get('WINEDEBUG', 'fixme-all,-console'),
               'WINEDLLOVERRIDES': 'mscoree=;mshtml=;winemenubuilder.exe=', 'PATH': '/usr/bin:/bin',
               'HOME': self.path, 'TMPDIR': self.path, 'LC_ALL': locale, 'TZ': 'UTC'}
        if locale != 'C.UTF-8':
            env['LOCPATH'] = self.make_locale(locale)
        return env

    def make_locale(self, locale):
        """A locale of our own: nobody needs to have made the system's."""
        folder = os.path.join(self.path, 'locale')
        if not os.path.exists(os.path.join(folder, locale)):
            os.makedirs(folder, exist_ok=True)
            name, charset = locale.split('.')
            made = subprocess.run(['localedef', '-i', name, '-f', charset,
                                   os.path.join(folder, locale)], capture_output=True, text=True)
            if made.returncode != 0:
                sys.exit('%s: localedef %s: %s (is the package "locales" installed?)' %
                         (sys.argv[0], locale, made.stderr.strip()))
        return folder

    def remove(self):
        for launcher in self.launchers:
            launcher.stop()
        subprocess.run([self.server, '-k'], env=self.environment('C.UTF-8'), timeout=60,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
        if os.environ.get('KEEP'):
            print('kept:', self.path)
        else:
            shutil.rmtree(self.path, ignore_errors=True)


class Launcher:
    """launch.exe, which starts programs one after the other, under one code page."""

    def __init__(self, prefix, codepage='cp1252'):
        self.prefix, self.number = prefix, 0
        self.path = tempfile.mkdtemp(dir=prefix.path)
        environment = prefix.environment(LOCALES[codepage])
        # What wine's first process may stumble over on a busy machine says nothing of our programs.
        for _ in range(3):
            with open(prefix.log, 'ab') as log:
                self.child = subprocess.Popen(
                    [prefix.wine, built('tests/launch.exe')], stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, stderr=log, env=environment, cwd=prefix.path)
            if self.hear(60) == b'ready':
                break
            self.child.kill()
            prefix.say('launch.exe did not start: status %d' % self.child.wait())
        prefix.launchers.append(self)

    def stop(self):
        if self.child.poll() is None:
            self.child.stdin.close()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()

    def name(self, kind):
        return os.path.join(self.path, '%d.%s' % (self.number, kind))

    def hear(self, seconds):
        """A line of the launcher's; empty: it has ended."""
        ready, _, _ = select.select([self.child.stdout], [], [], seconds)
        return self.child.stdout.readline().strip() if ready else b'nothing'

    def ask(self, pairs, seconds):
        """Have the launcher do a case, a list of (key, value)."""
        text = ''.join('%s\0%s\0' % pair for pair in pairs)
        with open(self.name('case'), 'wb') as f:
            f.write(text.encode('utf-16-le', 'surrogatepass'))
        self.child.stdin.write(to_windows(self.name('case')).encode() + b'\n')
        self.child.stdin.flush()
        answer = self.hear(seconds + 60)
        os.unlink(self.name('case'))
        if answer == b'':
            self.prefix.say('launch.exe ended: status %d' % self.child.wait(10))
        assert answer == b'done', 'the launcher says: %r' % answer

    def start(self, line, environment, folder=None, body=b'', seconds=30, take=0, hold=False):
        """Run a program to its end. Returns Ended."""
        self.number += 1
        with open(self.name('in'), 'wb') as f:
            f.write(body or b'')
        files = {kind: self.name(kind) for kind in ('in', 'out', 'err', 'status')}
        pairs = [('line', line), ('seconds', seconds), ('take', take),
                 ('hold', 'yes' if hold else 'no')]
        pairs += [('folder', folder)] if folder else []
        pairs += [(kind, to_windows(file)) for kind, file in files.items()]
        self.ask(pairs + [('env', entry) for entry in environment], seconds)
        out, err, status = (self.take(files[kind]) for kind in ('out', 'err', 'status'))
        os.unlink(files['in'])
        return Ended(status.decode(), out, err)

    def short_name(self, path):
        """A file's 8.3 name, whole."""
        self.number += 1
        status = self.name('status')
        self.ask([('short', path), ('status', to_windows(status))], 30)
        return self.take(status).decode('utf-16-le')

    @staticmethod
    def take(path):
        with open(path, 'rb') as f:
            data = f.read()
        os.unlink(path)
        return data
