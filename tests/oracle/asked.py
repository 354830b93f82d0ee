"""The requests: an application of the corpus, an environ and a body each.

An id is APPLICATION/NAME; the name ends in "-head" where the method is HEAD. Request.random() makes
others from a seed.
"""
import importlib
import os
import random
import sys

from answers import CORPUS

PROCESS = {b'PATH': os.fsencode(os.defpath), b'LC_ALL': b'C.UTF-8',
           b'PYTHONDONTWRITEBYTECODE': b'1'}
USUAL = {'GATEWAY_INTERFACE': 'CGI/1.1', 'SERVER_PROTOCOL': 'HTTP/1.1', 'SERVER_NAME': 'localhost',
         'SERVER_PORT': '80', 'SERVER_SOFTWARE': 'oracle/1', 'REMOTE_ADDR': '127.0.0.1',
         'REQUEST_METHOD': 'GET', 'SCRIPT_NAME': '/mount', 'PATH_INFO': '/path', 'QUERY_STRING': '',
         'HTTP_HOST': 'localhost'}
CGI, IIS, FCGI = 'cgi', 'iis', 'fcgi'
ALL = (CGI, FCGI)


def as_bytes(x):
    return x if isinstance(x, bytes) else x.encode('utf-8', 'surrogateescape')


class Request:
    """changes: variables in place of the usual ones; None takes one away."""

    def __init__(self, app, name, changes=(), body=b'', length=True, modes=ALL, block=(),
                 process=()):
        self.app, self.id = app, '%s/%s' % (app.split('.')[0], name)
        self.body, self.modes, self.block = body, modes, list(block)
        if body and length is True:
            changes = {'REQUEST_METHOD': 'POST', 'CONTENT_LENGTH': str(len(body)), **dict(changes)}
        env = {**USUAL, **dict(changes)}
        self.env = {as_bytes(k): as_bytes(v) for k, v in env.items() if v is not None}
        self.process_differs = bool(process)
        settings = {**PROCESS, **{as_bytes(k): v and as_bytes(v) for k, v in dict(process).items()}}
        self.process = {k: v for k, v in settings.items() if v is not None}


def kinds(app):
    """What the queries of an application may be."""
    sys.path.insert(0, CORPUS)
    try:
        return list(importlib.import_module(app).KINDS)
    finally:
        sys.path.remove(CORPUS)


def queries(app, names, head=False, **more):
    for name in names:
        changes = {'QUERY_STRING': name}
        yield Request(app + '.py', name, changes, **more)
        if head:
            yield Request(app + '.py', name + '-head', {**changes, 'REQUEST_METHOD': 'HEAD'})


def results():
    yield from queries('ret_kinds', kinds('ret_kinds'), head=True)
    for place in ('', ':later', ':list'):
        yield from queries('ret_chunks', [k + place for k in kinds('ret_chunks')])
    for name in ('plain', 'partial', 'lambda_', 'instance', 'method', 'wrapped', 'lazy', 'Iterable',
                 'Instance.of_class', 'Instance.of_nothing', 'Instance', 'named', 'coroutine',
                 'no_arguments', 'three_arguments'):
        yield Request('callables.py:' + name, name)
    yield from queries('write_kinds', kinds('write_kinds'), head=True)
    yield from queries('method_length', ['get'], head=True)
    for method in ('GET', 'HEAD', 'head', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND', '',
                   b'\xe9'):
        name = 'method-%s' % (method if isinstance(method, str) else 'latin1')
        yield Request('method_any.py', name, {'REQUEST_METHOD': method})
    for protocol in ('HTTP/0.9', 'HTTP/1.0', 'HTTP/2.0', '', None):
        yield Request('ret_kinds.py', 'protocol-%s' % protocol,
                      {'SERVER_PROTOCOL': protocol, 'QUERY_STRING': 'list1'})
    sizes = ['0', '1', '8192', '65535', '65536', '65537', '1000000', '10x1', '3x65535', '200x8192',
             '2x65536', '5000x9']
    yield from queries('big_kinds', sizes)


