"""libwsgi as somebody has it who installed it: compiled against, linked, read about.

`make install` puts it into a temporary folder; what is built is built there, by pkg-config, from
the examples of the man pages and from README's tutorial, as they stand.
"""

import concurrent.futures
import glob
import hashlib
import inspect
import os
import re
import shutil
import subprocess
import sys
from wsgiref import handlers, headers, simple_server, types, util, validate

from frontend import (BUILD, REPO, Nginx, Process, Work, connect, has, has_not, main,
                      request, same, tail, test)

sys.path.insert(0, os.path.join(REPO, 'scripts'))
import manual  # noqa: E402

WORK = Work('library')
PREFIX = os.path.join(WORK.path, 'prefix')
STRICT = ['-Wall', '-Wextra', '-Werror']
# Strict C hides what POSIX adds, which some examples use.
C = ['cc', '-std=c11', '-D_POSIX_C_SOURCE=200809L'] + STRICT
# What the objects in libwsgi.a want besides, if they were built in a special way (scripts/coverage).
BUILT_WITH = os.environ.get('LDFLAGS', '').split()
# What a designated initializer leaves out is zero, in C++ as in C.
CXX = ['c++', '-std=c++17'] + STRICT + ['-Wno-missing-field-initializers']
FOUND = {'PKG_CONFIG_PATH': os.path.join(PREFIX, 'lib', 'pkgconfig'),
         'LD_LIBRARY_PATH': os.path.join(PREFIX, 'lib'),
         'PATH': os.path.join(PREFIX, 'bin') + ':/usr/bin:/bin',
         'LC_ALL': 'C.UTF-8', 'ASAN_OPTIONS': ''}


def run(argv, cwd=WORK.path, env=None, data=None, seconds=60):
    """What a command writes to standard output; it has to succeed."""
    done = subprocess.run(argv, cwd=cwd, env={**FOUND, **(env or {})}, input=data or b'',
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds,
                          check=False)
    if done.returncode != 0:
        raise AssertionError('%s: exit status %s\n%s%s' % (
            ' '.join(argv), done.returncode, done.stdout.decode('utf-8', 'replace')[-3000:],
            done.stderr.decode('utf-8', 'replace')[-3000:]))
    return done.stdout


def install(**places):
    """make install, from what BUILD holds already."""
    words = ['%s=%s' % place for place in places.items()]
    run(['make', 'install', 'O=' + os.path.relpath(BUILD, REPO)] + words, cwd=REPO, seconds=300)


def config(*words):
    return run(['pkg-config', *words, 'libwsgi']).decode().split()


install(PREFIX=PREFIX)
FLAGS, LIBS = config('--cflags'), config('--libs')


def names_below(folder):
    """Each file and link below a folder: its name, and what it holds or where it leads."""
    seen = {}
    for root, folders, files in os.walk(folder):
        for name in files + [f for f in folders if os.path.islink(os.path.join(root, f))]:
            path = os.path.join(root, name)
            if os.path.islink(path):
                seen[os.path.relpath(path, folder)] = '-> ' + os.readlink(path)
            else:
                with open(path, 'rb') as f:
                    digest = hashlib.sha256(f.read()).hexdigest()
                seen[os.path.relpath(path, folder)] = '%o %s' % (os.stat(path).st_mode, digest)
    return seen


# The examples of the man pages.

class Example:
    def __init__(self, page, number, code, printed, compiler):
        self.page, self.number, self.code, self.printed = page, number, code, printed
        self.compiler = compiler
        self.folder = WORK.folder('examples', '%s-%d-%s' % (page.name, number, compiler[0]))

    def __str__(self):
        return '%s, %d, by %s' % (self.page.name, self.number, self.compiler[0])

    def is_program(self):
        return re.search(r'^int main\(', self.code, re.M) is not None

    def is_application(self):
        return re.search(r'^struct wsgi_app application\b', self.code, re.M) is not None

    def build(self):
        """Compile it, run it if it can be run; what it prints, if the page says that it does."""
        source = os.path.join(self.folder, 'a.cc' if self.compiler is CXX else 'a.c')
        with open(source, 'w', encoding='utf-8') as f:
            f.write(self.code)
        if self.is_application():
            run(self.compiler + ['-shared', '-fPIC', '-o', 'a.so', source] + FLAGS + LIBS,
                cwd=self.folder)
            out = run(['wsgi-cgi', './a.so'], cwd=self.folder)
            assert re.match(rb'Status: [234]', out), out
            return None
        if not self.is_program():
            run(self.compiler + ['-c', '-o', 'a.o', source] + FLAGS, cwd=self.folder)
            return None
        run(self.compiler + ['-o', 'a', source] + FLAGS + LIBS, cwd=self.folder)
        if self.printed is None:
            return None
        return run(['./a'], cwd=self.folder).decode('utf-8', 'backslashreplace')


