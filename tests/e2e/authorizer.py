"""FastCGI's second role: lighttpd and Apache ask wsgi-fcgi who may have what.

The application behind them is one too; what the authorizer said about a request must be there.
"""

import json
import os

import fastcgi
from front_servers import Lighttpd
from frontend import (BUILD, REPO, Apache, Fcgi, Logs, Work, main, pattern, request, same, test)

WORK = Work('authorizer')
PYTHON = ['--python', '/usr/bin/python3']
TOKENS = WORK.file('tokens', text='0123456789abcdef joe\n\nfedcba9876543210 jane\n')
USERS = WORK.file('users', text='joe:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n')
APP = WORK.app('authorizer.py')
RESPONDER = Fcgi(WORK, APP, *PYTHON)
AUTHORIZER = Fcgi(WORK, APP, '--threads', '2', *PYTHON, tcp=True)
EXAMPLES = {
    'in Python': Fcgi(WORK, os.path.join(REPO, 'tests/examples/authorizer.py'), '-e',
                      'TOKENS=' + TOKENS, *PYTHON, tcp=True, as_web_user=False),
    'in C': Fcgi(WORK, os.path.join(BUILD, 'examples/authorizer.so'), '-e', 'TOKENS=' + TOKENS,
                 tcp=True, as_web_user=False),
}


def lighttpd(authorizer):
    return Lighttpd(WORK, 'lighttpd-authorizer.conf', MOUNT='/app',
                    SOCKET=Lighttpd.socket(RESPONDER), AUTHORIZER=Lighttpd.socket(authorizer))


PROXY = ('apache-proxy.conf', {'WSGI_MOUNT': '/app',
                               'WSGI_BACKEND': 'unix:%s|fcgi://app' % RESPONDER.address})
MODULES = ['proxy', 'proxy_fcgi', 'authn_core', 'authz_user']


def apache(authorizer, name):
    return Apache(WORK, [PROXY, ('apache-authorizer.conf', {
        'WSGI_MOUNT': '/app', 'WSGI_AUTHORIZER': 'fcgi://' + authorizer.bind})],
        name=name, modules=[*MODULES, 'authnz_fcgi'])


def fcgid(phase, name):
    """mod_fcgid starts the authorizer itself, for one of Apache's three phases."""
    program = WORK.file(name + '.sh', mode=0o755, text='#!/bin/sh\nexec %s %s %s\n' % (
        WORK.program('wsgi-fcgi'), ' '.join(PYTHON), APP))
    folder = WORK.folder('run', name, own=True)
    return Apache(WORK, [PROXY], name=name, modules=[
        *MODULES, 'fcgid', 'auth_basic', 'authn_file', 'authz_groupfile'], extra='''
FcgidIPCDir "%s"
FcgidProcessTableFile "%s/table"
<Location "/app">
%s
</Location>
''' % (folder, folder, {
        'access checker': 'FcgidAccessChecker "%s"',
        'authenticator': 'AuthType Basic\nAuthName e2e\nFcgidAuthenticator "%s"\nRequire valid-user',
        'authorizer': 'AuthType Basic\nAuthName e2e\nAuthUserFile "' + USERS + '"\n'
                      'FcgidAuthorizer "%s"\nRequire valid-user'}[phase].replace('%s', program)))


BASIC = {'Authorization': 'Basic am9lOnNlY3JldA=='}  # joe:secret
FRONTS = {  # the port, and the headers that the web server itself wants
    'lighttpd': (lighttpd(AUTHORIZER), {}),
    'apache mod_authnz_fcgi': (apache(AUTHORIZER, 'authnz'), {}),
    'apache mod_fcgid, access checker': (fcgid('access checker', 'checker'), {}),
    'apache mod_fcgid, authenticator': (fcgid('authenticator', 'authenticator'), BASIC),
    'apache mod_fcgid, authorizer': (fcgid('authorizer', 'authorizer'), BASIC),
}
LIGHTTPD = FRONTS['lighttpd'][0]


def get(name, path, **more):
    front, headers = FRONTS[name]
    return request(front.port, '/app' + path, headers=headers, **more)


@test(each=FRONTS)
def a_200_lets_in_and_its_variables_are_the_applications(name):
    answer = get(name, '/x%20y?q=1')
    same(answer.status, 200, repr(answer))
    environ, _ = answer.json()
    same([environ.get(n) for n in ('SCRIPT_NAME', 'PATH_INFO', 'QUERY_STRING', 'REMOTE_USER',
                                   'AUTH_METHOD')],
         ['/app', '/x y', 'q=1', 'joe', 'database lookup'])
    seen = json.loads(environ['SEEN'])
    same([seen.get(n) for n in ('FCGI_ROLE', 'REQUEST_METHOD', 'REQUEST_URI', 'SCRIPT_NAME',
                                'PATH_INFO', 'REMOTE_ADDR', 'body')],
         ['AUTHORIZER', 'GET', '/app/x%20y?q=1', '', '/app/x y', '127.0.0.1', ''])


