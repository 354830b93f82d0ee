"""Real applications: by wsgi-cgi under Apache and by wsgi-fcgi behind nginx."""

import functools
import gzip
import hashlib
import json
import os
import re
import subprocess
import urllib.parse

from frontend import (Apache, Fcgi, Logs, Nginx, Work, curl, has, has_not, main, pattern, request,
                      same, test)

WORK = Work('applications')
FILE = WORK.file('data', 'file.bin', text=pattern(1000003))
DATABASE = os.path.join(WORK.run, 'django.sqlite3')
HG_CONFIG = WORK.file('data', 'hgweb.config', text='''\
[paths]
/ = %s/hg/*
[web]
push_ssl = false
allow-push = *
''' % WORK.run)
GIT = os.path.join(WORK.run, 'big.git')
ENV = {'E2E_FILE': FILE, 'E2E_DATABASE': DATABASE, 'E2E_HG_CONFIG': HG_CONFIG, 'E2E_GIT': GIT,
       'HOME': WORK.run, 'PYTHONDONTWRITEBYTECODE': '1'}
TOOLS = {'PATH': '/usr/bin:/bin', 'HOME': WORK.folder('home'), 'LANG': 'C.UTF-8', 'HGPLAIN': '1',
         'GIT_CONFIG_NOSYSTEM': '1', 'GIT_TERMINAL_PROMPT': '0', 'PYTHONDONTWRITEBYTECODE': '1'}


def run(*words, cwd=None, env=None, data=None):
    done = subprocess.run(words, cwd=cwd, env=dict(TOOLS, **(env or {})), input=data,
                          stdin=None if data else subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120)
    assert done.returncode == 0, '%s: exit status %d: %s' % (
        ' '.join(words), done.returncode, done.stdout.decode()[-2000:])
    return done.stdout.decode()


# What they serve.

def prepare_django():
    env = dict(ENV, PYTHONPATH=WORK.apps, DJANGO_SETTINGS_MODULE='django_site.settings',
               DJANGO_SUPERUSER_PASSWORD='correct horse')
    run('/usr/bin/python3', '-m', 'django', 'migrate', env=env)
    run('/usr/bin/python3', '-m', 'django', 'createsuperuser', '--noinput', '--username', 'admin',
        '--email', 'admin@example.org', env=env)


def prepare_hg():
    repo = WORK.folder('run', 'hg', 'project')
    run('hg', 'init', repo)
    for i in range(20):
        with open(os.path.join(repo, 'file%d' % i), 'wb') as f:
            f.write(pattern(20000, seed=i))
    run('hg', 'commit', '-A', '-q', '-m', 'first', '-u', 'tester', cwd=repo)


def prepare_git():
    work = WORK.folder('git-work')
    run('git', 'init', '-q', '-b', 'main', work)
    for i in range(3):
        for j in range(12):
            with open(os.path.join(work, 'blob%d' % j), 'wb') as f:
                f.write(pattern(150000, seed=i * 100 + j))
        run('git', 'add', '.', cwd=work)
        run('git', '-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '-q', '-m',
            'number %d' % i, cwd=work)
    run('git', 'clone', '-q', '--bare', work, GIT)


prepare_django()
prepare_hg()
prepare_git()
WORK.give(WORK.run)

# Where they stand: the application as both gateways are given it.
APPLICATIONS = {
    'flask': WORK.app('flask_site.py') + ':app',
    'django': 'django_site.wsgi',
    'bottle': WORK.app('bottle_site.py'),
    'httpbin': 'httpbin:app',
    'hg': WORK.app('hg.wsgi'),
    'git': WORK.app('git.wsgi'),
}
APPLICATIONS.update({name: WORK.native(name + '.so') for name in ('hello', 'echo', 'stream')})

SET_ENV = ''.join('SetEnv %s "%s"\n' % pair for pair in ENV.items())
APACHE = Apache(WORK, [('apache-app.conf', dict(
    WSGI_CGI=WORK.program('wsgi-cgi'), WSGI_MOUNT='/' + name, WSGI_APPLICATION=application))
    for name, application in APPLICATIONS.items()],
    SET_ENV + 'SetEnv WSGI_PYTHONPATH "%s"\nSetEnv WSGI_PYTHON /usr/bin/python3\n' % WORK.apps)

