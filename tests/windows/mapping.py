"""wsgi-iis.exe and its script mapping: which file is served, and what is never an option.

The script's path is what IIS puts in place of "%s"; here it may be any that a URL, a virtual
directory or a link can lead to. Each refusal has a page that tells nothing, and a line in the log.
"""

import dataclasses
import os
import re
import time

import iis_launch
from iis_launch import Site
from iis_site import (MAPPING, PREFIX, PROGRAM, ROOT, SITE, application, ask, built,
                      launcher)

from frontend import has, has_not, main, same, test

OUTSIDE = 'C:\\outside'
ENV = application('env_hex')
for name in ('answers', 'crash', 'prints'):
    application(name)
application('env_hex', ROOT + '\\d\\e\\env_hex.dll')
application('env_hex', ROOT + '\\d\\a long name of it.dll')
application('answers', OUTSIDE + '\\answers.dll')
application('answers', 'C:\\inetpub\\wwwroot2\\answers.dll')
application('answers', 'C:\\inetpub\\webroot\\answers.dll')
NAMED = application('env_hex', 'C:\\apps\\env_hex.dll')
PREFIX.folder(ROOT + '\\folder.dll')
PREFIX.file(ROOT + '\\page.txt', 'secret')
PREFIX.file(ROOT + '\\web.config', '<configuration/>')
PREFIX.file(ROOT + '\\bad.dll', 'not a DLL at all')
PREFIX.copy(PREFIX.unix('C:\\windows\\system32\\msvcrt.dll'), ROOT + '\\none_in_it.dll')
PREFIX.copy(built('wsgi-iis.exe'), ROOT + '\\copy.exe')
PREFIX.drive('D')
PREFIX.copy(built('apps/env_hex.dll'), 'D:\\site\\x.dll')
PAGES = {403: b'Forbidden\n', 404: b'Not Found\n',
         500: b'A server error occurred.  Please contact the administrator.'}
STATUS = {403: 77, 404: 66}  # sysexits.h: EX_NOPERM, EX_NOINPUT
BY_Z = 'Z:' + PREFIX.unix(ROOT).replace('/', '\\')


def refused(answer, *statuses):
    """A page that tells nothing of the reason, and one line that does. Returns the line."""
    same(answer.how, 'exit')
    assert answer.status in statuses, repr(answer)
    same((answer.body, answer.all('Content-Type')), (PAGES[answer.status], ['text/plain']))
    lines = answer.log.splitlines()
    same(len(lines), 1, repr(lines))
    has(lines[0], 'wsgi-iis: ')
    return lines[0]


# Which file.

SERVED = {  # the script's file, and its URL
    'in the root': (ENV, '/env_hex.dll'),
    'in upper case': (ENV.upper(), '/ENV_HEX.DLL'),
    'the case of the URL does not matter': (ENV, '/Env_Hex.Dll'),
    'in a folder below': (ROOT + '\\d\\e\\env_hex.dll', '/d/e/env_hex.dll'),
    'with spaces': (ROOT + '\\d\\a long name of it.dll', '/d/a%20long%20name%20of%20it.dll'),
    'with slashes': (ENV.replace('\\', '/'), '/env_hex.dll'),
    'a path behind it': (ENV + '\\x\\y', '/env_hex.dll/x/y'),
    'a full path without limits': ('\\\\?\\' + ENV, '/env_hex.dll'),
}


@test(each=SERVED)
def a_script_below_the_root_is_served(claim):
    file, target = SERVED[claim]
    seen = ask(target, file=file).environ()
    same(seen['PATH_INFO'], b'/x/y' if target.endswith('/x/y') else b'')