@test(each=FRONTS)
def the_body_of_a_request_is_not_the_authorizers_but_the_applications(name):
    body = pattern(300000)
    answer = get(name, '/x', method='POST', body=body)
    same(answer.status, 200, repr(answer))
    environ, got = answer.json()
    same(got.encode('latin-1') == body, True)
    same(environ['CONTENT_LENGTH'], '300000')
    seen = json.loads(environ['SEEN'])
    same((seen['REQUEST_METHOD'], seen['body']), ('POST', ''))


@test(each=FRONTS)
def a_client_cannot_claim_what_the_authorizer_says(name):
    front, headers = FRONTS[name]
    answer = request(front.port, '/app/x', headers={
        **headers, 'Variable-REMOTE_USER': 'root', 'Remote-User': 'root', 'FCGI-Role': 'RESPONDER',
        'Auth-Method': 'none'})
    environ, _ = answer.json()
    same([environ['REMOTE_USER'], environ['AUTH_METHOD'], environ.get('FCGI_ROLE')],
         ['joe', 'database lookup', None])
    # mod_fcgid sends the client what the authorizer said of it.
    same(answer.header('Variable-REMOTE_USER'), 'joe' if 'mod_fcgid' in name else None)


# Apache sends its own page for what an authorizer refuses, and says 401.
@test(each=FRONTS)
def a_refusal_reaches_the_client(name):
    answer = get(name, '/FORBIDDEN')
    if name == 'lighttpd':
        same((answer.status, answer.body, answer.header('X-Why')),
             (403, b'you are not joe', 'not joe'))
        answer = get(name, '/LOGIN')
        same((answer.status, answer.body, answer.header('WWW-Authenticate')),
             (401, b'who are you?', 'Bearer realm="e2e"'))
    else:
        same(answer.status in (401, 403), True, repr(answer))
        same(get(name, '/LOGIN').status in (401, 403), True)


@test(each=FRONTS)
def an_authorizer_that_fails_lets_nobody_in(name):
    front, _ = FRONTS[name]
    logs = Logs(front.logs() + AUTHORIZER.logs())
    answer = get(name, '/FAIL')
    same(answer.status in (401, 403, 500), True, repr(answer))
    logs.wait('RuntimeError: the authorizer fails')
    answer = get(name, '/CUT')
    same(b'SCRIPT_NAME' in answer.body, False, repr(answer))
    same(get(name, '/x').status, 200)


@test(each=['lighttpd', 'apache mod_authnz_fcgi'])
def an_authorizer_that_is_not_there_lets_nobody_in(name):
    server = Fcgi(WORK, APP, *PYTHON, tcp=True)
    front = lighttpd(server) if name == 'lighttpd' else apache(server, 'gone')
    same(request(front.port, '/app/x').status, 200)
    server.stop()
    status = request(front.port, '/app/x').status
    same(status in (401, 403, 500, 503), True, status)
    front.process.stop()


@test(each=['/app', '/app/', '/app/a/../b', '/app//x', '/%61pp/x', '/app?q'])
def every_spelling_of_a_path_is_asked_about(path):
    for front in (LIGHTTPD, FRONTS['apache mod_authnz_fcgi'][0]):
        environ, _ = request(front.port, path).json()
        same(environ['REMOTE_USER'], 'joe')
        same('SEEN' in environ, True)


# The examples, one in each language.

def examples():
    for language, server in EXAMPLES.items():
        yield language + ', lighttpd', lighttpd(server).port
        yield language + ', apache', apache(server, 'example-' + language[3:]).port


@test(each=examples())
def the_example_lets_in_who_has_a_token(given):
    def ask(*headers):
        answer = request(given[1], '/app/x', headers=list(headers))
        return answer.json()[0]['REMOTE_USER'] if answer.status == 200 else answer.status
    same(ask(('Authorization', 'Bearer 0123456789abcdef')), 'joe')
    same(ask(('Authorization', 'bearer fedcba9876543210')), 'jane')
    for wrong in ('Bearer 0123456789abcdee', 'Bearer 0123', 'Bearer ', 'Bearer', 'Basic am9l', '',
                  'Bearer 0123456789abcdef0', 'Bearer joe', '0123456789abcdef'):
        same(ask(('Authorization', wrong)), 401, wrong)
    same(ask(), 401)


@test(each=EXAMPLES)
def the_example_is_no_page(language):
    params = fastcgi.variables('/x', HTTP_AUTHORIZATION='Bearer 0123456789abcdef')
    with fastcgi.Connection(EXAMPLES[language].address) as connection:
        connection.send(fastcgi.request(params))
        same(connection.reply().status, 404)


if __name__ == '__main__':
    main(lambda: [log for front, _ in FRONTS.values() for log in front.logs()]
         + AUTHORIZER.logs() + RESPONDER.logs())