PLACE_LOGS = []


class Place:
    """One application behind one front end."""

    def __init__(self, name, kind):
        self.name, self.kind = name, kind
        if kind == 'CGI, Apache':
            self.port, self.prefix, self.log_paths = APACHE.port, '/' + name, APACHE.logs()
            return
        options = [x for item in ENV.items() for x in ('-e', '%s=%s' % item)]
        self.server = Fcgi(WORK, APPLICATIONS[name], '--threads', '4', '--python',
                           '/usr/bin/python3', '--pythonpath', WORK.apps, *options)
        if kind == 'FastCGI, nginx':
            self.front, self.prefix = Nginx(WORK, 'nginx-site.conf', self.server.bind), ''
        else:
            self.prefix = '/below/' + name
            self.front = Nginx(WORK, 'nginx-mount.conf', self.server.bind, MOUNT=self.prefix)
        self.port = self.front.port
        self.log_paths = self.front.logs() + self.server.logs()
        PLACE_LOGS.extend(self.log_paths)

    @property
    def url(self):
        return 'http://localhost:%d%s' % (self.port, self.prefix)

    def get(self, path, **more):
        return request(self.port, self.prefix + path, **more)

    def post(self, path, fields, headers=()):
        return self.get(path, method='POST', body=urllib.parse.urlencode(fields).encode(),
                        headers=[('Content-Type', 'application/x-www-form-urlencoded'), *headers])


KINDS = ['CGI, Apache', 'FastCGI, nginx', 'FastCGI, nginx, below a prefix']
place = functools.lru_cache(None)(Place)


def multipart(name, data, **fields):
    boundary = 'the-boundary'
    parts = ['--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' %
             (boundary, k, v) for k, v in fields.items()]
    parts.append('--%s\r\nContent-Disposition: form-data; name="f"; filename="%s"\r\n'
                 'Content-Type: application/octet-stream\r\n\r\n' % (boundary, name))
    body = ''.join(parts).encode() + data + b'\r\n--%s--\r\n' % boundary.encode()
    return dict(method='POST', body=body, headers=[
        ('Content-Type', 'multipart/form-data; boundary=' + boundary)])


def cookie_pairs(answer, jar):
    for line in answer.all('Set-Cookie'):
        name, _, value = line.split(';')[0].partition('=')
        jar[name] = value
    return [('Cookie', '; '.join('%s=%s' % item for item in jar.items()))]


# Flask.

@test(each=KINDS)
def flask_routes_forms_and_urls(kind):
    at = place('flask', kind)
    same(at.get('/').body, b'<h1>Flask at %s</h1>' % at.prefix.encode())
    got = at.get('/hello/caf%C3%A9/%E2%82%AC?q=%C3%A4&q2=a+b').json()
    same(got['name'], 'caf\xe9/\u20ac')
    same(got['args'], {'q': '\xe4', 'q2': 'a b'})
    same(got['root'], at.url + '/')
    same(at.post('/form', {'a': '1', '\xfc': '\u20ac&='}).json(), {'a': '1', '\xfc': '\u20ac&='})
    same(at.get('/json', method='PUT', body=b'{"k": [1, null]}',
                headers=[('Content-Type', 'application/json')]).json(), {'got': {'k': [1, None]}})
    same(at.get('/nowhere').status, 404)
    same(at.get('/teapot').status, 418)
    same(at.get('/form').status, 405)
    head = at.get('/', method='HEAD')
    same((head.status, head.body), (200, b''))


@test(each=KINDS)
def flask_keeps_a_session_over_a_redirect(kind):
    at, jar = place('flask', kind), {}
    answer = at.post('/login', {'user': 'gr\xe4fin'})
    same(answer.status, 302)
    cookie = cookie_pairs(answer, jar)
    path = urllib.parse.urlsplit(answer.header('Location')).path
    same(path, at.prefix + '/who')
    answer = request(at.port, path, headers=cookie)
    same(answer.body.decode(), "gr\xe4fin ['welcome']")
    same(len(at.get('/cookies').all('Set-Cookie')), 2)