def heads():
    yield from queries('sr_kinds', kinds('sr_kinds'), head=True)
    for how in ('', ':again', ':empty'):
        yield from queries('sr_swallow', [k + how for k in kinds('sr_swallow')])
    yield from queries('status_kinds', kinds('status_kinds'))
    yield from queries('headers_kinds', kinds('headers_kinds'))
    yield from queries('headers_late', kinds('headers_late'))
    texts = ['/plain', '/a%20b', '/caf%E9', '/%FF', '', '/x%0d%0aX-Evil:%201', '/x%0aX-Evil:%201',
             '/x%0d', '%0d%0a%0d%0a<html>', '/x%00', '/x%09y', '/x%7f', '/%85X-Evil:%201']
    yield from queries('reflect', [where + '=' + text for where in ('status', 'name', 'value')
                                   for text in texts])
    bodies = ['empty', 'none', 'one', 'body', 'write', 'empty-0', 'one-4', 'body-9']
    yield from queries('no_body_kinds', ['%s-%s' % (code, body) for body in bodies
                                         for code in ('204', '304', '205', '100', '101', '199')])
    lengths = ('10', '4', '0', '99', 'word', '-1')
    kinds_ = ('list', 'many', 'iter', 'body', 'write', 'file', 'temporary', 'empty')
    yield from queries('length_kinds', ['%s-%s' % (n, k) for n in lengths for k in kinds_])


def failures():
    yield from queries('exc_kinds', kinds('exc_kinds'))
    late = ['Own', 'SystemExit', 'KeyboardInterrupt', 'GeneratorExit', 'StopIteration', 'OSError',
            'BrokenPipe', 'ConnectionReset', 'ConnectionAborted', 'ConnectionRefused', 'chained']
    for place in ('started', 'first', 'empty', 'later'):
        yield from queries('exc_kinds', ['%s:%s' % (k, place) for k in late])
    yield Request('exc_kinds.py', 'Own:later-head',
                  {'REQUEST_METHOD': 'HEAD', 'QUERY_STRING': 'Own:later'})
    places = ['call', 'started', 'iter', 'len', 'next1', 'next2', 'next3', 'next4', 'none']
    yield from queries('exc_places', places)
    yield from queries('exc_places', [p + '+close' for p in places[2:]])
    yield from queries('exc_places', ['unstarted+close', 'empty+close', 'length+close'])
    yield from queries('close_kinds', kinds('close_kinds'), head=True)
    for last in ('', ':bad'):
        yield from queries('gen_kinds', [k + last for k in kinds('gen_kinds')])
    yield from queries('err_kinds', [k for k in kinds('err_kinds') if k != 'both'])
    yield from queries('err_kinds', ['both'], modes=(CGI,))  # two streams, of which FastCGI has one
    yield from queries('mod_kinds', kinds('mod_kinds'))


def files():
    yield from queries('fw_kinds', [k for k in kinds('fw_kinds') if k != 'input'], head=True)
    yield Request('fw_kinds.py', 'input', {'QUERY_STRING': 'input'}, b'body ' * 5000)
    yield from queries('fw_kinds', ['source:1000', 'file:8', 'file-at-100:8', 'file:100000',
                                    'bytesio:1', 'gzip:100', 'pipe:3', 'file-read:16'])
    uses = kinds('fw_uses')
    yield from queries('fw_uses', uses + [k + ':written' for k in ('joined', 'keywords', 'begun')])


TEXT = b'first line\nsecond\r\n\n\0with nul and \xff\nlong ' + b'x' * 300 + b'\nlast, no newline'
STEPS = ['read', 'read:0', 'read:1', 'read:-1', 'read:None', 'read:1000', 'line', 'line:0',
         'line:3', 'line:-1', 'line:None', 'lines', 'lines:0', 'lines:1', 'lines:15', 'lines:-1',
         'lines:None', 'iter', 'next', 'length']


