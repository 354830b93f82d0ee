"""wsgi-cgi under Apache's mod_cgid, in its three uses."""

import time

import exchanges
from frontend import (Apache, Logs, Work, connect, has, has_not, main, request, same, send, test)

WORK = Work('apache-cgi')
CGI = WORK.program('wsgi-cgi')
BIN = WORK.folder('cgi-bin')
WWW = WORK.folder('htdocs', 'site')

with open(WORK.app('exchange.py')) as f:
    EXCHANGE = f.read()

# 1. An application's script, its first line the gateway.
WORK.file('cgi-bin', 'script.py', text='#!%s\n%s' % (CGI, EXCHANGE), mode=0o755)
WORK.file('cgi-bin', 'options.py', mode=0o755,
          text='#!%s --pythonpath=%s/lib\n%s' % (CGI, WORK.path, EXCHANGE))
WORK.file('cgi-bin', 'no-module.py', mode=0o755,
          text='#!%s\nimport there_is_no_such_module\n' % CGI)
WORK.file('cgi-bin', 'no-syntax.py', text='#!%s\ndef (:\n' % CGI, mode=0o755)
WORK.file('cgi-bin', 'no-application.py', text='#!%s\nx = 1\n' % CGI, mode=0o755)
WORK.file('cgi-bin', 'sibling.py', mode=0o755, text='''#!%s
import sibling_of_it
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [sibling_of_it.WORD]
''' % CGI)
WORK.file('cgi-bin', 'sibling_of_it.py', text="WORD = b'found beside it'\n")

# 2. A link to the gateway, the application beside it, or named by the server.
WORK.link(CGI, 'cgi-bin', 'beside.cgi')
WORK.file('cgi-bin', 'beside.py', text=EXCHANGE)
WORK.link(CGI, 'cgi-bin', 'dotwsgi.cgi')
WORK.file('cgi-bin', 'dotwsgi.wsgi', text=EXCHANGE)
WORK.link(CGI, 'cgi-bin', 'alone.cgi')
for name in ('hello', 'in_digest'):
    WORK.link(CGI, 'cgi-bin', name + '.cgi')
    WORK.link(WORK.native(name + '.so'), 'cgi-bin', name + '.so')

# 3. Files of a folder that Apache serves, by Action.
WORK.file('htdocs', 'site', 'page.wsgi', text=EXCHANGE)
WORK.file('htdocs', 'site', 'sub', 'index.wsgi', text=EXCHANGE)
WORK.file('htdocs', 'site', 'plain.txt', text='a file\n')
WORK.file('htdocs', 'outside.wsgi', text=EXCHANGE)
WORK.link(WORK.path + '/htdocs/outside.wsgi', 'htdocs', 'site', 'link.wsgi')
WORK.file('htdocs', 'redirected', 'page.wsgi', text=EXCHANGE)

# What is left to a user where only .htaccess is allowed.
WORK.file('htdocs', 'hosted', 'page.cgi', text='#!%s\n%s' % (CGI, EXCHANGE), mode=0o755)
WORK.file('htdocs', 'hosted', '.htaccess',
          text='Options +ExecCGI\nAddHandler cgi-script .cgi\nCGIPassAuth On\n')

EXTRA = '''
<Directory "{htdocs}/hosted">
	AllowOverride All
</Directory>
# httpoxy, as an old or misguided front end would have it.
SetEnvIf Proxy "(.+)" HTTP_PROXY=$1
<Directory "{htdocs}">
	Options +FollowSymLinks
</Directory>
<Directory "{htdocs}/redirected">
	AddHandler wsgi-application .wsgi
	Action wsgi-application "/.wsgi-redirected"
	SetEnv WSGI_ROOT "{htdocs}/redirected"
</Directory>
ScriptAlias "/.wsgi-redirected" "{cgi}"
<Location "/.wsgi-redirected">
	Require env REDIRECT_STATUS
	CGIPassAuth On
</Location>
ScriptAlias "/.wsgi-bare" "{cgi}"
<Location "/.wsgi-bare">
	Require all granted
</Location>
'''.format(htdocs=WORK.path + '/htdocs', cgi=CGI)

