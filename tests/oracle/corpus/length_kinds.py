"""A Content-Length that is right, too long, too short or no number: "LENGTH-KIND"."""
import io

from say import Body, ok


def application(environ, start_response):
    length, kind = environ['QUERY_STRING'].rsplit('-', 1)
    write = ok(start_response, ('Content-Length', length))
    if kind == 'write':
        write(b'012345')
        write(b'6789')
    if kind == 'file':
        return environ['wsgi.file_wrapper'](io.BytesIO(b'0123456789'), 4)
    if kind == 'temporary':
        import tempfile
        file = tempfile.TemporaryFile()
        file.write(b'0123456789')
        file.seek(0)
        return environ['wsgi.file_wrapper'](file, 4)
    return {'list': [b'0123456789'], 'many': [b'012', b'', b'345', b'6789'], 'write': [],
            'empty': [], 'iter': iter([b'01234', b'56789']),
            'body': Body(environ, b'01234', b'56789')}[kind]