def some_steps(r):
    words = ['read:%d' % r.choice([0, 1, 2, 5, 11, 12, 50, 1000]),
             'line:%d' % r.choice([0, 1, 5, 11, 12, 200]), 'lines:%d' % r.choice([0, 1, 12, 30]),
             'line', 'next', 'iter', 'read', 'lines', 'length']
    return ';'.join(r.choices(words, [6, 4, 3, 4, 3, 1, 1, 1, 1], k=r.randint(2, 7)))


def inputs():
    def steps(name, script, body, changes=(), **more):
        return Request('in_steps.py', name + '-' + script,
                       {'QUERY_STRING': script, **dict(changes)}, body, **more)
    for script in STEPS:
        yield steps('text', script, TEXT)
        yield steps('none', script, b'')
        yield steps('zero', script, b'', {'CONTENT_LENGTH': '0', 'REQUEST_METHOD': 'POST'})
    for script in ('read', 'read:5;read', 'line;lines', 'iter', 'read:100000'):
        yield steps('over', script, TEXT, {'CONTENT_LENGTH': '13'})
        yield steps('unsaid', script, TEXT, {'REQUEST_METHOD': 'PUT'}, length=False)
        yield steps('unsaid-get', script, TEXT, length=False)
        yield steps('short', script, b'ten bytes!', {'CONTENT_LENGTH': '20'})
        yield steps('big', script, b'y' * 70000 + b'\n' + b'z' * 70000)
    for n in ('', 'abc', '-5', '5x', ' 5', '5 ', '+5', '5, 5', '0x5', '1e1', '05', '_5', '\u0665',
              '9' * 30, '9223372036854775807', '9223372036854775808'):
        yield steps('number-%s' % n, 'read:8;read', b'ten bytes!', {'CONTENT_LENGTH': n})
    for kind in kinds('in_kinds'):
        yield Request('in_kinds.py', kind, {'QUERY_STRING': kind}, b'a=1&b=caf%E9\nline two\nend')
    for size in (8191, 8192, 8193, 65536, 300000):
        yield Request('in_kinds.py', 'digest-%d' % size, {'QUERY_STRING': 'digest'},
                      random.Random(size).randbytes(size))
        yield Request('in_kinds.py', 'echo-%d' % size, {'QUERY_STRING': 'echo'},
                      random.Random(size).randbytes(size))
    yield Request('in_kinds.py', 'unread-big', {'QUERY_STRING': 'unread'}, b'u' * 400000)


PATHS = {'ascii': '/a/b', 'utf8': '/caf\xe9/\u65e5', 'latin1': b'/caf\xe9',
         'invalid': b'/\xff\xfe\x80',
         'nul-less': b'/' + bytes(range(1, 256)), 'escaped': '/a%2Fb%20c', 'twice': '/a%252Fb',
         'blank': '/a b', 'dots': '/../x/./y', 'slashes': '//a///b//', 'params': '/a;p=1,2',
         'empty': '', 'star': '*', 'relative': 'a/b', 'crlf': '/a\r\nb', 'quotes': '/"\'<>\\',
         'long': '/' + 'p' * 20000}


ADDRESSES = {
    'https': {'HTTPS': 'on'}, 'https1': {'HTTPS': '1'}, 'https-yes': {'HTTPS': 'yes'},
    'https-ON': {'HTTPS': 'ON'}, 'https-off': {'HTTPS': 'off'}, 'https-empty': {'HTTPS': ''},
    'port': {'SERVER_PORT': '8080', 'HTTP_HOST': ''}, 'host-port': {'HTTP_HOST': 'h:81'},
    'https-443': {'HTTPS': 'on', 'SERVER_PORT': '443', 'HTTP_HOST': None},
    'https-80': {'HTTPS': 'on', 'HTTP_HOST': None}, 'ipv6': {'HTTP_HOST': '[::1]:8'},
    'host-utf8': {'HTTP_HOST': '\xe9.example'}, 'query': {'QUERY_STRING': 'a=%2F&b=?#'},
    'both-empty': {'SCRIPT_NAME': '', 'PATH_INFO': ''}, 'script-slash': {'SCRIPT_NAME': '/m/'},
    'script-only': {'PATH_INFO': ''}, 'root-path': {'SCRIPT_NAME': '', 'PATH_INFO': '/'},
    'script-utf8': {'SCRIPT_NAME': '/caf\xe9'}, 'segments': {'PATH_INFO': '/a//b/./c/../d/'},
}


