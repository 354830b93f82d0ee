"""wsgi_python.pyd: what it takes, what it gives out, and that Windows can load it.

There is no Windows CPython here. So python3.dll is a stand-in that has the names of the list which
the import library was made of, and the list is held against what Python's headers say.
"""

import glob
import os
import re
import subprocess
import tempfile

from wine import PROGRAMS, Launcher, Prefix, built

from frontend import REPO, Skip, main, same, test

PYD, LOAD = built('wsgi_python.pyd'), built('tests/python_load.exe')
HEADERS = os.path.join(PROGRAMS, 'python')
DEF = os.path.join(REPO, 'lib', 'python', 'windows', 'python3.def')
CC = 'x86_64-w64-mingw32-gcc'
SYSTEM = {'ADVAPI32.dll', 'KERNEL32.dll', 'msvcrt.dll'}
PREFIX = Prefix()


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def read_list():
    """The names that are taken from python3.dll: {name: whether it is a variable}."""
    with open(DEF, encoding='ascii') as f:
        lines = [line.split(';')[0].split() for line in f]
    lines = [words for words in lines if words]
    assert lines[:2] == [['LIBRARY', 'python3.dll'], ['EXPORTS']], lines[:2]
    for words in lines[2:]:
        assert len(words) == 1 or words[1:] == ['DATA'], words
    return {words[0]: len(words) == 2 for words in lines[2:]}


NAMES = read_list()


def imports():
    """{library: names} of the import table."""
    found, names = {}, None
    for line in output('x86_64-w64-mingw32-objdump', '-p', PYD).splitlines():
        library = re.match(r'\s+DLL Name: (\S+)', line)
        if library:
            names = found.setdefault(library[1], set())
        entry = re.match(r'\t[0-9a-f]+\t +\d+ +(\w+)$', line)
        if entry and names is not None:
            names.add(entry[1])
    return found


