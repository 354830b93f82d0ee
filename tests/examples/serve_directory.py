"""A small web server: the files of a folder, their types guessed from their names.

    python3 serve_directory.py [FOLDER [PORT]]
    wsgi-serve serve_directory.py

No path leads out of the folder but by a link that somebody has put into it.
"""

import mimetypes
import os
import sys
from wsgiref.simple_server import make_server
from wsgiref.util import FileWrapper

folder = sys.argv[1] if __name__ == '__main__' and len(sys.argv) > 1 else os.getcwd()


def open_file(path):
    """The file that a path names, with index.html where no file is named; None: there is none."""
    if '..' in path.split('/') or '\0' in path:
        return None
    name = os.fsdecode(path.encode('latin-1')).lstrip('/')
    if '.' not in name.split('/')[-1]:
        name = os.path.join(name, 'index.html')
    name = os.path.join(folder, name)
    try:
        return open(name, 'rb') if os.path.isfile(name) else None
    except (FileNotFoundError, PermissionError):
        return None


def application(environ, start_response):
    file = open_file(environ['PATH_INFO'])
    if file is None:
        start_response('404 Not Found', [('Content-Type', 'text/plain')])
        return [b'not found']
    mime_type, encoding = mimetypes.guess_type(file.name)
    if mime_type is None or encoding is not None:
        mime_type = 'application/octet-stream'
    length = os.fstat(file.fileno()).st_size
    start_response('200 OK', [('Content-Type', mime_type), ('Content-Length', str(length))])
    return environ.get('wsgi.file_wrapper', FileWrapper)(file)


if __name__ == '__main__':
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 8000
    with make_server('', port, application) as server:
        print('Serving %s on %s:%d, control-C to stop' % (folder, *server.server_address),
              flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print('Shutting down.')
