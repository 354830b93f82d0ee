"""Responses that have no body: "CODE-BODY[-LENGTH]"."""
from say import Body

STATUS = {'204': '204 No Content', '304': '304 Not Modified', '205': '205 Reset Content',
          '100': '100 Continue', '101': '101 Switching Protocols', '199': '199 Old'}


def application(environ, start_response):
    code, kind, *length = environ['QUERY_STRING'].split('-')
    headers = [('ETag', '"1"')] + [('Content-Length', n) for n in length]
    write = start_response(STATUS[code], headers)
    if kind == 'write':
        write(b'written')
    return {'empty': [], 'none': [b''], 'one': [b'body'], 'write': [],
            'body': Body(environ, b'a', b'b')}[kind]
