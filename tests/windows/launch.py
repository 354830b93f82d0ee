"""The emulated IIS launch itself: what a program is started with is what was said, to the unit."""

import time

from wine import Launcher, Prefix, built

from frontend import main, pattern, same, test

PREFIX = Prefix()
PROBE = PREFIX.copy(built('tests/probe.exe'), 'C:\\bin\\probe.exe')
FOLDER = 'C:\\inetpub\\wwwroot'
PREFIX.folder(FOLDER)
LAUNCHERS = {}


def launcher(codepage='cp1252'):
    if codepage not in LAUNCHERS:
        LAUNCHERS[codepage] = Launcher(PREFIX, codepage)
    return LAUNCHERS[codepage]


def run(words='', environment=('SystemRoot=C:\\Windows',), codepage='cp1252', **more):
    return launcher(codepage).start('%s %s' % (PROBE, words) if words else PROBE, environment,
                                    **more)


def dump(**more):
    """The probe's lines: a list of texts for each label."""
    ended = run(**more)
    same((ended.how, ended.code, ended.err), ('exit', 0, b''))
    said = {}
    for line in ended.out.decode().splitlines():
        label, _, value = line.partition(' ')
        if label not in ('codepage', 'body'):
            value = bytes.fromhex(value).decode('utf-16-be', 'surrogatepass')
        said.setdefault(label, []).append(value)
    said['env'] = [entry for entry in said['env'] if not entry.startswith(BY_WINE)]
    return said


# Variables that wine itself puts behind ours.
BY_WINE = ('WINE', 'SystemRoot=', 'SystemDrive=')

TEXTS = ['', 'plain', 'é', '日本', '\U0001f600', '\ud800', '\udc00x', 'a\udfff\ud800b', '\x01\x7f',
         '=', 'a=b', ' ', '"', '\\"', '%PATH%', '\u00ad', '\ufffd', '\uffff', 'x' * 20000]


@test(each=[ascii(text)[:40] for text in TEXTS])
def the_environment_arrives_as_it_was_said(name):
    value = [text for text in TEXTS if ascii(text)[:40] == name][0]
    given = ['A=first', 'VALUE=' + value, 'a second=', 'É日\U0001f600\ud800=x']
    same(dump(environment=given)['env'], given)


@test
def the_environment_is_that_alone():
    same(dump(environment=['SystemRoot=C:\\Windows', 'ONE=1'])['env'], ['ONE=1'])


@test
def the_command_line_is_one_string():
    for line in ('', 'a b', '"a b" c', '"a\\\\" b"', '\ud800 \U0001f600', '"C:\\x\\é 日.dll"'):
        said = dump(words=line) if line else dump()
        same(said['line'], [PROBE + (' ' + line if line else '')])
    same(dump(words='"a b" c\\"d e\\')['word'][1:], ['a b', 'c"d', 'e\\'])


@test
def the_folder_is_the_one_that_was_said():
    same(dump(folder=FOLDER)['folder'], [FOLDER])
    PREFIX.folder(FOLDER + '\\é 日 \U0001f600')
    same(dump(folder=FOLDER + '\\é 日 \U0001f600')['folder'], [FOLDER + '\\é 日 \U0001f600'])


@test(each=['cp1252', 'cp932'])
def the_code_page_is_the_one_that_was_said(codepage):
    PREFIX.folder('C:\\é日')
    said = dump(codepage=codepage, folder='C:\\é日', environment=['V=é日'])
    same(said['codepage'], [codepage[2:]])
    same(said['folder'], ['C:\\é日'])
    same(said['env'], ['V=é日'])


@test
def every_byte_of_the_body_arrives():
    body = bytes(range(256)) * 3 + b'\r\n\x1a\n\r\0'
    same(dump(body=body)['body'], [body.hex()])
    same(dump(body=b'')['body'], [''])


@test
def all_streams_are_moved_at_once():
    size, body = 8 << 20, pattern(8 << 20)
    ended = run('both %d' % size, body=body)
    same((ended.how, ended.code, len(ended.err)), ('exit', 0, size))
    same(ended.out[:size] + b' ' + ended.out[size:], b'x' * size + b' %d' % len(body))


@test(each=[0, 1, 64, 255, 3221225477, 4294967295])
def the_exit_status_is_told(code):
    ended = run('exit %d' % code)
    same((ended.how, ended.code), ('exit', code))


@test
def who_does_not_end_is_ended():
    began = time.monotonic()
    ended = run('stay', seconds=1)
    same(ended.how, 'limit')
    assert time.monotonic() - began < 15


@test
def what_a_program_has_started_ends_with_it():
    began = time.monotonic()
    ended = run('child')
    same((ended.how, ended.out), ('exit', b'started\n'))
    assert time.monotonic() - began < 15


@test
def a_client_that_leaves_closes_the_pipe():
    ended = run('both %d' % (1 << 20), take=1000)
    same((ended.how, ended.out), ('exit', b'x' * 1000))


@test
def no_handle_but_the_three_is_inherited():
    same(run('pipes').out, b'3')


@test
def a_program_that_is_not_there_is_told():
    ended = launcher().start('C:\\bin\\none.exe', ['SystemRoot=C:\\Windows'])
    same((ended.how, ended.code), ('no start', 2))


if __name__ == '__main__':
    main(lambda: [PREFIX.log])