OVERVIEW = manual.Page(manual.OVERVIEW)
FIRST = [[code, None] for _, code in OVERVIEW.blocks('DESCRIPTION') if '#include' in code]
EXAMPLES = [Example(page, number, code, printed, compiler)
            for page, programs in [(p, p.programs()) for p in manual.pages() + manual.guides()] +
            [(OVERVIEW, FIRST)]
            for number, (code, printed) in enumerate(programs, 1)
            if '#include' in code  # other blocks show what is no C
            for compiler in (C, CXX)]
BUILDERS = concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1)
BUILT = {}


@test(each=EXAMPLES)
def an_example_of_a_page_compiles_and_prints_what_the_page_says(example):
    if not BUILT:
        BUILT.update((e, BUILDERS.submit(e.build)) for e in EXAMPLES)
    out = BUILT[example].result()
    has(example.code, '#include <wsgi.h>')
    if example.printed is not None:
        assert example.is_program(), 'the page says what it prints, but it is no program'
        same(out.replace('\r', ''), example.printed)


@test
def the_pages_have_examples_that_run():
    assert len([e for e in EXAMPLES if e.printed is not None]) > 20, EXAMPLES


@test(each=sorted(os.listdir(os.path.join(PREFIX, 'share', 'doc', 'libwsgi', 'examples'))))
def an_installed_example_is_built_from_where_it_is_installed(name):
    path = os.path.join(PREFIX, 'share', 'doc', 'libwsgi', 'examples', name)
    if name.endswith('.py'):
        compile(manual.read(path), path, 'exec')
    else:
        run(['cc'] + STRICT + ['-shared', '-fPIC', '-o', name + '.so', path] + FLAGS + LIBS)


# The table of names in libwsgi(7).

def names_of_wsgiref():
    """All public names of wsgiref: of its modules, and of its classes."""
    for module in (util, headers, simple_server, validate, handlers, types):
        for name, thing in vars(module).items():
            ours = getattr(thing, '__module__', module.__name__) == module.__name__
            if name.startswith('_') or inspect.ismodule(thing) or not ours:
                continue
            yield name
            if inspect.isclass(thing):
                yield from (n for n in vars(thing) if n[0] != '_' or n in ('_write', '_flush'))


@test
def the_table_has_every_public_name_of_wsgiref():
    rows = re.findall(r'^\.It (.*)$', OVERVIEW.section('NAMES OF WSGIREF'), re.M)
    table = set(re.findall(r'\b(?:Fn|Vt|Va) (\w+)', ' '.join(rows)))
    wanted = set(names_of_wsgiref()) | {'WSGIEnvironment', 'WSGIApplication'}
    assert len(wanted) > 90, wanted
    same(sorted(wanted - table), [])


# The headers.

DIALECTS = [['cc', '-x', 'c', '-std=' + s] for s in ('c99', 'c11', 'c17', 'gnu2x')] + [
    ['c++', '-x', 'c++', '-std=' + s] for s in ('c++11', 'c++14', 'c++17', 'c++20', 'gnu++23')] + [
        c for c in (['clang', '-x', 'c', '-std=c11'], ['clang++', '-x', 'c++', '-std=c++17'])
        if shutil.which(c[0])]


@test(each=[' '.join(d) for d in DIALECTS])
def the_header_compiles_without_a_warning(dialect):
    run(dialect.split() + STRICT + ['-pedantic', '-fsyntax-only', '-'] + FLAGS,
        data=b'#include <wsgi.h>\n')


@test
def the_header_finds_its_own_where_a_program_has_folders_of_the_same_names():
    for path in glob.glob(os.path.join(PREFIX, 'include', 'libwsgi', '*', '*.h')):
        name = os.path.relpath(path, os.path.join(PREFIX, 'include', 'libwsgi'))
        WORK.file('taken', name, text='#error this is the program\'s own\n')
    run(C + ['-I' + os.path.join(WORK.path, 'taken'), '-fsyntax-only', '-x', 'c', '-'] + FLAGS,
        data=b'#include <wsgi.h>\n')


