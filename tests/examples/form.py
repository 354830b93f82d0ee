"""A form and what was filled in: by GET it comes in the query, by POST in the body.

    wsgi-serve form.py
"""

from html import escape
from urllib.parse import parse_qsl

FORM_MAX = 65536
PAGE = '''<!DOCTYPE html>
<title>Form</title>
<form method="post">
<label>Name <input name="name"></label>
<label>Text <textarea name="text"></textarea></label>
<button>Send</button>
</form>
<h2>Query</h2>
<dl>
%s</dl>
<h2>Form</h2>
<dl>
%s</dl>
'''


def fields(text):
    # Bytes all the way, shown as latin-1 (PEP 3333); the page says that they are UTF-8.
    pairs = parse_qsl(text, keep_blank_values=True, encoding='latin-1')
    return ''.join('<dt>%s</dt><dd>%s</dd>\n' % (escape(name), escape(value))
                   for name, value in pairs)


def application(environ, start_response):
    form = b''
    if environ['REQUEST_METHOD'] == 'POST':
        length = int(environ.get('CONTENT_LENGTH') or 0)
        form = environ['wsgi.input'].read(min(length, FORM_MAX + 1))
    if len(form) > FORM_MAX:
        start_response('413 Content Too Large', [('Content-Type', 'text/plain')])
        return [b'too large\n']
    page = PAGE % (fields(environ.get('QUERY_STRING', '')), fields(form.decode('latin-1')))
    start_response('200 OK', [('Content-Type', 'text/html; charset=utf-8')])
    return [page.encode('latin-1')]
