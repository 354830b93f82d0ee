"""wsgi-fcgi --print-frontend: what it prints is the files that the other tests run, filled in, and
each web server takes it."""

import os
import re
import subprocess
import xml.dom.minidom

from front_servers import CADDY_MAIN, H2O_MAIN, HAPROXY_MAIN, LIGHTTPD_MAIN, H2o
from frontend import (APACHE_MAIN, MODULES, NGINX_MAIN, SHIPPED, Fcgi, Work, has, main, request,
                      same, test)

WORK = Work('print')
UNIX, TCP = 'unix:/run/wsgi/shop.sock', '127.0.0.1:9000'
COMMAND = '--chdir=%s --threads=4 app.py' % WORK.path


def wsgi_fcgi(*words):
    done = subprocess.run([WORK.program('wsgi-fcgi'), *words], capture_output=True, text=True,
                          cwd=WORK.path, timeout=20, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def printed(server, *words):
    status, out, err = wsgi_fcgi('--print-frontend', server, *words)
    same((status, err), (0, ''))
    return out


def shipped(name):
    with open(os.path.join(SHIPPED, name)) as f:
        return f.read()


def without_head(text):
    """From the first line that is no comment, as a reader would copy it."""
    lines = text.splitlines(True)
    while lines[0].startswith('#') or not lines[0].strip():
        lines.pop(0)
    return ''.join(lines)


def filled(name, values):
    """The file as front_servers and frontend fill it in."""
    text = without_head(shipped(name))
    params = [line for line in shipped('wsgi_params').splitlines() if line and line[0] != '#']
    text = re.sub(r'(?m)^(\s*)include wsgi_params;$',
                  lambda m: '\n'.join(m.group(1) + line for line in params), text)
    for key, value in values.items():
        text = text.replace('@%s@' % key, value).replace('${WSGI_%s}' % key, value)
    return text


class Print:
    """A call, and the file and the values that it is to be."""

    def __init__(self, server, words, file, **values):
        self.server, self.words, self.file, self.values = server, words, file, values

    def __str__(self):
        return '%s %s' % (self.server, ' '.join(self.words))


SITE, APP = ['--bind', UNIX], ['--bind', UNIX, '--script-name', '/app']
PROGRAM = WORK.program('wsgi-fcgi')
PRINTS = [
    Print('nginx', SITE, 'nginx-site.conf', LISTEN='80', BACKEND=UNIX),
    Print('nginx', ['-b', TCP], 'nginx-site.conf', LISTEN='80', BACKEND=TCP),
    Print('nginx', APP, 'nginx-mount.conf', LISTEN='80', BACKEND=UNIX, MOUNT='/app'),
    Print('apache', SITE, 'apache-proxy.conf', MOUNT='/', BACKEND=UNIX + '|fcgi://shop'),
    Print('apache', APP, 'apache-proxy.conf', MOUNT='/app', BACKEND=UNIX + '|fcgi://shop'),
    Print('apache', ['-b', TCP], 'apache-proxy.conf', MOUNT='/', BACKEND='fcgi://' + TCP),
    Print('apache', ['--threads=4', 'app.py'], 'apache-fcgid-site.conf', FCGI=PROGRAM,
          WORDS=COMMAND),
    Print('apache', ['--threads=4', '--script-name=/app', 'app.py'], 'apache-fcgid.conf',
          MOUNT='/app', FCGI=PROGRAM, WORDS=COMMAND.replace(' app', ' --script-name=/app app')),
    Print('lighttpd', SITE, 'lighttpd-site.conf', SOCKET='"socket" => "/run/wsgi/shop.sock"'),
    Print('lighttpd', ['-b', TCP], 'lighttpd-site.conf',
          SOCKET='"host" => "127.0.0.1", "port" => 9000'),
    Print('lighttpd', APP, 'lighttpd-mount.conf', SOCKET='"socket" => "/run/wsgi/shop.sock"',
          MOUNT='/app'),
    Print('lighttpd', ['--threads=4', 'app.py'], 'lighttpd-spawn.conf',
          SOCKET='/run/lighttpd/wsgi.sock', COMMAND=PROGRAM + ' ' + COMMAND),
    Print('caddy', SITE, 'caddy-site.conf', LISTEN=':80', BACKEND='unix//run/wsgi/shop.sock'),
    Print('caddy', ['-b', TCP], 'caddy-site.conf', LISTEN=':80', BACKEND=TCP),
    Print('caddy', APP, 'caddy-mount.conf', LISTEN=':80', BACKEND='unix//run/wsgi/shop.sock',
          MOUNT='/app'),
    Print('haproxy', SITE, 'haproxy-site.conf', LISTEN=':80', BACKEND='unix@/run/wsgi/shop.sock'),
    Print('haproxy', ['-b', TCP], 'haproxy-site.conf', LISTEN=':80', BACKEND=TCP),
    Print('haproxy', APP, 'haproxy-mount.conf', LISTEN=':80', BACKEND='unix@/run/wsgi/shop.sock',
          MOUNT='/app'),
    Print('h2o', SITE, 'h2o-site.conf', HOST='default', PORT='/run/wsgi/shop.sock', TYPE='unix'),
    Print('h2o', ['-b', TCP], 'h2o-site.conf', HOST='default', PORT='9000', TYPE='tcp'),
    Print('h2o', ['--threads=4', 'app.py'], 'h2o-spawn.conf', HOST='default',
          COMMAND='exec %s %s' % (PROGRAM, COMMAND)),
    Print('h2o', APP, 'h2o-mount.conf', HOST='default', PORT='/run/wsgi/shop.sock', TYPE='unix',
          MOUNT='/app'),
]


@test(each=PRINTS)
def what_is_printed_is_the_tested_file(p):
    out = printed(p.server, *p.words)
    same(without_head(out), filled(p.file, p.values))
    head = out[:out.index('\n\n')]
    same(all(line.startswith('# ') for line in head.splitlines()), True)
    has(head, 'wsgi-fcgi')


# Each server's own check.

def nginx(text):
    folder = WORK.folder('check-nginx')
    WORK.file('check-nginx', 'site.conf', text=text)
    path = WORK.file('check-nginx', 'nginx.conf', text=NGINX_MAIN.format(
        folder=folder, log=folder + '/log', user=''))
    return ['/usr/sbin/nginx', '-t', '-p', folder, '-c', path, '-e', folder + '/log']


def apache(text):
    folder = WORK.folder('check-apache')
    names = 'mpm_event authz_core unixd alias env mime proxy proxy_fcgi fcgid'.split()
    loads = ''.join('LoadModule %s_module %s/mod_%s.so\n' % (n, MODULES, n) for n in names
                    if os.path.exists('%s/mod_%s.so' % (MODULES, n)))
    main_text = APACHE_MAIN.format(folder=folder, port=80, log=folder + '/log', root=folder,
                                   user='www-data', group='www-data', loads=loads)
    path = WORK.file('check-apache', 'httpd.conf', text=main_text + text)
    return ['/usr/sbin/apache2', '-f', path, '-t']


def lighttpd(text):
    folder = WORK.folder('check-lighttpd')
    path = WORK.file('check-lighttpd', 'lighttpd.conf', text=LIGHTTPD_MAIN.format(
        folder=folder, log=folder + '/log', port=80) + text)
    return ['/usr/sbin/lighttpd', '-tt', '-f', path]


def caddy(text):
    folder = WORK.folder('check-caddy')
    path = WORK.file('check-caddy', 'Caddyfile', text=CADDY_MAIN.format(folder=folder) + text)
    return ['/usr/bin/caddy', 'validate', '--config', path, '--adapter', 'caddyfile']


def haproxy(text):
    path = WORK.file('check-haproxy', 'haproxy.cfg', text=HAPROXY_MAIN + text)
    return ['/usr/sbin/haproxy', '-c', '-f', path]


def h2o(text):
    folder = WORK.folder('check-h2o')
    path = WORK.file('check-h2o', 'h2o.conf', text=H2O_MAIN.format(
        folder=folder, log=folder + '/log', port=80) + text)
    return ['/usr/bin/h2o', '-t', '-c', path]


CHECKS = {f.__name__: f for f in (nginx, apache, lighttpd, caddy, haproxy, h2o)}


@test(each=PRINTS)
def the_web_server_takes_what_is_printed(p):
    argv = CHECKS[p.server](printed(p.server, *p.words))
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL,
                          env={'PATH': '/usr/bin:/bin', 'HOME': WORK.path})
    same(done.returncode, 0, done.stdout + done.stderr)


