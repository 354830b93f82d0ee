"""wsgi-fcgi behind Apache: mod_proxy_fcgi over unix and TCP sockets, and mod_fcgid."""

import front_cases
from front_cases import Differs, Front
from frontend import Apache, Fcgi, Work, main, pattern, test

WORK = Work('apache-fcgi')
FILE = WORK.file('data', 'file.bin', text=pattern(3000001))
OPTIONS = ['--python', '/usr/bin/python3', '-e', 'E2E_FILE=' + FILE]
UNIX = Fcgi(WORK, WORK.app('exchange.py'), '--threads', '4', *OPTIONS)
TCP = Fcgi(WORK, WORK.app('exchange.py'), '--threads', '4', *OPTIONS, tcp=True)
COMMAND = ' '.join([*OPTIONS, WORK.app('exchange.py')])


def backend(server):
    """How mod_proxy names a server of frontend.Fcgi."""
    if isinstance(server.address, str):
        return 'unix:%s|fcgi://app' % server.address
    return 'fcgi://' + server.bind


def proxy(name, server, mount='/', extra=''):
    return Apache(WORK, [('apache-proxy.conf', {'WSGI_MOUNT': mount,
                                                'WSGI_BACKEND': backend(server)})],
                  name=name, modules=['proxy', 'proxy_fcgi'], extra=extra)


def fcgid(name, mount=None, extra=''):
    defines = {'WSGI_FCGI': WORK.program('wsgi-fcgi'), 'WSGI_WORDS': COMMAND}
    if mount:
        defines['WSGI_MOUNT'] = mount
    folder = WORK.folder('run', name, own=True)
    return Apache(WORK, [('apache-fcgid.conf' if mount else 'apache-fcgid-site.conf', defines)],
                  name=name, modules=['fcgid'],
                  extra='FcgidIPCDir "%s"\nFcgidProcessTableFile "%s/table"\n' % (folder, folder)
                  + extra)


APACHES = {
    'proxy, unix': (proxy('proxy-unix', UNIX), UNIX, ''),
    'proxy, tcp, below a prefix': (proxy('proxy-tcp', TCP, '/app'), TCP, '/app'),
    'fcgid': (fcgid('fcgid'), None, ''),
    'fcgid, below a prefix': (fcgid('fcgid-app', '/app'), None, '/app'),
}
SLASHES = 'Apache merges slashes, unless MergeSlashes is off'
DOTS = 'Apache resolves dots before it looks for what serves the path'
LENGTH = 'Apache 2.4.59 and later drop the length, unless ap_trust_cgilike_cl is set'
HEAD = 'Apache refuses a line of a head of more than 8 kB: a 500'
ALL = {
    'path: a NUL': Differs(404, 'no path of Apache holds one'),
    'path: two slashes': Differs('/a/b', SLASHES),
    'path: two slashes at the front': Differs('/a', SLASHES),
    'path: two slashes at the end': Differs('/a/', SLASHES),
    'path: a dot': Differs('/a/b', DOTS),
    'path: two dots': Differs('/b', DOTS),
    'path: two dots, encoded': Differs('/b', DOTS),
    'path: two slashes below the mount': Differs('/', SLASHES),
    'response with a header of 60 kB': Differs(0, HEAD),
    'response header that is repeated stays': Differs(['first, second'], 'Apache joins them'),
}
PROXY = dict(ALL, **{
    'method HEAD is seen and keeps the length': Differs(('HEAD', 200, None, b''), LENGTH),
    'response that is small has its length': Differs((200, b'twelve bytes', None), LENGTH),
    'response by the file wrapper': Differs((200, True, None, True), LENGTH),
    'failure to send all of the length is seen by the client': Differs((200, 'whole'), LENGTH),
})
FCGID = dict(ALL, **{
    'path: very long': Differs(403, 'Apache looks for a file of that name'),
    'header Content Type that is not there is empty': Differs(
        ['', '0'], 'mod_fcgid says 0 where there is no body'),
    'failure in mid response is seen by the client': Differs(
        (200, 'whole'), 'mod_fcgid takes any end of the connection for the end of the response'),
})
FRONTS = [Front(name, front.port, prefix, front.logs() + (server.logs() if server else []),
                PROXY if server else FCGID)
          for name, (front, server, prefix) in APACHES.items()]


@test(each=front_cases.pairs(FRONTS))
def apache(pair):
    pair.run()


if __name__ == '__main__':
    main(lambda: [log for front, _, _ in APACHES.values() for log in front.logs()]
         + UNIX.logs() + TCP.logs())
