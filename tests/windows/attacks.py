"""wsgi-iis.exe and who means it ill: a client, a tenant who may put files below the root."""

import dataclasses
import os

from iis_site import PREFIX, PROGRAM, ROOT, SITE, application, ask

from frontend import main, same, test

ENV = application('env_hex')
GETENV = application('getenv')


def by(words):
    return dataclasses.replace(SITE, mapping='%s %s' % (PROGRAM, words))


# What a client writes is no variable of the process: not for the application's C library either.

@test(each=['Proxy', 'PROXY', 'proxy'])
def a_header_is_no_proxy(name):
    answer = ask('/getenv.dll?HTTP_PROXY+http_proxy', headers=((name, b'http://evil:1/'),))
    same(answer.body, b'HTTP_PROXY is not set\nhttp_proxy is not set\n')


@test
def a_variable_of_the_command_line_is_there():
    site = by('--env MODE=one --env OTHER=\xe9\u65e5 --env MODE=two --root %s "%%s"' % ROOT)
    same(ask('/getenv.dll?MODE', site).body, b'MODE is two\n')


@test
def a_variable_that_stands_there_twice_is_none_either():
    variables = {'HTTP_PROXY': 'http://evil:1/', 'Http_Proxy': 'http://evil:2/'}
    same(ask('/getenv.dll?HTTP_PROXY', more=variables).body, b'HTTP_PROXY is not set\n')


# A query of the administrator's own words takes none of them away.

OWN = 'C inetpub wwwroot getenv dll'


@test(each=[('--root ROOT --env MODE=safe "%s"', 'env MODE safe ' + OWN, '/'),
            ('--root ROOT --env MODE=safe "%s"', '--env MODE safe C:\\inetpub\\wwwroot\\getenv.dll', '/'),
            ('--root ROOT --env MODE=safe "%s" %s', 'env MODE safe ' + OWN, '/x'),
            ('--root ROOT --env MODE=safe', 'env MODE safe', '/'),
            ('--env MODE=safe ROOT\\getenv.dll "%s"', 'MODE ' + OWN + ' ' + OWN, '/'),
            ('--env MODE=safe ROOT\\getenv.dll "%s"', 'ENV MODE safe ' + OWN + ' ' + OWN, '/')])
def a_query_of_the_lines_words_takes_none_away(given):
    words, query, rest = given
    answer = ask('/getenv.dll%s?%s' % (rest, query.replace(' ', '+')),
                 by(words.replace('ROOT', ROOT)))
    if answer.status != 500:  # an application that the query has taken is none at all
        assert b'MODE is safe\n' in answer.body, answer


@test(each=['"%s"', '"%s":application', '"%s:application"', '--validate "%s" %s', '"%s" "%s"'])
def without_a_root_no_query_makes_the_script_an_application(words):
    for query in ('', ENV, ENV + '/=', ENV + '?a=b', '"' + ENV + '"=', ENV + ':application='):
        answer = ask('/env_hex.dll?' + query, by(words))
        same((answer.status, answer.code), (500, 64), repr((query, answer)))


# A backslash before the closing quote makes it a letter: what IIS puts behind that is in no quotes.

OUTSIDE = application('answers', 'C:\\outside\\answers.dll')


@test(each=['--root "ROOT\\" "%s"', '--chdir "ROOT\\" --root ROOT "%s"',
            '--error-logfile "ROOT\\" "%s"', '"--root=ROOT\\" "%s"'])
def an_option_that_ends_in_a_backslash_lets_no_option_in(words):
    for name in ('a --root=/outside /outside/answers.dll', 'a --root /outside /outside/answers.dll',
                 'a /outside/answers.dll /outside/answers.dll', 'a --version', 'a --help x.dll'):
        file = ROOT + '\\' + name.replace('/', '\\')
        answer = ask('/' + name.replace(' ', '%20'), by(words.replace('ROOT', ROOT)), file=file)
        assert answer.status in (403, 404, 500), (name, answer)
        assert 'backslash' in answer.log, (name, answer)


# IIS starts the program in the folder that the URL leads to: a tenant may write there.

PLANTED = application('answers', ROOT + '\\uploads\\app.dll')
PREFIX.copy(PREFIX.unix(PROGRAM), ROOT + '\\uploads\\python.exe')
PREFIX.file(ROOT + '\\uploads\\blog.py', 'print("evil")')


@test(each=['app.dll', '.\\app.dll', 'uploads\\app.dll', '\\inetpub\\wwwroot\\uploads\\app.dll', 'C:app.dll',
            'app.dll:application', '--python python.exe C:\\apps\\blog.py', '--python . C:\\apps\\blog.py',
            '--python C:\\none.exe blog:app', '--python C:\\none.exe blog.py', '--root .', '--root ..', '--root C:',
            '--chdir . C:\\apps\\x.dll', '--error-logfile x.log C:\\apps\\x.dll',
            '--python C:\\none.exe --pythonpath C:\\lib;lib C:\\apps\\blog.py'])
def no_name_counts_from_there(words):
    site = dataclasses.replace(by(words + ' "%s"'), extensions=('.dll',))
    answer = ask('/uploads/app.dll', site)
    same(answer.status, 500, repr(answer))
    assert 'whole path' in answer.log, answer
    assert not os.path.exists(PREFIX.unix(ROOT + '\\uploads\\x.log'))


@test
def after_chdir_they_count_from_its_folder():
    application('env_hex', 'C:\\apps\\app.dll')
    for words in ('app.dll', '.\\app.dll', 'app.dll:application'):
        same(ask('/uploads/app.dll', by('--chdir C:\\apps %s "%%s"' % words)).environ()['PATH_INFO'], b'')


if __name__ == '__main__':
    main()