@test(each=sorted(CHECKS))
def the_check_of_the_web_server_finds_an_error(server):
    argv = CHECKS[server](printed(server, *SITE) + '\n}} no such word {{\n')
    same(subprocess.run(argv, capture_output=True, timeout=60, stdin=subprocess.DEVNULL,
                        env={'PATH': '/usr/bin:/bin', 'HOME': WORK.path}).returncode != 0, True)


@test
def what_is_printed_for_iis_is_xml_with_the_two_options():
    text = printed('iis', '--threads', '2', '--script-name', '/shop', 'shop.py')
    document = xml.dom.minidom.parseString(text)
    words = '--iis --script-name=/shop --chdir=%s --threads=2 shop.py' % WORK.path
    application, = document.getElementsByTagName('application')
    same(application.getAttribute('fullPath'), PROGRAM)
    same(application.getAttribute('arguments'), words)
    handler, = document.getElementsByTagName('add')
    same(handler.getAttribute('scriptProcessor'), PROGRAM + '|' + words)
    same(handler.getAttribute('modules'), 'FastCgiModule')
    xml.dom.minidom.parseString(shipped('iis-fastcgi.config'))


@test
def a_mount_in_H2O_is_wsgi_fcgis_to_know():
    server = Fcgi(WORK, WORK.app('exchange.py'), '--script-name', '/app', '--python',
                  '/usr/bin/python3')
    front = H2o(WORK, 'h2o-mount.conf', MOUNT='/app', **H2o.backend(server))
    for path, expected in [('', ''), ('/', '/'), ('/x%2Fy%252F%E9?q', '/x/y%2F\xe9'),
                           ('/app', '/app')]:
        seen = request(front.port, '/app' + path).json()['environ']
        same((seen['SCRIPT_NAME'], seen['PATH_INFO']), ('/app', expected))
    same([request(front.port, path).status for path in ('/', '/apple')], [404, 404])
    front.stop()
    server.stop()