REFUSED = {  # the script's file, the statuses that may be, words of the log
    'none is there': (ROOT + '\\none.dll', (404,), 'none.dll'),
    'nor the folder': (ROOT + '\\no\\none.dll', (404,), 'none.dll'),
    'a folder': (ROOT + '\\folder.dll', (403, 404), 'folder.dll'),
    'the root itself': (ROOT, (403, 404), 'wwwroot'),
    'the root with a backslash': (ROOT + '\\', (403, 404), 'wwwroot'),
    'outside': (OUTSIDE + '\\answers.dll', (403,), 'outside'),
    'a folder that begins as the root': ('C:\\inetpub\\wwwroot2\\answers.dll', (403,), 'wwwroot2'),
    'a folder of the same length': ('C:\\inetpub\\webroot\\answers.dll', (403,), 'webroot'),
    'above': (ROOT + '\\..\\..\\outside\\answers.dll', (403,), 'outside'),
    'above with slashes': ('C:/inetpub/wwwroot/../../outside/answers.dll', (403,), 'outside'),
    'above and down again': (ROOT + '\\..\\wwwroot\\env_hex.dll', (403,), 'env_hex.dll'),
    'dots within': (ROOT + '\\d\\..\\env_hex.dll', (403,), 'env_hex.dll'),
    'a dot within': (ROOT + '\\.\\env_hex.dll', (403,), 'env_hex.dll'),
    'another drive': ('Z:' + PREFIX.unix(OUTSIDE).replace('/', '\\') + '\\answers.dll', (403,),
                      'answers.dll'),
    'a drive that is not there': ('Q:\\answers.dll', (403, 404), 'answers.dll'),
    'a drive alone': ('C:', (403, 404), 'C:'),
    'relative to a drive': ('C:env_hex.dll', (403, 404), 'env_hex.dll'),
    'no drive': ('\\inetpub\\wwwroot\\none.dll', (403, 404), 'none.dll'),
    'a share': ('\\\\localhost\\c$\\inetpub\\wwwroot\\env_hex.dll', (403,), 'localhost'),
    'a share with slashes': ('//localhost/c$/inetpub/wwwroot/env_hex.dll', (403,), 'localhost'),
    'a share without limits': ('\\\\?\\UNC\\localhost\\c$\\env_hex.dll', (403,), 'localhost'),
    'the name of a device': ('\\\\.\\C:\\inetpub\\wwwroot\\env_hex.dll', (403,), 'env_hex.dll'),
    'the root of all': ('\\\\?\\GLOBALROOT\\??\\' + ENV, (403,), 'env_hex.dll'),
    'a stream': (ENV + ':x', (403, 404), 'env_hex.dll:x'),
    'the stream of the data': (ENV + '::$DATA', (403, 404), 'env_hex.dll::$DATA'),
    'a stream that is named as one': (ROOT + '\\page.txt:x.dll', (403, 404), 'page.txt:x.dll'),
    'a dot at the end': (ENV + '.', (403, 404), 'env_hex.dll.'),
    'dots and spaces at the end': (ENV + '. .', (403, 404), 'env_hex.dll. .'),
    'a space at the end': (ENV + ' ', (403, 404), 'env_hex.dll '),
    'a wildcard': (ROOT + '\\env_*.dll', (403, 404), 'env_*.dll'),
    'another wildcard': (ROOT + '\\env_he?.dll', (403, 404), 'env_he?.dll'),
    'CON': (ROOT + '\\CON', (403, 404), 'CON'),
    'CON alone': ('CON', (403, 404), 'CON'),
    'CON with an ending': (ROOT + '\\con.dll', (403, 404), 'con.dll'),
    'NUL': (ROOT + '\\NUL', (403, 404), 'NUL'),
    'NUL with an ending': (ROOT + '\\nul.dll', (403, 404), 'nul.dll'),
    'COM1': (ROOT + '\\COM1.dll', (403, 404), 'COM1.dll'),
    'AUX in a folder': (ROOT + '\\d\\aux.dll', (403, 404), 'aux.dll'),
    'no application': (ROOT + '\\page.txt', (403,), 'page.txt'),
    'a configuration': (ROOT + '\\web.config', (403,), 'web.config'),
    'a program': (ROOT + '\\copy.exe', (403,), 'copy.exe'),
    'nothing': ('', (403, 404), ''),
    'a quote and an option': (ROOT + '\\a" --help "b.dll', (403, 404), 'wwwroot'),
    'a quote and a root': (ROOT + '\\a" --root=C:\\outside "b.dll', (403, 404), 'wwwroot'),
    'a backslash before the quote': (ROOT + '\\a\\', (403, 404), 'wwwroot'),
    'a long path': (ROOT + '\\' + 'x' * 300 + '.dll', (404,), 'xxx'),
    'a very long path': (ROOT + ('\\' + 'y' * 200) * 40 + '.dll', (403, 404), 'yyy'),
    'half a character': (ROOT + '\\\ud800.dll', (404,), 'wwwroot'),
    'a line feed': (ROOT + '\\a\nwsgi-iis: forged.dll', (403, 404), 'forged'),
    'a letter that looks like a slash': (ROOT + '\\..\u2215answers.dll', (403, 404), 'wwwroot'),
}