@test
def a_container_of_that_a_program_has_is_left_alone():
    run(C + ['-fsyntax-only', '-x', 'c', '-'] + FLAGS,
        data=b'#define container_of(a, b, c) 1\n#include <wsgi.h>\n')


# Linking.

ASKS = '''
#include <stdio.h>
#include <wsgi.h>

int main(void)
{
	struct wsgi_error err;
	struct wsgi_server *server;

	if (wsgi_make_server(&server, "127.0.0.1", 0, wsgi_demo_app(), &err) != 0)
		return 1;
	puts(wsgi_server_address(server));
	wsgi_server_destroy(server);
	return 0;
}
'''
PURE = '''
#include <stdio.h>
#include <wsgi.h>

int main(void)
{
	char date[WSGI_DATE_SIZE];

	wsgi_date_format(0, date);
	return puts(date) < 0;
}
'''


def needed(program):
    return re.findall(r'NEEDED +(\S+)', run(['objdump', '-p', program]).decode())


@test
def a_program_is_linked_to_the_soname():
    WORK.file('shared.c', text=ASKS)
    run(C + ['-o', 'shared', 'shared.c'] + FLAGS + LIBS)
    has(needed('shared'), 'libwsgi.so.0')
    assert re.match(rb'127\.0\.0\.1:[1-9]\d*\n$', run(['./shared']))


@test
def a_program_with_the_library_in_it_needs_no_library():
    WORK.file('inside.c', text=ASKS)
    libs = ['-l:libwsgi.a' if word == '-lwsgi' else word for word in config('--static', '--libs')]
    run(C + ['-o', 'inside', 'inside.c'] + FLAGS + libs + BUILT_WITH)
    has_not(needed('inside'), 'libwsgi.so.0')
    assert run(['./inside'], env={'LD_LIBRARY_PATH': ''}).startswith(b'127.0.0.1:')


@test
def a_static_program_needs_nothing():
    WORK.file('static.c', text=PURE)
    run(C + ['-static', '-o', 'static', 'static.c'] + config('--static', '--cflags', '--libs') + BUILT_WITH)
    same(needed('static'), [])
    same(run(['./static']), b'Thu, 01 Jan 1970 00:00:00 GMT\n')


@test
def the_library_has_a_soname_and_a_link():
    lib = os.path.join(PREFIX, 'lib')
    has(run(['objdump', '-p', os.path.join(lib, 'libwsgi.so')]).decode().split(), 'libwsgi.so.0')
    same(os.readlink(os.path.join(lib, 'libwsgi.so')), 'libwsgi.so.0')
    same(os.path.isfile(os.path.join(lib, 'libwsgi.so.0')), True)


@test
def pkg_config_and_the_manual_say_the_version_and_the_prefix():
    version = re.search(r'^VERSION := (.*)$', manual.read(os.path.join(REPO, 'Makefile')), re.M)[1]
    same(config('--modversion'), [version])
    has(OVERVIEW.text, '\nThis is version %s, ' % version)
    same(config('--variable=prefix'), [PREFIX])
    same(FLAGS, ['-I' + os.path.join(PREFIX, 'include', 'libwsgi')])
    same(LIBS, ['-L' + os.path.join(PREFIX, 'lib'), '-lwsgi'])


IN_CXX = '''
#include <string>
#include <wsgi.h>

namespace
{
int call(wsgi_app *, const wsgi_environ *env, wsgi_start *start, wsgi_body **body)
{
	const char *query = wsgi_environ_get(env, "QUERY_STRING");
	const std::string text = "C++ was asked " + std::string(query != nullptr ? query : "nothing");

	return wsgi_reply(start, body, "200 OK", "text/plain", text.c_str());
}

wsgi_app make()
{
	wsgi_app app{};

	app.call = call;
	return app;
}
} // namespace

wsgi_app application = make();
'''


@test
def an_application_may_be_written_in_cxx():
    WORK.file('cxx.cc', text=IN_CXX)
    run(CXX + ['-shared', '-fPIC', '-o', 'cxx.so', 'cxx.cc'] + FLAGS + LIBS)
    out = run(['wsgi-cgi', './cxx.so'], env={'QUERY_STRING': 'x=1', 'REQUEST_METHOD': 'GET'})
    same(out.partition(b'\r\n\r\n')[2], b'C++ was asked x=1')