@test(each=KINDS)
def flask_takes_uploads_and_streams(kind):
    at, data = place('flask', kind), pattern(700001)
    got = at.get('/upload', **multipart('a.bin', data, note='n')).json()
    same(got, {'name': 'a.bin', 'note': 'n', 'size': 700001,
               'sha256': hashlib.sha256(data).hexdigest()})
    lines = at.get('/stream').body.decode().splitlines()
    same((len(lines), lines[-1]), (1000, '/stream line 999'))


@test(each=KINDS)
def flask_fails_with_a_page_and_a_traceback_in_the_log(kind):
    at = place('flask', kind)
    logs = Logs(at.log_paths)
    answer = at.get('/fail')
    same(answer.status, 500)
    has(answer.body, b'Internal Server Error')
    has_not(answer.body, b'inside Flask')
    logs.wait('ZeroDivisionError: inside Flask')


# Django.

@test(each=KINDS)
def django_answers_and_knows_its_address(kind):
    at = place('django', kind)
    same(at.get('/').body.decode(), 'Django at %s/, %s/' % (at.prefix, at.url))
    same(at.get('/caf%C3%A9/%E2%82%AC').body.decode(), '\u20ac')
    same(at.get('/stream').body, b''.join(b'part %d\n' % i for i in range(300)))
    same(at.get('/nowhere').status, 404)
    same(at.get('/', headers=[('Host', 'evil.example')]).status, 400)
    data = pattern(900001)
    same(at.get('/upload', **multipart('b.bin', data)).body.decode(),
         hashlib.sha256(data).hexdigest())


@test(each=KINDS)
def django_sends_a_file(kind):
    at = place('django', kind)
    answer = at.get('/database')
    same((answer.status, answer.whole, answer.body[:15]), (200, True, b'SQLite format 3'))
    same(len(answer.body) >= 100000, True)


@test(each=KINDS)
def django_admin_logs_in_over_post_and_a_cookie(kind):
    at, jar = place('django', kind), {}
    answer = at.get('/admin/')
    same(answer.status, 302)
    login = urllib.parse.urlsplit(answer.header('Location'))
    same(login.path, at.prefix + '/admin/login/')
    answer = request(at.port, login.path + '?' + login.query)
    same(answer.status, 200)
    cookies = cookie_pairs(answer, jar)
    token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', answer.body).group(1).decode()
    fields = {'csrfmiddlewaretoken': token, 'username': 'admin', 'password': 'correct horse',
              'next': at.prefix + '/admin/'}
    same(at.post('/admin/login/', fields).status, 403, 'without the cookie')
    wrong = at.post('/admin/login/', dict(fields, password='wrong'), cookies)
    same(wrong.status, 200)
    has(wrong.body, b'Please enter the correct username and password')
    answer = at.post('/admin/login/', fields, cookies)
    same((answer.status, answer.header('Location')), (302, at.prefix + '/admin/'), repr(answer))
    cookies = cookie_pairs(answer, jar)
    same('sessionid' in jar, True)
    answer = at.get('/admin/', headers=cookies)
    same(answer.status, 200)
    has(answer.body, b'Site administration')
    has(answer.body, b'<strong>admin</strong>')
    has(at.get('/admin/auth/user/', headers=cookies).body, b'admin@example.org')
    answer = at.get('/admin/auth/user/add/', headers=cookies)
    token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', answer.body).group(1).decode()
    name = 'made-by-%d' % KINDS.index(kind)
    answer = at.post('/admin/auth/user/add/', {
        'csrfmiddlewaretoken': token, 'username': name, 'password1': 'battery staple 9',
        'password2': 'battery staple 9'}, cookies)
    same(answer.status, 302, repr(answer))
    has(at.get('/admin/auth/user/', headers=cookies).body, name.encode())


@test(each=KINDS)
def django_fails_with_a_page_and_a_traceback_in_the_log(kind):
    at = place('django', kind)
    answer = at.get('/fail')
    same(answer.status, 500)
    has(answer.body, b'Server Error (500)')


# Bottle.

