"""An authorizer: a web server asks it who may have what, before anything else serves the request.

    wsgi-fcgi --bind unix:/run/wsgi/authorizer.sock -e TOKENS=/etc/wsgi/tokens authorizer.py

TOKENS names a file, in each line a token and whose it is: "5f2b... joe". A request with
"Authorization: Bearer 5f2b..." is let in, and whatever serves it finds joe in REMOTE_USER.
wsgi-frontends(7) has the web servers' side.
"""

import hmac
import os

DENIED = [('Content-Type', 'text/plain'), ('WWW-Authenticate', 'Bearer realm="wsgi"')]


def user_of(token):
    """Whose token it is, or None. Which one is nearly right must not be told by the time it takes."""
    found = None
    with open(os.environ['TOKENS'], 'rb') as tokens:
        for line in tokens:
            known, _, user = line.strip().partition(b' ')
            if known and hmac.compare_digest(known, token):
                found = user
    return found


def application(environ, start_response):
    if environ.get('FCGI_ROLE') != 'AUTHORIZER':  # somebody can reach it as a page
        start_response('404 Not Found', [('Content-Type', 'text/plain')])
        return [b'There is nothing here.\n']
    kind, _, token = environ.get('HTTP_AUTHORIZATION', '').partition(' ')
    user = user_of(token.strip().encode('latin-1')) if kind.lower() == 'bearer' else None
    if user is None:
        start_response('401 Unauthorized', DENIED)
        return [b'A token is needed.\n']
    start_response('200 OK', [('Variable-REMOTE_USER', user.decode('latin-1'))])
    return []