@test(each=REFUSED)
def a_script_that_may_not_be_served_is_refused(claim):
    file, statuses, words = REFUSED[claim]
    began = time.monotonic()
    name = file.replace('/', '\\').rpartition('\\')[2] or 'x.dll'
    target = '/' + re.sub('[^a-zA-Z0-9_.:$ -]', lambda m: '%%u%04X' % (ord(m[0]) & 0xffff), name)
    answer = ask(target, file=file, seconds=15)
    line = refused(answer, *statuses)
    has(line, words)
    if answer.status in STATUS:
        same(answer.code, STATUS[answer.status])
    assert time.monotonic() - began < 10


@test
def a_name_that_may_be_short_for_another_is_refused():
    for name in ('ALONGN~1.DLL', 'along~12.dll', 'A~1.dll'):
        has(refused(ask('/' + name, file=application('env_hex', ROOT + '\\' + name)), 403), name)
    for name in ('a~b.dll', '~.dll', 'along name~1.dll', 'alongn~12.dll'):
        same(ask('/' + name.replace(' ', '%20'),
                 file=application('env_hex', ROOT + '\\' + name)).status, 200)


# wine's own have letters behind the "~", and no rule refuses those: it is still that file.
@test
def a_short_name_leads_to_its_file_and_to_no_other():
    name = launcher().short_name(ROOT + '\\d\\a long name of it.dll').rpartition('\\')[2]
    has(name, '~')
    answer = ask('/d/' + name, file=ROOT + '\\d\\' + name)
    assert answer.status in (200, 403), repr(answer)
    refused(ask('/' + name, file=ROOT + '\\' + name), 403, 404)


@test
def the_name_of_the_url_must_be_the_files():
    has(refused(ask('/other.dll', file=ENV), 403), 'SCRIPT_NAME /other.dll')


@test
def a_root_by_another_name_of_the_drive_is_no_hole():
    refused(ask('/answers.dll', file=BY_Z + '\\..\\..\\outside\\answers.dll'), 403)


@test(each=['bad.dll', 'none_in_it.dll'])
def a_file_that_is_no_application_is_told(name):
    answer = ask('/' + name)
    has(refused(answer, 500), name)
    same(answer.code, 78)


@test
def a_link_is_followed_and_then_judged():
    os.symlink(PREFIX.unix(OUTSIDE + '\\answers.dll'), PREFIX.unix(ROOT + '\\link.dll'))
    os.symlink(PREFIX.unix(OUTSIDE), PREFIX.unix(ROOT + '\\linked'))
    os.symlink('env_hex.dll', PREFIX.unix(ROOT + '\\inner.dll'))
    for target in ('/link.dll', '/linked/answers.dll'):
        has(refused(ask(target), 403), OUTSIDE)
    same(ask('/inner.dll').environ()['SCRIPT_NAME'], b'/inner.dll')


# How the administrator writes the root.

@test(each=['--root=' + ROOT, '--root ' + ROOT + '\\', '--root "%s"' % ROOT, '--root ' +
            ROOT.lower(), '--root ' + ROOT.replace('\\', '/'), '--root C:\\', '--root ' + ROOT +
            '\\d\\..', '--root "%s\\\\"' % ROOT])
def a_root_may_be_written_in_many_ways(words):
    site = dataclasses.replace(SITE, mapping='%s %s "%%s"' % (PROGRAM, words))
    same(ask('/env_hex.dll', site).status, 200)
    if words != '--root C:\\':
        refused(ask('/answers.dll', site, file=OUTSIDE + '\\answers.dll'), 403)


@test(each=['D:\\site', 'd:/site/', 'D:\\'])
def a_root_may_be_on_another_drive(root):
    site = dataclasses.replace(SITE, root='D:\\site', mapping='%s --root %s "%%s"' %
                               (PROGRAM, root))
    same(ask('/x.dll', site).environ()['SCRIPT_NAME'], b'/x.dll')
    refused(ask('/env_hex.dll', site, file=ENV), 403)


@test(each={'is not there': '--root C:\\none', 'is a file': '--root ' + ENV,
            'ends in a backslash within quotes': '--root "%s\\"' % ROOT,
            'is empty': '--root ""', 'is a share': '--root \\\\localhost\\c$'}.items())
def a_root_that_is_wrong_is_told(given):
    _, words = given
    site = dataclasses.replace(SITE, mapping='%s %s "%%s"' % (PROGRAM, words))
    line = refused(ask('/env_hex.dll', site, seconds=60), 403, 404, 500)
    has(line, 'root')


