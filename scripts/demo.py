"""The application that make demo shows: a page for each thing that a WSGI gateway has to get right.

It needs nothing but Python, and runs by any gateway: wsgi-serve, wsgi-fcgi, wsgi-cgi.
"""

import hashlib
import platform
import time
from html import escape
from urllib.parse import parse_qsl, quote

STYLE = """\
:root { color-scheme: light dark; --ink: #1c2733; --soft: #5b6b7b; --page: #f6f7f9; --card: #fff;
  --line: #dfe4ea; --accent: #0b62c4; --on: #fff; --code: #eef2f7 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf1; --soft: #9aa9b8; --page: #12171d;
  --card: #1a2129; --line: #2b3540; --accent: #6db0ff; --on: #0c1218; --code: #232c36 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif }
main, header div, footer { max-width: 66rem; margin: 0 auto; padding: 0 1.25rem }
header { background: var(--card); border-bottom: 1px solid var(--line) }
header div { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline;
  padding-top: .9rem; padding-bottom: .9rem }
header a { text-decoration: none; color: var(--soft) }
header a:hover, header a[aria-current] { color: var(--accent) }
header strong a { color: var(--ink); font-size: 1.1rem; margin-right: .5rem }
h1 { font-size: 2rem; line-height: 1.2; margin: 2.2rem 0 .5rem }
h2 { font-size: 1.1rem; margin: 0 0 .4rem }
p { margin: 0 0 .9rem }
.lead { color: var(--soft); font-size: 1.1rem; max-width: 52rem }
a { color: var(--accent) }
.way { display: flex; flex-wrap: wrap; gap: .6rem 2.2rem; padding: 0; margin: 1.4rem 0 2rem;
  list-style: none }
.way li { position: relative; background: var(--card); border: 1px solid var(--line);
  border-radius: .6rem; padding: .45rem .9rem }
.way li:not(:last-child)::after { content: "\\2192"; color: var(--soft); position: absolute;
  right: -1.7rem; top: 50%; transform: translateY(-50%) }
.way small { color: var(--soft); display: block; line-height: 1.3 }
.cards { display: grid; gap: 1.1rem; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)) }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .8rem;
  padding: 1.15rem 1.25rem }
.card p { color: var(--soft) }
.card ul { margin: 0; padding-left: 1.1rem }
label { display: block; font-weight: 600; margin-bottom: .25rem }
input { width: 100%; font: inherit; color: inherit; background: var(--page);
  border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .65rem; margin-bottom: .8rem }
button { font: inherit; font-weight: 600; color: var(--on); background: var(--accent); border: 0;
  border-radius: .5rem; padding: .5rem 1.1rem; cursor: pointer }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid var(--accent);
  outline-offset: 2px }
.table { overflow-x: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: .8rem; margin: 1.2rem 0 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .45rem .9rem;
  border-top: 1px solid var(--line) }
tr:first-child > * { border-top: 0 }
th { font-weight: 600; white-space: nowrap; width: 1% }
td, code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: .9rem; overflow-wrap: anywhere }
code { background: var(--code); border-radius: .3rem; padding: .1rem .35rem }
footer { color: var(--soft); font-size: .9rem; padding-top: 2.2rem; padding-bottom: 2.5rem }
"""

ICON = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7"
fill="#0b62c4"/><path d="M6 9l4.5 14L16 12l5.5 11L26 9" fill="none" stroke="#fff"
stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>
"""

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="{root}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{root}/style.css">
</head>
<body>
<header><div><strong><a href="{root}/">libwsgi</a></strong>{links}</div></header>
<main>
<h1>{title}</h1>
{body}
</main>
<footer>Python {python} at {where}, served by {software}</footer>
</body>
</html>
"""

HOME = """\
<p class="lead">This page comes from a WSGI application in Python. It needs no JavaScript.</p>
<ol class="way">{way}</ol>
<div class="cards">
<section class="card"><h2>A form</h2>
<p>Sent as a POST, read from <code>wsgi.input</code>, shown again.</p>
<form method="post" action="{root}/echo">
<label for="name">Your name</label>
<input id="name" name="name" autocomplete="name" value="Zo\u00eb">
<label for="word">A word to her</label>
<input id="word" name="word" value="Gr\u00fc\u00dfe &amp; \u03c7\u03b1\u03af\u03c1\u03b5">
<button>Send</button></form></section>
<section class="card"><h2>An upload</h2>
<p>Read piece by piece in a few kilobytes of memory, whatever its size. Back comes its SHA-256.</p>
<form method="post" action="{root}/upload" enctype="multipart/form-data">
<label for="file">A file</label>
<input id="file" name="file" type="file" required>
<button>Upload</button></form></section>
<section class="card"><h2>Try the rest</h2>
<ul>
<li><a href="{root}/environ">the environ</a> of a request</li>
<li><a href="{root}/environ/caf%C3%A9%252F?q=%C3%A9&amp;r=2">a path with accents</a></li>
<li><a href="{root}/stream">a page that comes a line at a time</a></li>
<li><a href="{root}/error">an application that fails</a>, with its traceback in the log</li>
<li><a href="{root}/nowhere">a page that is not there</a></li>
</ul></section>
</div>"""


def text(value):
    """A value of the environ, which is bytes in latin-1's clothes, as the text it probably is."""
    return value.encode('latin-1', 'replace').decode('utf-8', 'replace')


def table(rows):
    lines = ''.join('<tr><th scope="row">%s</th><td>%s</td></tr>\n'
                    % (escape(name), escape(value)) for name, value in rows)
    return '<div class="table"><table>\n%s</table></div>' % lines