# What is installed.

def sources(*patterns):
    return [p for pattern in patterns for p in glob.glob(os.path.join(REPO, pattern))]


def expected():
    """All that make install may leave, by name."""
    lib = os.path.join(REPO, 'lib')
    files = {'include/libwsgi/' + os.path.relpath(h, lib) for h in manual.headers()}
    files |= {'include/libwsgi/wsgi.h', 'include/libwsgi/base/decls.h'}
    files |= {'lib/' + name for name in ('libwsgi.a', 'libwsgi.so', 'libwsgi.so.0',
                                         'pkgconfig/libwsgi.pc', 'wsgi/wsgi_python.abi3.so',
                                         'wsgi/wsgi_python_http.abi3.so')}
    files |= {'bin/' + os.path.basename(c) for c in sources('cmd/*')}
    for unit in sources('scripts/systemd/*.in'):
        files.add('lib/systemd/system/' + os.path.basename(unit)[:-len('.in')])
    for page in sources('cmd/*/*.1', 'lib/*/*.[37]', 'scripts/*/*.7'):
        files.add('share/man/man%s/%s' % (page[-1], os.path.basename(page)))
    for page in manual.pages():
        files |= {'share/man/man3/%s.3' % name for name in page.names}
    for path in sources('scripts/frontends/*', 'tests/examples/*'):
        if not path.endswith('.7') and os.path.isfile(path):
            folder = os.path.basename(os.path.dirname(path))
            files.add('share/doc/libwsgi/%s/%s' % (folder, os.path.basename(path)))
    return files | {'share/doc/libwsgi/README.md', 'share/doc/libwsgi/LICENSE'}


@test
def what_is_public_is_installed_and_nothing_else():
    seen = set(names_below(PREFIX))
    same(sorted(seen - expected()), [])
    same(sorted(expected() - seen), [])


@test
def to_install_again_changes_nothing():
    before = names_below(PREFIX)
    install(PREFIX=PREFIX)
    same(sorted(names_below(PREFIX).items() ^ before.items()), [])


@test
def destdir_is_where_it_is_put_and_nowhere_else_to_be_seen():
    stage = os.path.join(WORK.path, 'stage')
    install(DESTDIR=stage, PREFIX='/opt/wsgi')
    same(os.listdir(stage), ['opt'])
    staged = os.path.join(stage, 'opt', 'wsgi')
    same(sorted(names_below(staged)), sorted(names_below(PREFIX)))
    pc = manual.read(os.path.join(staged, 'lib', 'pkgconfig', 'libwsgi.pc'))
    has(pc, 'prefix=/opt/wsgi\n')
    has_not(pc, stage)
    for link in (n for n, what in names_below(staged).items() if what.startswith('-> ')):
        same(os.path.exists(os.path.join(staged, link)), True, link)
        same(os.path.isabs(os.readlink(os.path.join(staged, link))), False, link)


@test
def man_finds_a_page_for_each_name():
    known = manual.public()
    path = os.path.join(PREFIX, 'share', 'man')
    for name in sorted({*known.functions, *known.data, *known.types, *known.macros} - {''}):
        assert run(['mman', '-M', path, '-w', '3', name]).strip().endswith(b'.3'), name
    for section, name in (('7', 'libwsgi'), ('7', 'wsgi-differences'), ('7', 'wsgi_middleware'),
                          ('1', 'wsgi-serve')):
        assert run(['mman', '-M', path, '-w', section, name]).strip(), name


# README's tutorial.

README = manual.read(os.path.join(REPO, 'README.md'))
TUTORIAL = re.search(r'^## Web applications in C\n(.*?)^## ', README, re.M | re.S)[1]


def blocks(text):
    """The indented blocks of some Markdown."""
    found = re.findall(r'(?:^(?:    .*)?\n)+', text, re.M)
    cut = [re.sub(r'^    ', '', b, flags=re.M).strip('\n') + '\n' for b in found]
    return [b for b in cut if b.strip()]


def block(text, part):
    """The one that has some words in it."""
    having = [b for b in blocks(text) if part in b]
    assert len(having) == 1, '%d blocks of README have %r' % (len(having), part)
    return having[0]


def tutorial_file(name, part):
    return WORK.file('tutorial', name, text=block(TUTORIAL, part))


def in_tutorial(line):
    return run(['sh', '-c', line], cwd=os.path.join(WORK.path, 'tutorial'))