# Where the path comes from.

@test
def without_a_word_the_script_is_in_PATH_TRANSLATED():
    site = dataclasses.replace(SITE, mapping='%s --root %s' % (PROGRAM, ROOT))
    same(ask('/env_hex.dll/x', site).environ()['PATH_INFO'], b'/x')
    has(refused(ask('/answers.dll', site, file=OUTSIDE + '\\answers.dll'), 403), 'outside')
    refused(ask('/none.dll', site), 404)


@test
def with_allowPathInfo_it_is_not_there_and_that_is_told():
    site = dataclasses.replace(SITE, mapping='%s --root %s' % (PROGRAM, ROOT),
                               allow_path_info=True)
    has(refused(ask('/env_hex.dll/answers.dll', site), 403), 'allowPathInfo')
    has(refused(ask('/env_hex.dll', site), 403, 404), 'script')


@test(each=[False, True])
def an_application_that_the_mapping_names_is_served(allow):
    for words in (NAMED, '"%s"' % NAMED, NAMED + ':application', NAMED.replace('\\', '/')):
        site = Site(mapping='%s %s "%%s"' % (PROGRAM, words), extensions=('.app',),
                    allow_path_info=allow)
        seen = ask('/none.app/x', site).environ()
        same((seen['SCRIPT_NAME'], seen['PATH_INFO']), (b'/none.app', b'/x'))
    site = dataclasses.replace(site, mapping=PROGRAM + ' demo "%s"')
    has(ask('/none.app/x', site).body, b'Hello world!')


# What is missing is told.

MISSING = {  # the mapping, exit status, words
    'neither root nor application': ('%s "%%s"' % PROGRAM, 64, '--root'),
    'no word at all': (PROGRAM, 64, 'application'),
    'a word of the query alone': (PROGRAM + ' --validate "%s" %s', 64, '--root'),
    'an unknown option': ('%s --rot %s "%%s"' % (PROGRAM, ROOT), 64, '--rot'),
    'an option of another command': ('%s --workers 2 "%%s"' % PROGRAM, 64, '--workers'),
    'an option without its value': ('%s --root' % PROGRAM, 64, '--root'),
    'an application that is not there': ('%s C:\\apps\\none.dll "%%s"' % PROGRAM, 66, 'none.dll'),
    'a folder for --chdir that is not there': ('%s --chdir C:\\none --root %s "%%s"' %
                                               (PROGRAM, ROOT), None, 'C:\\none'),
}


@test(each=MISSING)
def what_is_missing_is_told(claim):
    mapping, code, words = MISSING[claim]
    answer = ask('/env_hex.dll', dataclasses.replace(SITE, mapping=mapping))
    has(refused(answer, 500), words)
    if code is not None:
        same(answer.code, code)


# Queries: they reach the application as they are, and do nothing else.

QUERIES = [
    '-s', '-h', '--help', '--version', '-V', '--root=C:\\', '--root+C:\\outside', '%AD-s',
    '%ADs', '\u00ad-help', '\u2010-help', '\u2013help', '\uff0d-help', '-%2Dhelp', '%2D%2Dhelp',
    '"', '""', '\\', '\\"', '%22', '%22+--help', '"+--help+"', '%22+--version+%22', "'--help'",
    '%5C%22+--help', '--python+C:\\outside\\answers.dll', '--python%20x', '--chdir+C:\\outside',
    '-e+A', '--error-logfile+C:\\evil.log', '--error-logfile%20C:%5Cevil.log', '--validate',
    'demo', 'C:\\outside\\answers.dll', 'C:%5Coutside%5Canswers.dll', '--', '--+--help', '-',
    '+', '++--help', '%20--help', '%09--help', '%00--help', '%0A--help', '%00', '/?', '@x',
    '*', '%*', '%PATH%', '^', '|', '&--help', '--help&', '%FF--help', '%E9', '-\u00e9', 'x' * 7000,
    '--help' + '+x' * 500, '\u65e5\u672c', '%u002d-help',
]
BEHIND = dataclasses.replace(SITE, mapping=MAPPING + ' %s')
BEHIND_QUOTED = dataclasses.replace(SITE, mapping=MAPPING + ' "%s"')
APPLICATION_BEHIND = Site(mapping='%s %s "%%s" %%s' % (PROGRAM, NAMED))
VALIDATED_BEHIND = dataclasses.replace(SITE, mapping='%s --validate --root=%s "%%s" %%s' %
                                       (PROGRAM, ROOT))
