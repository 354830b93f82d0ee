"""What IIS's CgiModule makes of a request: the environment and the command line of a CGI program.

There is no IIS here; this is what its documentation says ("IIS Server Variables", "Handlers <add>",
"CGI <cgi>"), and what CPython's read_environ() knows of it. Text is a str of UTF-16 units' worth: a
lone surrogate may stand in it, as http.sys lets %uD800 through.
"""

import dataclasses
import re

ROOT = 'C:\\inetpub\\wwwroot'
SITE = 'W3SVC1'

# What a worker process has, and gives on: nothing of these comes from the request.
SYSTEM = {
    'ALLUSERSPROFILE': 'C:\\ProgramData', 'APPDATA': 'C:\\Windows\\system32\\config\\AppData',
    'APP_POOL_CONFIG': 'C:\\inetpub\\temp\\apppools\\wsgi\\wsgi.config', 'APP_POOL_ID': 'wsgi',
    'COMPUTERNAME': 'WEB1', 'ComSpec': 'C:\\Windows\\system32\\cmd.exe',
    'NUMBER_OF_PROCESSORS': '2', 'OS': 'Windows_NT', 'PATHEXT': '.COM;.EXE;.BAT;.CMD',
    'PROCESSOR_ARCHITECTURE': 'AMD64', 'Path': 'C:\\Windows\\system32;C:\\Windows',
    'ProgramData': 'C:\\ProgramData', 'ProgramFiles': 'C:\\Program Files',
    'SystemDrive': 'C:', 'SystemRoot': 'C:\\Windows', 'TEMP': 'C:\\Windows\\TEMP',
    'TMP': 'C:\\Windows\\TEMP', 'USERDOMAIN': 'IIS APPPOOL', 'USERNAME': 'wsgi',
    'USERPROFILE': 'C:\\Users\\wsgi', 'windir': 'C:\\Windows',
}


@dataclasses.dataclass
class Site:
    """How the administrator has set it up."""

    mapping: str = None            # scriptProcessor: 'C:\\x\\wsgi-iis.exe "%s"'; None: an .exe's URL
    extensions: tuple = ('.dll',)  # the handler's path="*.dll"
    root: str = ROOT
    codepage: str = 'cp1252'
    allow_path_info: bool = False
    query_words: str = 'decoded'   # what of a query without '=' becomes words: or 'raw', 'none'


@dataclasses.dataclass
class Request:
    """What the client sent, as bytes on the wire."""

    target: bytes = b'/'
    method: str = 'GET'
    headers: tuple = ()            # (name, bytes)
    body: bytes = None
    https: bool = False
    user: str = None               # who logged on
    more: dict = dataclasses.field(default_factory=dict)  # variables in place of ours; None: not


@dataclasses.dataclass
class Launch:
    """How the program is started."""

    line: str
    folder: str
    environment: list              # NAME=value, in the block's order
    script: str                    # the script's file
    path_info: str                 # what stands behind it in the URL


# Bytes to text.

def by_codepage(data, codepage):
    """MultiByteToWideChar(CP_ACP): every byte becomes something."""
    out = []
    while data:
        for size in (2, 1):
            try:
                out.append(data[:size].decode(codepage))
                break
            except UnicodeDecodeError:
                continue
        else:
            out.append(chr(data[0]) if codepage == 'cp1252' else '\u30fb')
            size = 1
        data = data[size:]
    return ''.join(out)


def to_text(data, codepage):
    """UTF-8 where the bytes are that, else the code page: and nobody can tell which it was."""
    try:
        return data.decode('utf-8')
    except UnicodeDecodeError:
        return by_codepage(data, codepage)


def decode_path(path, codepage):
    """A URL's path: %XX is a byte, %uXXXX a UTF-16 unit (http.sys, PercentUAllowed)."""
    out, data = [], bytearray()
    for part in re.findall(rb'%u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}|.', path, re.DOTALL):
        if part[:2] == b'%u' and len(part) == 6:
            out += [to_text(bytes(data), codepage), chr(int(part[2:], 16))]
            data.clear()
        else:
            data += bytes([int(part[1:], 16)]) if len(part) == 3 else part
    return join_surrogates(''.join(out) + to_text(bytes(data), codepage))


def join_surrogates(text):
    return text.encode('utf-16-le', 'surrogatepass').decode('utf-16-le', 'surrogatepass')


def decode_words(query, how):
    """The words that a query without '=' becomes (RFC 3875, 4.4)."""
    words = query.replace(b'+', b' ')
    if how == 'decoded':
        words = re.sub(rb'%([0-9A-Fa-f]{2})', lambda m: bytes([int(m[1], 16)]), words)
    return words.replace(b'\0', b'')


# The request's variables.