@test
def readme_and_the_manual_have_each_option_of_help():
    rows = re.findall(r'^\| `(.*?)` \| (.*?) \| ', README, re.M)
    for command in 'wsgi-cgi', 'wsgi-iis', 'wsgi-fcgi', 'wsgi-serve':
        # wsgi-iis(1) has what is not the same as in wsgi-cgi(1).
        page = ''.join(manual.read(os.path.join(REPO, 'cmd', told, told + '.1'))
                       for told in sorted({command, command.replace('-iis', '-cgi')}))
        names = re.findall(r'^ +(?:-\w, )?--([a-z-]+)', run([command, '--help']).decode(), re.M)
        assert len(names) > 7, names
        for name in names:
            whose = [w for words, w in rows if re.search(r'--%s(?![a-z-])' % name, words)]
            assert len(whose) == 1, (name, whose)
            assert whose[0] == 'all' or command[5:] in whose[0].split(', '), (command, name, whose)
            assert re.search(r'^\.It .*Fl -%s( |$)' % name, page, re.M), (command, name)


@test(each=[C, CXX])
def hello_and_its_program_compile_without_a_warning(compiler):
    suffix = '.cc' if compiler is CXX else '.c'
    for part in 'struct wsgi_app application = ', 'wsgi_make_server':
        source = WORK.file('quiet', 'a' + suffix, text=block(TUTORIAL, part))
        run(compiler + ['-fsyntax-only', source] + FLAGS)


def served(words):
    """Start a server of README's, and wait for the address that it says."""
    log = os.path.join(WORK.run, os.path.basename(words[0]) + '.log')
    process = Process(words, log, env=FOUND, cwd=os.path.join(WORK.path, 'tutorial'))
    for _ in range(500):
        said = re.search(r'http://127\.0\.0\.1:(\d+)/', tail(log))
        if said:
            return process, int(said[1])
        assert process.child.poll() is None, tail(log)
        try:
            process.child.wait(0.02)
        except subprocess.TimeoutExpired:
            pass
    raise AssertionError('no address: ' + tail(log))


@test
def hello_is_built_and_served_by_its_two_lines():
    tutorial_file('hello.c', 'struct wsgi_app application = ')
    build, serve = block(TUTORIAL, 'wsgi-serve').splitlines()
    in_tutorial(build)
    words = serve.partition('#')[0].split()
    process, port = served(words[:1] + ['--bind', '127.0.0.1:0'] + words[1:])
    same(request(port).body, b'hello from C\n')
    same(process.stop(), 0)


@test
def hello_is_served_behind_nginx():
    tutorial_file('hello.c', 'struct wsgi_app application = ')
    in_tutorial(block(TUTORIAL, 'wsgi-serve').splitlines()[0])
    socket = os.path.join(WORK.run, 'hello.sock')
    words = block(TUTORIAL, 'wsgi-fcgi').split()
    words = [w.replace('/tmp/hello.sock', socket) for w in words]
    has(words, 'unix:' + socket)
    fcgi = Process(words, os.path.join(WORK.run, 'fcgi.log'), env=FOUND,
                   cwd=os.path.join(WORK.path, 'tutorial'))
    fcgi.ready(lambda: connect(socket))
    words = block(README, 'nginx --bind').partition('>')[0].split()
    site = run([w.replace('/tmp/hello.sock', socket) for w in words]).decode()
    has(site, 'listen 80;')
    site = WORK.file('site.conf', text=site.replace('listen 80;', 'listen @LISTEN@;'))
    nginx = Nginx(WORK, site, 'unix:' + socket)
    answer = request(nginx.port, '/any/path')
    same((answer.status, answer.body), (200, b'hello from C\n'))
    nginx.process.stop()
    same(fcgi.stop(), 0)


@test
def hello_is_a_program_of_its_own():
    tutorial_file('hello.c', 'struct wsgi_app application = ')
    tutorial_file('own.c', 'wsgi_make_server')
    source = os.path.join(WORK.path, 'tutorial', 'own.c')
    text = manual.read(source)
    has(text, '"127.0.0.1", 8000,')
    WORK.file('tutorial', 'own.c', text=text.replace('8000', '0'))
    in_tutorial(block(TUTORIAL, 'cc -o own'))
    process, port = served(['./own'])
    same(request(port).body, b'hello from C\n')
    process.stop()


if __name__ == '__main__':
    main()
