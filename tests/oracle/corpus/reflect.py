"""The query, percent-decoded, as a header and as a status: what a client would inject."""
from urllib.parse import unquote


def application(environ, start_response):
    where, _, text = environ['QUERY_STRING'].partition('=')
    text = unquote(text, 'latin-1')
    if where == 'status':
        start_response('200 ' + text, [])
    elif where == 'name':
        start_response('200 OK', [(text, 'x')])
    else:
        start_response('302 Found', [('Location', text), ('X-After', '1')])
    return [b'reflected']