def split_script(path, extensions):
    """SCRIPT_NAME and what is behind it: up to the first part whose name ends as the handler's."""
    at = 0
    while True:
        at = path.find('/', at + 1)
        script = path if at < 0 else path[:at]
        if script.lower().endswith(tuple(extensions)) or at < 0:
            return script, path[len(script):]


def to_file(root, url):
    return root + url.replace('/', '\\')


def header_variables(request, codepage):
    out = {}
    for name, value in request.headers:
        key = name.upper().replace('-', '_')
        text = to_text(value, codepage)
        key = key if key == 'CONTENT_TYPE' else 'HTTP_' + key
        out[key] = out[key] + ',' + text if key in out else text
    return out


def secure_variables(https):
    if not https:
        return {'HTTPS': 'off', 'SERVER_PORT': '80', 'SERVER_PORT_SECURE': '0'}
    return {'HTTPS': 'on', 'SERVER_PORT': '443', 'SERVER_PORT_SECURE': '1', 'HTTPS_KEYSIZE': '256',
            'HTTPS_SECRETKEYSIZE': '2048', 'HTTPS_SERVER_ISSUER': 'CN=ca',
            'HTTPS_SERVER_SUBJECT': 'CN=www.example.com', 'CERT_KEYSIZE': '256',
            'CERT_SECRETKEYSIZE': '2048', 'CERT_SERVER_ISSUER': 'CN=ca',
            'CERT_SERVER_SUBJECT': 'CN=www.example.com'}


def user_variables(user):
    if user is None:
        return {}
    return {'AUTH_TYPE': 'Basic', 'AUTH_USER': user, 'AUTH_PASSWORD': 'secret',
            'LOGON_USER': user, 'REMOTE_USER': user, 'UNMAPPED_REMOTE_USER': user}


def path_variables(site, script, rest):
    """Unless allowPathInfo is set, PATH_INFO is the whole path, as of old."""
    path_info = rest if site.allow_path_info else script + rest
    translated = to_file(site.root, path_info) if path_info else ''
    return {'SCRIPT_NAME': script, 'PATH_INFO': path_info, 'PATH_TRANSLATED': translated}


def request_variables(site, request, script, rest, query):
    return {
        'SERVER_SOFTWARE': 'Microsoft-IIS/10.0', 'GATEWAY_INTERFACE': 'CGI/1.1',
        'SERVER_PROTOCOL': 'HTTP/1.1', 'SERVER_NAME': 'localhost', 'LOCAL_ADDR': '127.0.0.1',
        'REMOTE_ADDR': '127.0.0.1', 'REMOTE_HOST': '127.0.0.1', 'REMOTE_PORT': '50000',
        'REQUEST_METHOD': request.method, 'CONTENT_LENGTH': str(len(request.body or b'')),
        'INSTANCE_ID': '1', 'INSTANCE_NAME': SITE, 'INSTANCE_META_PATH': '/LM/' + SITE,
        'APPL_MD_PATH': '/LM/%s/ROOT' % SITE, 'APPL_PHYSICAL_PATH': site.root + '\\',
        'URL': script, 'QUERY_STRING': to_text(query, site.codepage),
        **path_variables(site, script, rest), **secure_variables(request.https),
        **user_variables(request.user), **header_variables(request, site.codepage),
    }


def block_of(variables):
    """In the order that CreateProcess wants: by the names' upper case letters."""
    def units(item):
        return item[0].upper().encode('utf-16-be', 'surrogatepass')
    return ['%s=%s' % item for item in sorted(variables.items(), key=units)
            if item[1] is not None]


# The command line.

def command_line(site, file, query):
    """The mapping with the script's file, then the query's text, in place of its %s; or the file.

    It is plain substitution: nothing is quoted or escaped.
    """
    if site.mapping is None:
        words = b'' if b'=' in query or site.query_words == 'none' else \
            decode_words(query, site.query_words)
        return '"%s"%s' % (file, ' ' + to_text(words, site.codepage) if words else '')
    parts = site.mapping.split('%s')
    values = [file, to_text(query, site.codepage)] + [''] * len(parts)
    return ''.join(part + value for part, value in zip(parts, values[:len(parts) - 1] + ['']))


def launch(site, request, file=None):
    """What IIS starts for a request. file: the script's file, where it is not below the root."""
    path, _, query = request.target.partition(b'?')
    script, rest = split_script(decode_path(path, site.codepage), site.extensions)
    found = file if file is not None else to_file(site.root, script)
    variables = {**SYSTEM, **request_variables(site, request, script, rest, query)}
    if file is not None:
        variables['PATH_TRANSLATED'] = file + rest.replace('/', '\\')
    variables.update(request.more)
    return Launch(line=command_line(site, found, query), folder=found.rpartition('\\')[0],
                  environment=block_of(variables), script=found, path_info=rest)
