"""wsgi-cgi.exe by any web server: what the application sees of an environment that is Unicode.

wsgiref's read_environ() says what is right, as tests/oracle/transcode.py asks it; but here the code
page is the system's, wine's, and so are the letters of names.
"""

import codecs
import os
import sys

from wine import HERE, Launcher, Prefix, built

from frontend import main, same, test

sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'oracle'))
import transcode  # noqa: E402

PREFIX = Prefix()
PROGRAM = PREFIX.copy(built('wsgi-cgi.exe'), 'C:\\wsgi\\wsgi-cgi.exe')
APPLICATION = PREFIX.copy(built('apps/env_hex.dll'), 'C:\\site\\env_hex.dll')
REQUEST = ['GATEWAY_INTERFACE=CGI/1.1', 'REQUEST_METHOD=GET', 'SERVER_PROTOCOL=HTTP/1.1', 'SERVER_NAME=h',
           'SERVER_PORT=80', 'SCRIPT_NAME=/x', 'PATH_INFO=', 'SystemRoot=C:\\Windows']
LAUNCHERS = {}

# What Python's codecs have otherwise: the bytes that no character has are control characters, and
# what stands twice in 932 is IBM's (0xfa...), where Python has NEC's.
SYSTEMS = {
    'cp1252': {chr(i): bytes([i]) for i in (0x81, 0x8d, 0x8f, 0x90, 0x9d)},
    'cp932': {c: bytes([first, second]) for first in (0xfa, 0xfb, 0xfc) for second in range(0x40, 0xfd)
              for c in [bytes([first, second]).decode('cp932', 'replace')]
              if len(c) == 1 and c != '\ufffd' and c.encode('cp932', 'replace')[0] in (0xed, 0xee)},
}
# Python takes these for others that look the same, and the system does not.
SYSTEMS['cp932'].update(dict.fromkeys('\xa2\xa3\xac\u2016\u2212\u301c', b'?'))


def find(name):
    """The codec system_cp1252, as Python asks for it."""
    codec = name.replace('system_', '')
    if codec == name:
        return None
    odd = SYSTEMS[codec]

    def encode(text, errors='strict'):
        return b''.join(odd.get(c) or c.encode(codec, errors) for c in text), len(text)
    return codecs.CodecInfo(encode, None, name=name)


codecs.register(find)


def environ(codepage, block):
    """What the application sees, {name: value} in bytes."""
    if codepage not in LAUNCHERS:
        LAUNCHERS[codepage] = Launcher(PREFIX, codepage)
    ended = LAUNCHERS[codepage].start('%s %s' % (PROGRAM, APPLICATION), block + REQUEST)
    same((ended.how, ended.code, ended.err), ('exit', 0, b''))
    head, _, body = ended.out.partition(b'\r\n\r\n')
    same(head.split(b'\r\n')[0], b'Status: 200 OK')
    return dict(map(bytes.fromhex, line.split('=')) for line in body.decode().splitlines())


def check(codepage, block):
    block = transcode.joined(block)
    seen = environ(codepage, block)
    right = transcode.right('system_' + codepage, block, transcode.DIFFERENCES)
    for name, value in right.items():
        same(seen.get(name), value, ascii(name))
    return seen


CODEPAGES = ['cp1252', 'cp932']


@test(each=[(ascii(server), codepage) for server in transcode.SERVERS for codepage in CODEPAGES])
def the_bytes_of_a_request_are_those_that_the_server_was_sent(case):
    server = [s for s in transcode.SERVERS if ascii(s) == case[0]][0]
    block = ['%s_%d=%s' % (kind, i, value) for i, value in enumerate(transcode.VALUES)
             for kind in ('HTTP', 'TEXT')]
    check(case[1], ([] if server is None else ['Server_Software=' + server]) + block)


@test(each=CODEPAGES)
def every_character_is_that_of_the_code_page_or_none(codepage):
    some = [transcode.BMP[i:i + 4096] for i in range(0, len(transcode.BMP), 4096)]
    check(codepage, ['HTTP_%d=%s' % (i, ' '.join(piece)) for i, piece in enumerate(some)])


@test(each=CODEPAGES)
def names_are_in_the_upper_case_of_the_system(codepage):
    for name in transcode.NAMES + ['\xe0\xfe\xff', '\u0105\u0431\u03b1\u0561\uff41', '\U0001f600', 'a\udc00']:
        if name and not name.upper().startswith('PATH'):
            check(codepage, [name + '=/\xe9', 'SERVER_SOFTWARE=Apache/2'])


@test
def of_two_names_that_differ_in_case_the_first_counts():
    check('cp1252', ['Http_a=1', 'HTTP_A=2', 'b=3', 'B=4'])


@test
def the_folders_of_drives_are_no_variables():
    seen = check('cp1252', ['=C:=C:\\site', '=ExitCode=00000000', 'A=1'])
    same([name for name in seen if name in (b'', b'=C:') or name.startswith(b'=')], [])


@test
def what_is_kept_from_the_process_is_the_requests_too():
    """HTTP_PROXY is a client's: no process of ours has it in its environment."""
    for server in transcode.SERVERS:
        check('cp1252', ['SERVER_SOFTWARE=' + (server or ''), 'Http_Proxy=h\xe9\u20ac'])
        check('cp1252', ['HTTP_PROXY=h\xe9', 'SERVER_SOFTWARE=' + (server or '')])


@test
def a_value_may_be_as_long_as_the_system_has_it():
    check('cp932', ['HTTP_LONG=' + '\u65e5' * 32000, 'Long=' + '\U0001f600' * 16000])


if __name__ == '__main__':
    main(lambda: [PREFIX.log])
