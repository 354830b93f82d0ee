"""lighttpd, Caddy, HAProxy and H2O, each private to a test, with the shipped configurations.

Each is started in a folder of the test's own, on a port that the system chooses, as the web
server's user; what the shipped file leaves to the administrator stands in the text before it.
"""

import os

from frontend import SHIPPED, WEB_USER, Process, connect, free_port


def filled(shipped, placeholders):
    """A shipped file with its @PLACEHOLDERS@ put in."""
    with open(os.path.join(SHIPPED, shipped)) as f:
        text = f.read()
    for key, value in placeholders.items():
        text = text.replace('@%s@' % key, str(value))
    return text


class Server:
    """A front end that runs until its test ends."""

    count = 0
    program = config = log_name = None

    def __init__(self, work, shipped, *, change=(), env=None, **placeholders):
        Server.count += 1
        self.name = '%s%d' % (os.path.basename(self.program), Server.count)
        self.port = free_port()
        self.folder = work.folder(self.name, own=True)
        self.log = os.path.join(self.folder, 'error.log')
        text = self.text(shipped, placeholders)
        for old, new in change:
            assert old in text, old
            text = text.replace(old, new)
        self.path = work.file(self.name, self.config, text=text)
        self.process = Process(self.argv(), os.path.join(self.folder, 'stderr.log'),
                               env=dict({'HOME': self.folder}, **env or {}), cwd=self.folder)
        self.process.ready(lambda: connect(self.port))

    def logs(self):
        return [self.log, self.process.log]

    def stop(self):
        return self.process.stop()


LIGHTTPD_MAIN = '''\
server.modules = ()
server.document-root = "{folder}"
server.upload-dirs = ( "{folder}" )
server.errorlog = "{log}"
server.bind = "127.0.0.1"
server.port = {port}
# As in Debian's own lighttpd.conf.
server.http-parseopts = (
	"header-strict" => "enable", "host-strict" => "enable", "host-normalize" => "enable",
	"url-normalize-unreserved" => "enable", "url-normalize-required" => "enable",
	"url-ctrls-reject" => "enable", "url-path-2f-decode" => "enable",
	"url-path-dotseg-remove" => "enable",
)
'''


class Lighttpd(Server):
    program, config = '/usr/sbin/lighttpd', 'lighttpd.conf'

    def text(self, shipped, placeholders):
        return LIGHTTPD_MAIN.format(**vars(self)) + filled(shipped, placeholders)

    def argv(self):
        return [self.program, '-D', '-f', self.path]

    @staticmethod
    def socket(server):
        """How lighttpd names a server of frontend.Fcgi."""
        if isinstance(server.address, str):
            return '"socket" => "%s"' % server.address
        return '"host" => "%s", "port" => %d' % server.address


CADDY_MAIN = '''\
{{
	admin off
	auto_https off
	default_bind 127.0.0.1
	storage file_system {folder}
}}
'''


class Caddy(Server):
    program, config = '/usr/bin/caddy', 'Caddyfile'

    def text(self, shipped, placeholders):
        return CADDY_MAIN.format(**vars(self)) + filled(
            shipped, dict(placeholders, LISTEN=':%d' % self.port))

    def argv(self):
        return [self.program, 'run', '--config', self.path, '--adapter', 'caddyfile']

    @staticmethod
    def backend(server):
        return server.bind.replace('unix:', 'unix/')


HAPROXY_MAIN = '''\
global
	log stderr format raw daemon
	maxconn 200
	nbthread 2

defaults
	log global
	timeout connect 5s
	timeout client 60s
	timeout server 60s

'''


class Haproxy(Server):
    program, config = '/usr/sbin/haproxy', 'haproxy.cfg'

    def text(self, shipped, placeholders):
        return HAPROXY_MAIN.format(**vars(self)) + filled(
            shipped, dict(placeholders, LISTEN='127.0.0.1:%d' % self.port))

    def argv(self):
        return [self.program, '-db', '-f', self.path]

    @staticmethod
    def backend(server):
        return server.bind.replace('unix:', 'unix@')


H2O_MAIN = '''\
listen:
  host: 127.0.0.1
  port: {port}
error-log: {log}
num-threads: 1
temp-buffer-path: {folder}
'''


class H2o(Server):
    program, config = '/usr/bin/h2o', 'h2o.conf'

    def text(self, shipped, placeholders):
        return H2O_MAIN.format(**vars(self)) + filled(
            shipped, dict({'HOST': 'default'}, **placeholders))

    def argv(self):
        return [self.program, '-m', 'worker', '-c', self.path]

    @staticmethod
    def backend(server):
        """Its two placeholders."""
        if isinstance(server.address, str):
            return {'PORT': server.address, 'TYPE': 'unix'}
        return {'PORT': server.address[1], 'TYPE': 'tcp'}