@test(each=KINDS)
def bottle_routes_forms_files_and_cookies(kind):
    at, jar = place('bottle', kind), {}
    same(at.get('/').body.decode(), 'Bottle at %s/' % at.prefix)
    got = at.get('/hello/caf%C3%A9/x?q=%E2%82%AC').json()
    same((got['name'], got['query']), ('caf\xe9/x', {'q': '\u20ac'}))
    same(got['url'].split('?')[0], at.url + '/hello/caf%C3%A9/x')
    same(at.post('/form', {'k': '\xe4\xf6'}).json(), {'k': '\xe4\xf6'})
    data = pattern(200001)
    same(at.get('/upload', **multipart('c', data)).body, data[::-1])
    cookies = []
    for count in (b'1', b'2', b'3'):
        answer = at.get('/cookie', headers=cookies)
        same(answer.body, count)
        cookies = cookie_pairs(answer, jar)
    answer = at.get('/static')
    same(answer.body == pattern(1000003), True)
    answer = at.get('/static', headers=[('Range', 'bytes=1000-1999')])
    same((answer.status, answer.body), (206, pattern(1000003)[1000:2000]))
    same(at.get('/static', headers=[('If-Modified-Since', 'Fri, 01 Jan 2100 00:00:00 GMT')]).status,
         304)
    same(at.get('/stream').body.splitlines()[-1], b'line 499')
    answer = at.get('/redirect')
    same((answer.status, answer.header('Location')),
         (303, 'http://localhost:%d/hello/there' % at.port))
    answer = at.get('/teapot')
    same((answer.status, answer.body, answer.header('X-Pot')), (418, b'short and stout', 'tea'))
    answer = at.get('/denied')
    same(answer.status, 401)
    has(answer.body, b'denied here')


@test(each=KINDS)
def bottle_fails_with_a_page_and_a_traceback_in_the_log(kind):
    at = place('bottle', kind)
    logs = Logs(at.log_paths)
    same(at.get('/fail').status, 500)
    logs.wait('ZeroDivisionError: inside Bottle')


# httpbin.

@test(each=KINDS)
def httpbin_shows_what_was_sent(kind):
    at = place('httpbin', kind)
    got = at.get('/get?a=1&a=2&b=%C3%A9', headers=[('X-Thing', 'y')]).json()
    same(got['args'], {'a': ['1', '2'], 'b': '\xe9'})
    same(got['headers']['X-Thing'], 'y')
    same(got['url'], at.url + '/get?a=1&a=2&b=\xe9')
    got = at.post('/post', {'k': 'v'}).json()
    same(got['form'], {'k': 'v'})
    got = at.get('/put', method='PUT', body=b'\x00\xff', headers=[
        ('Content-Type', 'application/octet-stream')]).json()
    same(got['data'], 'data:application/octet-stream;base64,AP8=')
    same(at.get('/headers', headers=[('Accept', 'x/y')]).json()['headers']['Accept'], 'x/y')
    same(at.get('/anything/a%2520b').json()['url'], at.url + '/anything/a%2520b')
    same(at.get('/delete', method='DELETE').status, 200)
    same(at.get('/patch', method='PATCH', body=b'{}').status, 200)


@test(each=KINDS)
def httpbin_gives_every_status_redirect_and_encoding(kind):
    at = place('httpbin', kind)
    for code in (200, 204, 301, 304, 400, 404, 418, 500, 503):
        same(at.get('/status/%d' % code).status, code)
    has(at.get('/status/418').body, b'teapot')
    same(at.get('/redirect/2').status, 302)
    rc, out, err = curl('-L', at.url + '/relative-redirect/3')
    same((rc, json.loads(out)['url'] if rc == 0 else err), (0, at.url + '/get'))
    answer = at.get('/gzip')
    same(answer.header('Content-Encoding'), 'gzip')
    same(json.loads(gzip.decompress(answer.body))['gzipped'], True)
    same(len(at.get('/stream/3').body.splitlines()), 3)
    same(len(at.get('/bytes/1024?seed=1').body), 1024)
    same(len(at.get('/stream-bytes/100000?seed=1&chunk_size=7000').body), 100000)
    same(at.get('/range/100', headers=[('Range', 'bytes=10-19')]).body, b'klmnopqrst')
    same(at.get('/cookies/set?a=b').all('Set-Cookie'), ['a=b; Path=/'])
    same(at.get('/cookies', headers=[('Cookie', 'a=b; c=d')]).json(),
         {'cookies': {'a': 'b', 'c': 'd'}})
    same(at.get('/basic-auth/u/p').status, 401)
    rc, out, err = curl('-u', 'u:p', at.url + '/basic-auth/u/p')
    same(json.loads(out), {'authenticated': True, 'user': 'u'})
    rc, out, err = curl('--digest', '-u', 'u:p', at.url + '/digest-auth/auth/u/p')
    same(json.loads(out), {'authenticated': True, 'user': 'u'})
    same(at.get('/image/png').body[:4], b'\x89PNG')
    same(at.get('/drip?duration=0.2&numbytes=5').body, b'*****')
    same(', '.join(at.get('/response-headers?X-A=1&X-A=2').all('X-A')), '1, 2')
    same(at.get('/etag/e', headers=[('If-None-Match', 'e')]).status, 304)