def compiles(lines, *flags):
    """Whether Python's headers, under the limited API of 3.8, let this be compiled."""
    source = '\n'.join(['#define Py_LIMITED_API 0x03080000', '#define PY_SSIZE_T_CLEAN',
                        '#include <Python.h>', *lines, ''])
    done = subprocess.run([CC, '-std=c11', '-fsyntax-only', '-I' + HEADERS, *flags, '-xc', '-'],
                          input=source, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode == 0, done.stderr[:600]


# What it takes.

@test
def it_needs_python3_dll_and_the_lowest_of_the_systems():
    same(set(imports()), SYSTEM | {'python3.dll'})


@test
def it_takes_of_python3_dll_what_the_list_says():
    same(sorted(imports()['python3.dll']), sorted(NAMES))


@test
def the_limited_api_of_3_8_declares_all_of_it():
    ok, why = compiles('void *p%d(void) { return (void *)&%s; }' % (i, name)
                       for i, name in enumerate(sorted(NAMES)))
    assert ok, why


@test
def what_it_does_not_declare_would_be_seen():
    ok, why = compiles(['void *p(void) { return (void *)&PyUnicode_AsUTF8; }'])
    assert not ok and 'undeclared' in why, why


@test
def variables_are_marked_so():
    text = ''
    for path in glob.glob(os.path.join(HEADERS, '*.h')):
        with open(path, encoding='utf-8') as f:
            text += f.read()
    variables = set(re.findall(r'PyAPI_DATA\([^)]*\)\s*\**(\w+)', text))
    assert '_Py_NoneStruct' in variables
    same({name for name in NAMES if NAMES[name]}, variables & set(NAMES))


def stable_abi():
    """CPython's own list, where one of its test suites is here; newer ones have more of it."""
    found = set()
    for pattern in ('/usr/lib/python3*/test/', '~/.pyenv/versions/*/lib/python3*/test/'):
        for path in glob.glob(os.path.expanduser(pattern) + 'test_stable_abi_ctypes.py'):
            with open(path, encoding='utf-8') as f:
                found |= set(re.findall(r'^    "(\w+)",$', f.read(), re.MULTILINE))
    return found


@test
def the_stable_abi_has_all_of_it():
    names = stable_abi()
    if not names:
        raise Skip("no CPython with its test suite, which has the stable ABI's list")
    same(set(NAMES) - names, set())


def version_of(path):
    found = re.search(r'libpython3\.(\d+)\.so', path)
    return int(found[1]) if found else 0


@test
def each_cpython_from_3_8_on_has_all_of_it():
    paths = [path for pattern in ('/usr/lib/*/', '~/.pyenv/versions/*/lib/')
             for path in glob.glob(os.path.expanduser(pattern) + 'libpython3.*.so')
             if version_of(path) >= 8]
    if not paths:
        raise Skip('no libpython3.8 or newer')
    for path in paths:
        names = {line.split()[-1].split('@')[0] for line in
                 output('nm', '-D', '--defined-only', path).splitlines()}
        same(set(NAMES) - names, set(), path)


# What it gives out.

@test
def it_gives_out_its_init_function_alone():
    table = output('x86_64-w64-mingw32-objdump', '-p', PYD)
    table = table[table.index('[Ordinal/Name Pointer] Table'):]
    same(re.findall(r'^\t\[ *\d+\] (?:\+base\[ *\d+\] +[0-9a-f]+ )?(\w+)$', table, re.MULTILINE),
         ['PyInit_wsgi_python'])


@test
def it_may_be_loaded_anywhere_and_runs_no_data():
    table = output('x86_64-w64-mingw32-objdump', '-p', PYD)
    for flag in ('DYNAMIC_BASE', 'HIGH_ENTROPY_VA', 'NX_COMPAT'):
        assert flag in table, flag


# That it loads.

def make_python3():
    """A python3.dll with the names of the list, of which one function works."""
    lines = ['#include <stdio.h>', '#include <stdlib.h>']
    for name, is_variable in NAMES.items():
        if is_variable:
            lines.append('void *%s[64];' % name)
        elif name != 'PyModule_Create2':
            lines.append('void %s(void) { fprintf(stderr, "%s was called\\n"); exit(3); }' %
                         (name, name))
    lines.append('void *PyModule_Create2(void *d, int v) { printf("api %d\\n", v); return d; }')
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, 'python3.c')
        with open(source, 'w', encoding='ascii') as f:
            f.write('\n'.join(lines) + '\n')
        library = os.path.join(folder, 'python3.dll')
        subprocess.run([CC, '-shared', '-s', '-static', '-o', library, source, DEF], check=True,
                       timeout=60)
        PREFIX.copy(library, 'C:\\python\\python3.dll')


def loaded(body=b''):
    """What python_load says of the module, a list of lines."""
    path = PREFIX.copy(PYD, 'C:\\wsgi é\\wsgi_python.pyd')
    if not os.path.exists(PREFIX.unix('C:\\python\\python3.dll')):
        make_python3()
        PREFIX.copy(LOAD, 'C:\\python\\python_load.exe')
    ended = Launcher(PREFIX).start('C:\\python\\python_load.exe "%s"' % path,
                                   ['SystemRoot=C:\\windows', 'Path=C:\\windows\\system32'],
                                   folder='C:\\windows', body=body)
    same((ended.how, ended.code, ended.log), ('exit', 0, ''))
    return ended.out.decode().split('\n')


@test
def the_systems_loader_finds_all_that_it_takes():
    same(loaded()[:3], ['api 3', 'module wsgi_python', 'method run'])


@test
def its_streams_are_its_own_and_binary_and_the_interpreters_stay():
    body = bytes(range(256)) * 600 + b'\r\n\x1a\r\n'
    total = 0
    for byte in body:
        total = (total * 31 + byte) % 2 ** 64
    same(loaded(body)[3:], ['stream 0 kept own', 'stream 1 kept own', 'stream 2 kept own',
                            'close 1', 'close 1', 'body %d %d' % (len(body), total), ''])


if __name__ == '__main__':
    main(lambda: [PREFIX.log])