def page(environ, title, body):
    root = escape(quote(environ['SCRIPT_NAME'], encoding='latin-1'))
    here = environ['PATH_INFO'].strip('/')
    links = ''.join('<a href="%s/%s"%s>%s</a>'
                    % (root, path, ' aria-current="page"' if path == here else '', path.title())
                    for path in ('environ', 'stream'))
    return PAGE.format(title=escape(title), root=root, links=links, body=body,
                       python=platform.python_version(),
                       where=escape(text(environ['SERVER_NAME'] + ':' + environ['SERVER_PORT'])),
                       software=escape(text(environ.get('SERVER_SOFTWARE', 'an unknown server'))))


def html(start_response, content, status='200 OK'):
    content = content.encode()
    start_response(status, [('Content-Type', 'text/html; charset=utf-8'),
                            ('Content-Length', str(len(content)))])
    return [content]


def static(start_response, content, kind):
    start_response('200 OK', [('Content-Type', kind), ('Cache-Control', 'max-age=60')])
    return [content.encode()]


def home(environ, start_response):
    gateway = ('wsgi-fcgi' if not environ['wsgi.run_once'] and environ['wsgi.multiprocess']
               else 'wsgi-cgi' if environ['wsgi.run_once'] else None)
    steps = [('your browser', environ.get('SERVER_PROTOCOL', 'HTTP')),
             (environ.get('SERVER_SOFTWARE', 'a web server').split('/')[0], 'the web server')]
    if gateway is not None:
        steps.append((gateway, 'the gateway'))
    steps.append(('Python ' + platform.python_version(), 'PEP 3333'))
    way = ''.join('<li>%s<small>%s</small></li>' % (escape(name), escape(what))
                  for name, what in steps)
    root = escape(quote(environ['SCRIPT_NAME'], encoding='latin-1'))
    return html(start_response, page(environ, 'It works', HOME.format(way=way, root=root)))


def show_environ(environ, start_response):
    rows = [(name, repr(value) if not isinstance(value, str) else value)
            for name, value in sorted(environ.items())]
    body = ('<p class="lead">What PEP 3333 gives the application for this request. Strings hold '
            'bytes as latin-1.</p>')
    return html(start_response, page(environ, 'The environ', body + table(rows)))


def pieces(environ, limit=None):
    """The request's body, in pieces; its end is CONTENT_LENGTH or the input's own."""
    left = int(environ.get('CONTENT_LENGTH') or 0)
    if environ.get('wsgi.input_terminated') and not left:
        left = float('inf')
    while left > 0:
        data = environ['wsgi.input'].read(int(min(left, 65536)))
        if not data:
            return
        left -= len(data)
        yield data


def echo(environ, start_response):
    body = b''
    for data in pieces(environ):
        body += data
        if len(body) > 100000:
            return html(start_response, page(environ, 'Too long', '<p>100 kB are enough here.</p>'),
                        '413 Content Too Large')
    fields = parse_qsl(body.decode('latin-1'), keep_blank_values=True, encoding='utf-8')
    body = '<p class="lead">These fields arrived:</p>' + table(fields)
    title = 'Hello, %s' % dict(fields).get('name', 'nobody')
    return html(start_response, page(environ, title, body))


def file_of(data, boundary):
    """The first file of a multipart/form-data body, in pieces: its name, then its bytes."""
    end, kept = b'\r\n--' + boundary, b''
    for piece in data:
        kept += piece
        head, blank, rest = kept.partition(b'\r\n\r\n')
        if blank or len(kept) > 100000:
            break
    else:
        return
    yield head.partition(b'filename="')[2].partition(b'"')[0]
    kept = rest
    while True:
        part, found, _ = kept.partition(end)
        if found:
            yield part
            return
        sure = max(len(kept) - len(end), 0)
        yield kept[:sure]
        kept = kept[sure:]
        piece = next(data, b'')
        if not piece:
            return
        kept += piece


def digest(data):
    sha, size = hashlib.sha256(), 0
    for piece in data:
        sha.update(piece)
        size += len(piece)
    return size, sha.hexdigest()


def upload(environ, start_response):
    data = pieces(environ)
    kind, _, boundary = environ.get('CONTENT_TYPE', '').partition('boundary=')
    if not kind.startswith('multipart/form-data') or not boundary:
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return ['{0} bytes, SHA-256 {1}\n'.format(*digest(data)).encode()]
    part = file_of(data, boundary.strip('"').encode('latin-1'))
    name = next(part, b'').decode('utf-8', 'replace')
    size, sha = digest(part)
    for _ in data:
        pass
    rows = [('Name', name), ('Size', '{:,} bytes'.format(size)), ('SHA-256', sha)]
    return html(start_response, page(environ, 'The upload arrived', table(rows)))


def stream(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/html; charset=utf-8')])
    before, after = page(environ, 'A line at a time', '\0').split('\0')
    lead = '<p class="lead">Each line is sent when it is made, not at the end.</p><ol>'
    yield (before + lead).encode()
    for _ in range(6):
        yield time.strftime('<li>it is %H:%M:%S</li>\n').encode()
        time.sleep(.5)
    yield ('</ol>' + after).encode()


def error(environ, start_response):
    raise RuntimeError('this is what the link said')


def not_found(environ, start_response):
    path = escape(text(environ['PATH_INFO']))
    body = '<p>There is no <code>%s</code>.</p>' % path
    return html(start_response, page(environ, 'Not here', body), '404 Not Found')


PAGES = {'': home, 'environ': show_environ, 'echo': echo, 'upload': upload, 'stream': stream,
         'error': error,
         'style.css': lambda environ, start: static(start, STYLE, 'text/css; charset=utf-8'),
         'icon.svg': lambda environ, start: static(start, ICON, 'image/svg+xml')}


def application(environ, start_response):
    first = environ['PATH_INFO'].strip('/').partition('/')[0]
    return PAGES.get(first, not_found)(environ, start_response)