APP = dict(WSGI_CGI=CGI)
FRONT = Apache(WORK, [
    ('apache-cgi.conf', dict(WSGI_BIN_URL='/cgi-bin/', WSGI_BIN_DIR=BIN + '/')),
    ('apache-action.conf', dict(APP, WSGI_ROOT=WWW)),
    ('apache-app.conf', dict(APP, WSGI_MOUNT='/mounted',
                             WSGI_APPLICATION=WORK.app('exchange.py'))),
    ('apache-app.conf', dict(APP, WSGI_MOUNT='/native',
                             WSGI_APPLICATION=WORK.native('hello.so') + ':application')),
    ('apache-app.conf', dict(APP, WSGI_MOUNT='/two/deep',
                             WSGI_APPLICATION=WORK.app('exchange.py') + ':application')),
], EXTRA)
SITE = [('apache-site.conf', dict(APP, WSGI_APPLICATION=WORK.app('exchange.py')))]
ROOT = Apache(WORK, SITE, name='root')
TRUST = Apache(WORK, SITE, 'SetEnv ap_trust_cgilike_cl 1\n', name='trust')
FORKED = Apache(WORK, SITE, name='forked', mpm='prefork', cgi='cgi')

SITES = [
    exchanges.Site('a script with #!', FRONT.port, '/cgi-bin/script.py', [FRONT.log]),
    exchanges.Site('a link, the application beside it', FRONT.port, '/cgi-bin/beside.cgi',
                   [FRONT.log]),
    exchanges.Site('a mount, SetEnv WSGI_APPLICATION', FRONT.port, '/mounted', [FRONT.log]),
    exchanges.Site('the whole site, SetEnv WSGI_APPLICATION', ROOT.port, '', [ROOT.log]),
    exchanges.Site('the whole site, mod_cgi and prefork', FORKED.port, '', [FORKED.log]),
    exchanges.Site('Action', FRONT.port, '/site/page.wsgi', [FRONT.log]),
    exchanges.Site('a folder with .htaccess', FRONT.port, '/hosted/page.cgi', [FRONT.log]),
]


class Pair:
    def __init__(self, check, site):
        self.check, self.site = check, site

    def __str__(self):
        return '%s: %s' % (self.site, self.check)


@test(each=[Pair(check, site) for site in SITES for check in exchanges.CHECKS])
def apache(pair):
    pair.check.function(pair.site)


@test(each=SITES)
def a_failure_after_the_first_chunk_is_in_the_log(site):
    # A CGI program has no way to tell Apache that a body is cut; nothing else may be in it.
    logs = Logs(site.logs)
    answer = site.get('/cut')
    same((answer.status, answer.body), (200, b'x' * 140000))
    logs.wait('RuntimeError: cut in the middle')
    same(logs.wait('LOG: closed').count('LOG: closed'), 1)


@test
def a_trusted_length_is_kept_for_head():
    same(exchanges.Site('', TRUST.port, '', []).get('/length', method='HEAD')
         .header('Content-Length'), '12')


@test(each=SITES)
def a_response_is_sent_chunk_by_chunk(site):
    with connect(site.port) as s:
        send(s, 'GET', site.prefix + '/slowly', [('Connection', 'close')])
        got, first = b'', None
        while True:
            data = s.recv(65536)
            if not data:
                break
            got += data
            if first is None and b'data: 0' in got:
                first = time.monotonic()
        assert b'data: 3' in got
        assert time.monotonic() - first > 0.9, 'the first chunk came with the last'


@test
def a_cgi_application_is_run_once_in_a_process_of_its_own():
    for site in SITES:
        environ = exchanges.show(site, '/')['environ']
        same([environ['wsgi.' + k] for k in ('run_once', 'multiprocess', 'multithread')],
             [True, True, False], site.name)
        same(environ['wsgi.version'], [1, 0])


@test
def the_module_beside_a_script_can_be_imported():
    same(request(FRONT.port, '/cgi-bin/sibling.py').body, b'found beside it')


@test
def an_option_of_the_first_line_counts():
    seen = request(FRONT.port, '/cgi-bin/options.py/x').json()
    has(seen['path'], WORK.path + '/lib')


@test
def a_wsgi_file_beside_a_link_is_found_too():
    seen = request(FRONT.port, '/cgi-bin/dotwsgi.cgi/x').json()
    same(seen['environ']['PATH_INFO'], '/x')


@test(each=['no-module', 'no-syntax', 'no-application'])
def an_application_that_does_not_load_is_a_500_and_a_traceback_in_the_log(name):
    logs = Logs(FRONT.logs())
    answer = request(FRONT.port, '/cgi-bin/%s.py' % name)
    same(answer.status, 500)
    for word in (b'Traceback', b'no_such', b'Error:', b'Syntax', b'cgi-bin/' + name.encode()):
        has_not(answer.body, word)
    words = {'no-module': "No module named 'there_is_no_such_module'",
             'no-syntax': 'SyntaxError', 'no-application': 'application'}[name]
    has(logs.wait(words), name + '.py')


@test
def a_link_with_no_application_beside_it_is_a_500_that_says_so_in_the_log():
    logs = Logs(FRONT.logs())
    same(request(FRONT.port, '/cgi-bin/alone.cgi/x').status, 500)
    logs.wait('wsgi-cgi: ')