# Mercurial.

@test(each=KINDS)
def mercurial_clones_pulls_and_pushes_through_the_gateway(kind):
    at = place('hg', kind)
    clone = os.path.join(WORK.path, 'hg-clone-%d' % KINDS.index(kind))
    url = at.url + '/project'
    has(at.get('/project/').body, b'first')
    run('hg', 'clone', '-q', url, clone)
    with open(os.path.join(clone, 'file7'), 'rb') as f:
        same(f.read() == pattern(20000, seed=7), True)
    name = 'pushed%d' % KINDS.index(kind)
    with open(os.path.join(clone, name), 'wb') as f:
        f.write(pattern(300000, seed=KINDS.index(kind) + 100))
    run('hg', 'commit', '-A', '-q', '-m', 'by push ' + name, '-u', 'tester', cwd=clone)
    has(run('hg', 'push', cwd=clone), 'added 1 changesets')
    has(run('hg', '-R', os.path.join(WORK.run, 'hg', 'project'), 'log', '-l', '1',
            '--config', 'trusted.users=*'), 'by push ' + name)
    has(run('hg', 'verify', cwd=clone), 'checked')
    again = clone + '-again'
    run('hg', 'clone', '-q', '--pull', url, again)
    with open(os.path.join(again, name), 'rb') as f:
        same(len(f.read()), 300000)
    same(at.get('/project/raw-file/tip/' + name).body
         == pattern(300000, seed=KINDS.index(kind) + 100), True)


# Dulwich.

@test(each=KINDS)
def git_clones_some_megabytes_from_dulwich(kind):
    at = place('git', kind)
    clone = os.path.join(WORK.path, 'git-clone-%d' % KINDS.index(kind))
    run('git', 'clone', '-q', at.url + '/big.git', clone)
    same(run('git', 'rev-list', '--count', 'HEAD', cwd=clone).strip(), '3')
    same(run('git', 'rev-parse', 'HEAD', cwd=clone),
         run('git', 'rev-parse', 'HEAD', cwd=os.path.join(WORK.path, 'git-work')))
    run('git', 'fsck', '--full', cwd=clone)
    with open(os.path.join(clone, 'blob11'), 'rb') as f:
        same(f.read() == pattern(150000, seed=211), True)
    assert sum(os.path.getsize(os.path.join(r, n)) for r, _, names in os.walk(clone + '/.git')
               for n in names) > 4 << 20


# C.

@test(each=KINDS)
def a_c_application_says_hello(kind):
    answer = place('hello', kind).get('/caf%C3%A9', method='POST', body=b'in C')
    same((answer.status, answer.body), (200, b'hello POST /caf\xc3\xa9 in C'))
    same(int(answer.header('X-Keys')) > 0, True)


@test(each=KINDS)
def a_c_application_echoes_while_it_reads(kind):
    # Neither Apache's mod_cgid nor nginx promises to send the rest of a request once a response
    # has begun: what fits into the buffers between is what such an application can be sent.
    for size in (0, 1, 65535, 65536):
        data = pattern(size)
        answer = place('echo', kind).get('/', method='POST', body=data)
        same((answer.status, len(answer.body)), (200, size))
        same(answer.body == data, True)


@test(each=KINDS)
def a_c_application_streams(kind):
    for size in (1, 65536, 30000001):
        total = [0]

        def sink(data):
            total[0] += len(data)
        answer = place('stream', kind).get('/?%d' % size, sink=sink)
        same((answer.status, answer.whole, total[0]), (200, True, size))


if __name__ == '__main__':
    main(lambda: APACHE.logs() + PLACE_LOGS)
