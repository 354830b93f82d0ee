"""An authorizer that does what the path says; and a responder that shows what came of it."""

import json


def authorizer(environ, start_response):
    path = environ['PATH_INFO']
    if 'FAIL' in path:
        raise RuntimeError('the authorizer fails')
    if 'CUT' in path:
        start_response('200 OK', [('Variable-REMOTE_USER', 'joe'), ('Content-Length', '100')])
        return [b'not all']
    if 'FORBIDDEN' in path:
        start_response('403 Forbidden', [('Content-Type', 'text/plain'), ('X-Why', 'not joe')])
        return [b'you are not joe']
    if 'LOGIN' in path:
        start_response('401 Unauthorized', [('Content-Type', 'text/plain'),
                                            ('WWW-Authenticate', 'Bearer realm="e2e"')])
        return [b'who are you?']
    seen = {name: value for name, value in environ.items() if isinstance(value, str)}
    seen['body'] = environ['wsgi.input'].read().decode('latin-1')
    start_response('200 OK', [
        ('Variable-REMOTE_USER', 'joe'), ('Variable-AUTH_METHOD', 'database lookup'),
        ('Variable-SEEN', json.dumps(seen)), ('Set-Cookie', 'a=b')])
    return []


def application(environ, start_response):
    if environ.get('FCGI_ROLE') == 'AUTHORIZER':
        return authorizer(environ, start_response)
    data = json.dumps({name: value for name, value in environ.items() if isinstance(value, str)})
    body = environ['wsgi.input'].read()
    start_response('200 OK', [('Content-Type', 'application/json')])
    return [json.dumps([json.loads(data), body.decode('latin-1')]).encode()]
