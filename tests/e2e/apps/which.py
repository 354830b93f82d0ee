"""Which interpreter runs it, and what can be imported there."""

import json
import os
import sys

try:
    import only_in_this_venv
    venv_module = only_in_this_venv.WORD
except ImportError:
    venv_module = None


def application(environ, start_response):
    import hashlib  # an extension module of the interpreter
    import http.client  # and a package of its library
    seen = {
        'version': sys.version, 'info': list(sys.version_info[:3]), 'prefix': sys.prefix,
        'base_prefix': sys.base_prefix, 'executable': sys.executable, 'path': sys.path,
        'argv': sys.argv, 'venv_module': venv_module, 'environ_type': type(environ).__name__,
        'sha': hashlib.sha256(b'x').hexdigest(), 'http': http.client.HTTP_PORT,
        'body': environ['wsgi.input'].read().decode(),
        'unbuffered': os.environ.get('PYTHONUNBUFFERED'),
    }
    start_response('200 OK', [('Content-Type', 'application/json')])
    return [json.dumps(seen).encode()]