BLOG = PREFIX.copy(built('wsgi-iis.exe'), ROOT + '\\blog\\long blog name.exe')
application('env_hex', ROOT + '\\blog\\long blog name.dll')
PREFIX.copy(built('wsgi-iis.exe'), ROOT + '\\blog\\bare.exe')
DIRECT = Site(extensions=('.exe',))
DIRECT_RAW = dataclasses.replace(DIRECT, query_words='raw')
WAYS = {'a mapping without it': SITE, 'behind the script': BEHIND, 'in quotes': BEHIND_QUOTED,
        'behind an application': APPLICATION_BEHIND, 'behind --validate': VALIDATED_BEHIND,
        'the program by its URL': DIRECT, 'not decoded': DIRECT_RAW,
        'behind the script, 932': dataclasses.replace(BEHIND, codepage='cp932'),
        'by its URL, 932': dataclasses.replace(DIRECT, codepage='cp932')}


def seen_query(query, way):
    site = WAYS[way]
    target = '/blog/long%20blog%20name.exe' if site.mapping is None else '/env_hex.dll'
    sent = query if isinstance(query, bytes) else query.encode()
    answer = ask(target.encode() + b'/x?' + sent, site)
    same(answer.log, '')
    return answer.environ()


@test(each=[(ascii(query)[:60], way) for query in QUERIES for way in WAYS
            if way in ('behind the script', 'the program by its URL')])
def a_query_is_never_an_option(given):
    query = [q for q in QUERIES if ascii(q)[:60] == given[0]][0]
    seen = seen_query(query, given[1])
    same((seen['QUERY_STRING'], seen['PATH_INFO']), (query.encode(), b'/x'))
    same(os.path.exists(PREFIX.unix('C:\\evil.log')), False)


@test(each=WAYS)
def nor_in_any_other_place(way):
    for query in ('--help', '--root=C:\\outside', '%AD-s', '" --help', '\\', '\\" --version',
                  'C:\\outside\\answers.dll'):
        seen = seen_query(query, way)
        same((seen['QUERY_STRING'], seen['PATH_INFO']), (query.encode(), b'/x'))


# A byte that a code page may make a hyphen of: U+00AD in 1252 (CVE-2024-4577).
@test(each=[(query, way) for query in (b'\xad-help', b'\xads', b'-\xadhelp', b'\x81\x5c')
            for way in WAYS if '932' in way or way in ('behind the script', 'not decoded')])
def nor_is_one_of_bytes_that_are_no_utf_8(given):
    query, way = given
    text = iis_launch.to_text(query, WAYS[way].codepage)
    same(seen_query(query, way)['QUERY_STRING'], text.encode())


@test(each=['', '--help', 'C:\\outside\\answers.dll', 'demo', '--root+C:\\outside', '--version'])
def a_program_by_its_url_that_has_no_application_beside_it_says_so(query):
    for site in (DIRECT, DIRECT_RAW):
        has(refused(ask('/blog/bare.exe?' + query, site), 403, 500), 'application')


@test
def a_program_by_its_short_name_is_itself():
    short = launcher().short_name(BLOG).rpartition('\\')[2]
    has(short, '~')
    for query in ('--help', 'C:\\outside\\answers.dll', ''):
        answer = ask('/blog/%s?%s' % (short, query), DIRECT)
        has_not(answer.out, b'--root')
        assert answer.status in (200, 403, 500), repr(answer)
        has_not(answer.body, b'plain\n')  # what answers.dll says


@test
def a_mapping_to_the_program_serves_no_url_of_its_own():
    PREFIX.copy(built('wsgi-iis.exe'), ROOT + '\\wsgi-iis.exe')
    site = Site(mapping='%s --root %s "%%s"' % (ROOT + '\\wsgi-iis.exe', ROOT),
                extensions=('.exe',))
    refused(ask('/wsgi-iis.exe?C:\\outside\\answers.dll', site), 403, 500)


# The error log.

LOG = 'C:\\logs\\wsgi é日.log'
PREFIX.folder('C:\\logs\\folder.log')
TIMED = re.compile(r'\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d')


def logged(target, log=LOG, options='--root ' + ROOT, **more):
    """An answer with --error-logfile, and what the file got."""
    site = dataclasses.replace(SITE, mapping='%s --error-logfile "%s" %s "%%s"' %
                               (PROGRAM, log, options))
    exists = os.path.exists(PREFIX.unix(log))
    before = len(PREFIX.read(log)) if exists else 0
    answer = ask(target, site, **more)
    return answer, PREFIX.read(log)[before:].decode()