def environs():
    for name, path in PATHS.items():
        yield Request('env_show.py', 'path-' + name, {'PATH_INFO': path, 'QUERY_STRING': path})
        yield Request('env_util.py', 'path-' + name, {'PATH_INFO': path, 'QUERY_STRING': 'q=%2F'},
                      modes=(CGI, IIS, FCGI))
        names = ('SCRIPT_NAME', 'REMOTE_USER', 'HTTP_COOKIE', 'CONTENT_TYPE', 'SSL_SUBJECT',
                 'REDIRECT_QUERY_STRING', 'AUTH_TYPE', 'REQUEST_URI', 'DOCUMENT_ROOT')
        yield Request('env_show.py', 'other-' + name, {n: path for n in names})
    for name in ('SCRIPT_NAME', 'PATH_INFO', 'QUERY_STRING', 'SERVER_NAME', 'SERVER_PORT',
                 'HTTP_HOST', 'REQUEST_METHOD', 'SERVER_PROTOCOL'):
        yield Request('env_show.py', 'no-' + name, {name: None})
        yield Request('env_util.py', 'no-' + name, {name: None}, modes=(CGI, IIS, FCGI))
    paths = {'SCRIPT_NAME': None, 'PATH_INFO': None}
    for app in ('env_show.py', 'env_util.py'):
        yield Request(app, 'no-paths', paths, modes=(CGI, IIS, FCGI))
        yield Request(app, 'nothing', dict.fromkeys(USUAL))
        yield Request(app, 'root', {'SCRIPT_NAME': '/'}, modes=(CGI, IIS, FCGI))
        yield Request(app, 'root-relative', {'SCRIPT_NAME': '/', 'PATH_INFO': 'x'})
        yield Request(app, 'derived', {'PATH_INFO': None, 'REQUEST_URI': '/mount/a%252Fb?q'})
        yield Request(app, 'derived-nginx', {'PATH_INFO': None, 'SCRIPT_NAME': '/a b',
                                             'DOCUMENT_URI': '/a b', 'REQUEST_URI': '/a%20b'})
    for name, changes in ADDRESSES.items():
        yield Request('env_util.py', name, changes, modes=(CGI, IIS, FCGI))
        yield Request('env_kinds.py', 'flags-' + name, {**changes, 'QUERY_STRING': 'flags'})
    yield from odd_environs()


def environ_uses():
    def kind(name, query, changes, *body, **more):
        return Request('env_kinds.py', name, {**changes, 'QUERY_STRING': query}, *body, **more)
    for name in kinds('env_kinds'):
        yield kind(name, name, {'HTTP_X': 'seen'})
    yield kind('defaults-bare', 'defaults', dict.fromkeys(USUAL))
    yield kind('proxy-sent', 'proxy', {'HTTP_PROXY': 'http://evil'})
    yield kind('flags-unsaid', 'flags', {'REQUEST_METHOD': 'POST'}, b'body', length=False)
    yield Request('env_show.py', 'unsaid', {'REQUEST_METHOD': 'PATCH'}, b'body', length=False)