@test
def a_file_of_a_folder_index_is_found():
    seen = request(FRONT.port, '/site/sub/').json()['environ']
    same((seen['SCRIPT_NAME'], seen.get('PATH_INFO', '')), ('/site/sub/index.wsgi', ''))


@test
def other_files_of_the_folder_are_served_as_they_are():
    same(request(FRONT.port, '/site/plain.txt').body, b'a file\n')


@test
def a_file_that_is_not_there_is_a_404():
    for path in ('/site/nothing.wsgi', '/site/nothing.wsgi/x', '/site/sub/nothing.wsgi?a',
                 '/cgi-bin/nothing.py', '/hosted/nothing.cgi'):
        same(request(FRONT.port, path).status, 404, path)


@test
def a_source_is_never_shown():
    for path in ('/site/page.wsgi', '/cgi-bin/script.py', '/cgi-bin/beside.py',
                 '/cgi-bin/sibling_of_it.py', '/site/page.wsgi/', '/site/page.wsgi%20'):
        has_not(request(FRONT.port, path).body, b'def ')


@test
def a_link_that_leads_out_of_the_root_is_refused():
    logs = Logs(FRONT.logs())
    answer = request(FRONT.port, '/site/link.wsgi/x')
    same(answer.status >= 400, True, repr(answer))
    logs.wait('wsgi-cgi')


@test
def the_handler_itself_is_no_url():
    for path in ('/.wsgi-cgi', '/.wsgi-cgi/site/page.wsgi', '/.wsgi-cgi/outside.wsgi'):
        same(request(FRONT.port, path).status, 403, path)


@test
def a_bare_gateway_without_a_root_runs_nothing():
    for path in ('/.wsgi-bare', '/.wsgi-bare/site/page.wsgi', '/.wsgi-bare/outside.wsgi',
                 '/.wsgi-bare?demo', '/.wsgi-bare?%s' % WORK.app('exchange.py'),
                 '/.wsgi-bare/x?--root+/', '/.wsgi-bare?-e+WSGI_ROOT=/'):
        answer = request(FRONT.port, path)
        same(answer.status >= 400, True, '%s: %r' % (path, answer))


@test
def the_root_may_be_given_to_the_folder():
    # SetEnv of the folder reaches the handler as REDIRECT_WSGI_ROOT.
    seen = request(FRONT.port, '/redirected/page.wsgi/a%2520b?q').json()['environ']
    same((seen['SCRIPT_NAME'], seen['PATH_INFO'], seen['QUERY_STRING']),
         ('/redirected/page.wsgi', '/a%20b', 'q'))


@test
def apache_puts_a_path_right_before_it_is_passed_on():
    # As wsgi-frontends(7) tells.
    site = SITES[3]
    for sent, expected in [('/a//b', '/a/b'), ('/a/../b', '/b'), ('/a/./b', '/a/b'),
                           ('/a%2Fb', '/a/b'), ('/a/%2E%2E/b', '/b')]:
        seen = exchanges.show(site, sent)['environ']
        same((seen['PATH_INFO'], seen['REQUEST_URI']), (expected, sent))
    for path in ('/%00', '/%zz'):
        same(site.get(path).status in (400, 404), True, path)


@test
def a_mount_is_no_prefix_of_a_word():
    same(request(FRONT.port, '/mountedx').status, 404)
    same(request(FRONT.port, '/two/deeper').status, 404)
    same(request(FRONT.port, '/two/deep/er').json()['environ']['SCRIPT_NAME'], '/two/deep')


@test
def http_proxy_of_a_client_is_not_in_the_environment_of_the_process():
    for site in SITES:
        seen = exchanges.show(site, '/', headers=[('Proxy', 'http://evil.example:1')])
        has_not(list(seen['os.environ']), 'HTTP_PROXY')


@test
def a_header_with_an_underscore_does_not_pass_for_one_with_a_dash():
    seen = exchanges.show(SITES[0], '/', headers=[('X_Auth_User', 'evil'), ('X-Other', 'o')])
    has_not(list(seen['environ']), 'HTTP_X_AUTH_USER')


@test
def a_native_application_is_found_beside_a_link():
    answer = request(FRONT.port, '/cgi-bin/hello.cgi/p%20q?--help', method='POST', body=b'body')
    same((answer.status, answer.body), (200, b'hello POST /p q body'))


@test
def a_native_application_is_mounted():
    same(request(FRONT.port, '/native/x').body, b'hello GET /x ')
    same(request(FRONT.port, '/native').body, b'hello GET  ')


if __name__ == '__main__':
    main(lambda: FRONT.logs() + ROOT.logs() + TRUST.logs() + FORKED.logs())