@test
def another_server_is_refused_with_those_that_there_are():
    status, out, err = wsgi_fcgi('--print-frontend', 'thttpd', '--bind', UNIX)
    same((status, out), (64, ''))
    same(err, "wsgi-fcgi: --print-frontend takes nginx, apache, lighttpd, caddy, haproxy, h2o or "
              "iis, not 'thttpd'\n")


@test
def a_relative_socket_counts_from_where_it_is_called_or_from_chdir():
    folder = WORK.folder('elsewhere')
    has(printed('nginx', '--bind', 'unix:a.sock'), 'server unix:%s/a.sock;' % WORK.path)
    has(printed('nginx', '--bind', 'unix:a.sock', '--chdir', 'elsewhere'),
        'server unix:%s/a.sock;' % folder)


@test
def what_a_file_of_options_says_counts():
    path = WORK.file('shop.conf', text='bind = "%s"\nscript-name = "/app"\nthreads = 4\n'
                     'application = "no.such.module"\n' % UNIX)
    same(without_head(printed('nginx', '--config', path)), without_head(printed('nginx', *APP)))


@test
def no_application_is_needed_and_none_is_loaded():
    has(printed('nginx', '--bind', UNIX, 'no.such.module'), UNIX)


@test
def output_that_cannot_be_written_is_an_error():
    with open('/dev/full', 'w') as full:
        done = subprocess.run([PROGRAM, '--print-frontend', 'nginx', '--bind', UNIX], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=20)
    same(done.returncode, 74, done.stderr)


if __name__ == '__main__':
    main()