def odd_environs():
    def show(name, changes=(), **more):
        return Request('env_show.py', name, changes, **more)
    yield show('names', {'lower': 'x', 'With Blank': 'y', 'dash-name': 'z', '1': 'one',
                         'HTTP_': 'e', 'N' * 300: 'n', '\xe9': 'e'})
    yield show('values', {'HTTP_A': '', 'HTTP_B': '=', 'HTTP_C': 'a=b', 'HTTP_D': '\n\t\x7f\x01',
                          'HTTP_E': bytes(range(1, 256)), 'OTHER': 'caf\xe9 \u20ac'})
    yield show('undecodable', {'OTHER': b'\xff\xfe', 'SERVER_NAME': b'\xe9',
                               'REQUEST_URI': b'/\xe9'})
    yield show('large', {'HTTP_COOKIE': 'c' * 90000, 'HTTP_X': 'x' * 127, 'HTTP_Y': 'y' * 128})
    yield show('many', {'HTTP_X_%d' % i: 'v%d' % i for i in range(700)})
    yield show('wsgi', {'wsgi.input': 'evil', 'wsgi.errors': 'evil', 'wsgi.version': 'evil',
                        'wsgi.url_scheme': 'evil', 'wsgi.multithread': 'evil', 'wsgi.own': 'stays',
                        'wsgi.multiprocess': '', 'wsgi.run_once': '', 'wsgi.file_wrapper': ''})
    yield show('settings', {'WSGI_SCRIPT': 'evil.py', 'PATH_TRANSLATED': '/evil.py',
                            'SCRIPT_FILENAME': '/evil.py', 'PHP_VALUE': 'evil=1',
                            'UWSGI_FILE': 'evil.py', 'DOCUMENT_ROOT': '/evil'})
    bytes_ = {'PATH_INFO': b'/caf\xc3\xa9\xff', 'HTTP_X': b'\xe9'}
    for name, value in (('C', 'C'), ('POSIX', 'POSIX'), ('unset', None)):
        yield Request('env_util.py', 'locale-' + name, bytes_, modes=(CGI,),
                      process={'LC_ALL': value, 'PYTHONCOERCECLOCALE': '0'})
    for name, block in {'twice': [b'HTTP_X=1', b'HTTP_X=2'], 'no-equals': [b'JUNK', b'HTTP_X=1'],
                        'empty-name': [b'=v', b'HTTP_X=1'], 'path-twice': [b'PATH_INFO=/2'],
                        'empty': [b'', b'HTTP_X=1'], 'drives': [b'=C:=C:\\', b'=D:=D:\\']}.items():
        yield show('block-' + name, modes=(CGI,), block=block)


def validated():
    for kind in kinds('val_kinds') + ['nested', 'closed-late']:
        yield Request('val_kinds.py', kind, {'HTTP_X_KIND': kind})
    yield Request('val_kinds.py', 'reads-body', {'HTTP_X_KIND': 'reads'}, b'one\ntwo\nthree')
    for name, changes in {
            'post': {'REQUEST_METHOD': 'POST'}, 'no-query': {'QUERY_STRING': None},
            'brew': {'REQUEST_METHOD': 'BREW'}, 'no-method': {'REQUEST_METHOD': None},
            'no-name': {'SERVER_NAME': None}, 'no-port': {'SERVER_PORT': None},
            'root': {'SCRIPT_NAME': '/'}, 'relative': {'PATH_INFO': 'x'},
            'script-relative': {'SCRIPT_NAME': 'x'},
            'no-paths': {'SCRIPT_NAME': None, 'PATH_INFO': None},
            'length': {'CONTENT_LENGTH': '-1'}, 'http-length': {'HTTP_CONTENT_LENGTH': '1'},
            'https': {'HTTPS': 'on'}, 'no-script': {'SCRIPT_NAME': None},
            'derived': {'PATH_INFO': None, 'REQUEST_URI': '/mount/x'}}.items():
        yield Request('val_kinds.py', 'environ-' + name, changes)