@test
def what_is_said_stands_in_the_file_alone():
    answer, text = logged('/prints.dll')
    same((answer.line, answer.body, answer.log), ('200 OK', b'said\n', ''))
    for words in ('by printf', 'by stderr', 'by descriptor 1', 'by descriptor 2', 'by wsgi.errors'):
        has(text, words)
    same(logged('/env_hex.dll')[1], '')


@test(each=[('/none.dll', 404, 'none.dll'), ('/bad.dll', 500, 'bad.dll'),
            ('/crash.dll?null', 500, 'access violation'), ('/crash.dll?abort', 500, 'abort()'),
            ('/crash.dll?exit', 500, 'exit()'), ('/page.txt', 403, 'page.txt')])
def a_line_has_the_time_of_its_event(given):
    target, status, words = given
    before = time.strftime('%Y-%m-%d', time.gmtime())
    answer, text = logged(target, file=ROOT + '\\page.txt' if 'page' in target else None)
    same((answer.status, answer.log), (status, ''))
    lines = text.splitlines()
    same(len(lines), 1, text)
    has(lines[0], words)
    assert TIMED.match(lines[0].lstrip('[')), lines[0]
    assert before in lines[0] or time.strftime('%Y-%m-%d', time.gmtime()) in lines[0], lines[0]


@test
def a_wrong_option_is_told_there_too():
    answer, text = logged('/env_hex.dll', options='--rot x')
    same((answer.status, answer.code, answer.log), (500, 64, ''))
    has(text, '--rot')


@test
def each_request_adds_to_it():
    logged('/none.dll')
    whole = PREFIX.read(LOG)
    logged('/none.dll')
    assert PREFIX.read(LOG).startswith(whole) and len(PREFIX.read(LOG)) > len(whole)


@test(each=['C:\\none\\x.log', 'C:\\logs\\folder.log', 'Q:\\x.log', 'C:\\logs\\a|b.log', ''])
def one_that_cannot_be_opened_is_told_and_no_line_is_lost(log):
    site = dataclasses.replace(SITE, mapping='%s --error-logfile "%s" --root %s "%%s"' %
                               (PROGRAM, log, ROOT))
    answer = ask('/none.dll', site)
    same(answer.status in (404, 500), True, repr(answer))
    has(answer.log, log)
    if log != '':
        same(len(answer.log.splitlines()), 2, answer.log)
        has(answer.log.splitlines()[1], 'none.dll')
        same(ask('/env_hex.dll', site).status, 200)


# On a console.

@test(each=[('--version', 'wsgi-iis'), ('-V', 'wsgi-iis'), ('--help', '--root'), ('-h', '--root')])
def an_administrator_is_helped(given):
    word, expected = given
    ended = launcher().start('%s %s' % (PROGRAM, word), ['SystemRoot=C:\\Windows'])
    same((ended.how, ended.code, ended.err), ('exit', 0, b''))
    has(ended.out.decode(), expected)


@test(each=[('', 64), ('--rot', 64), ('C:\\apps\\none.dll', 66)])
def an_administrator_gets_an_exit_status(given):
    words, code = given
    ended = launcher().start('%s %s' % (PROGRAM, words), ['SystemRoot=C:\\Windows'])
    same((ended.how, ended.code, ended.out), ('exit', code, b''))
    same(len(ended.log.splitlines()), 1, ended.log)


@test
def an_application_can_be_tried():
    ended = launcher().start('%s C:\\apps\\env_hex.dll' % PROGRAM,
                             ['PATH_INFO=/é', 'REQUEST_METHOD=GET', 'SystemRoot=C:\\Windows'])
    same((ended.how, ended.code, ended.err), ('exit', 0, b''))
    has(ended.out.decode(), 'Status: 200 OK\r\n')


@test
def relative_names_count_from_the_folder_of_the_start():
    ended = launcher().start('%s .\\env_hex.dll' % PROGRAM, ['PATH_INFO=/'], folder='C:\\apps')
    same((ended.code, ended.err), (0, b''))
    ended = launcher().start('%s --chdir C:\\apps .\\env_hex.dll' % PROGRAM, ['PATH_INFO=/'])
    same((ended.code, ended.err), (0, b''))


if __name__ == '__main__':
    main(lambda: [PREFIX.log])