def repeated_paths():
    """What IIS does to PATH_INFO, and what it does not."""
    for i, (script, path) in enumerate([
            ('/a.exe', '/a.exe'), ('/a.exe', '/a.exe/'), ('/a.exe', '/a.exe/x/y'),
            ('/a.exe', '/a.exefoo'), ('/a.exe', '/a.exefoo/x'), ('/a.exe', '/x'), ('/a.exe', ''),
            ('/a.exe', '/'), ('', '/x'), ('', ''), ('/', '/'), ('/', '/x'), ('/', '//x'),
            ('/d/', '/d/'), ('/d/', '/d//x'), ('/d/', '/d/x'), ('/a.exe', '/A.EXE/x'),
            ('/caf\xe9', '/caf\xe9/x'), (b'/\xe9', b'/\xe9/x'), (b'/\xc3', '/\xe9/x'),
            ('/a b', '/a b/c'), ('/a.exe', '/a.exe/a.exe'), ('/a.exe', '/a.exe?x'),
            (None, '/x'), ('/a.exe', None), (None, None), ('/', None)]):
        for app in ('env_show.py', 'env_util.py'):
            changes = {'SCRIPT_NAME': script, 'PATH_INFO': path,
                       'SERVER_SOFTWARE': 'Microsoft-IIS/10.0'}
            yield Request(app, 'iis-%d' % i, changes, modes=(IIS,))


PIECES = [b'', b'a', b'b', b'mount', b'.', b'..', b'x y', b'%2F', b'%', b'\xc3\xa9', b'\xe9',
          b'\xff',
          b';p=1', b'=', b'?', b'#', b'"', b'\n', b'\x01', b'A', b'index.html', b'~', b'\\']


def some_path(r):
    if r.random() < 0.15:
        return r.choice([None, b'', b'/', b'//', b'*', b'x'])
    return b'/' * (r.random() < 0.95) + b'/'.join(r.choices(PIECES, k=r.randint(1, 5)))


def random_requests(seed, count, mode):
    r = random.Random('%s %s' % (seed, mode))
    for i in range(count):
        script, path = some_path(r), some_path(r)
        if r.random() < (0.6 if mode == IIS else 0.1) and script is not None:
            path = script + r.choice([b'', b'/', b'/x', b'x', path or b''])
        changes = {'SCRIPT_NAME': script, 'PATH_INFO': path}
        for name, values in {'HTTPS': [None, None, 'on', '1', 'off', 'x'],
                             'SERVER_PORT': ['80', '443', '8080', '', None],
                             'SERVER_NAME': ['localhost', '[::1]', b'\xe9', None],
                             'HTTP_HOST': ['localhost', 'h:81', '', None, b'\xc3\xa9'],
                             'QUERY_STRING': ['', 'a=b', '%00', b'\xff', None],
                             'SERVER_PROTOCOL': ['HTTP/1.0', 'HTTP/1.1', 'HTTP/0.9', None],
                             'SERVER_SOFTWARE': ['x', 'Microsoft-IIS/7.5', 'Apache/2.4', None],
                             'REQUEST_METHOD': ['GET', 'GET', 'GET', 'DELETE', '']}.items():
            changes[name] = r.choice(values)
        name = '%s-%d' % (seed, i)
        if i % 3 == 0:
            yield Request('env_show.py', 'random-' + name, changes, modes=(mode,))
        elif i % 3 == 1 or mode == IIS:
            yield Request('env_util.py', 'random-' + name, changes, modes=(mode,))
        else:
            body = b''.join(r.choices([b'line\n', b'\n', b'x' * 200, b'\r\n', b'\xff\0', b'ab'],
                                      k=r.randint(0, 40)))
            changes = {'QUERY_STRING': some_steps(r), 'REQUEST_METHOD': 'POST',
                       'CONTENT_LENGTH': str(r.choice([len(body)] * 4 + [len(body) // 2]))}
            yield Request('in_steps.py', 'random-' + name, changes, body, modes=(mode,))


def all_requests(mode, seed, count):
    for group in (results, heads, failures, files, inputs, environs, environ_uses, validated,
                  repeated_paths):
        yield from (request for request in group() if mode in request.modes)
    yield from random_requests(seed, count, mode)
