#!/usr/bin/env python3
"""manual - the public headers, the library and its man pages, held together.

    manual.py check           each page says what its headers say, and nothing is left out
    manual.py symbols BUILD   libwsgi.so gives out what the headers declare, neither more nor less
    manual.py names PAGE      the names that a page documents, one a line

The tests take the pages' examples from here.
"""

import glob
import os
import re
import subprocess
import sys

REPO = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIB = os.path.join(REPO, 'lib')
OVERVIEW = os.path.join(LIB, 'wsgi', 'libwsgi.7')


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def tokens(text):
    """A piece of C with one blank between any two tokens."""
    return ' '.join(re.findall(r'\w+|\S', text))


def strip(text):
    """C without its comments and preprocessor lines."""
    text = re.sub(r'/\*.*?\*/', ' ', text, flags=re.S)
    return re.sub(r'^[ \t]*#(.*\\\n)*.*$', '', text, flags=re.M)


def statements(text):
    """The pieces of C that end in a semicolon outside of all brackets."""
    found, depth, begin = [], 0, 0
    for at, c in enumerate(text):
        depth += (c in '({[') - (c in ')}]')
        if c == ';' and depth == 0:
            found.append(text[begin:at])
            begin = at + 1
    return found


class Declared:
    """What some C declares: each name with its declaration, as tokens."""

    def __init__(self, text):
        self.functions, self.data, self.types, self.others = {}, {}, {}, set()
        self.macros = set(re.findall(r'^#define (\w+)\b(?!$)', text, re.M))  # no include guard
        self.others.update(self.macros)
        text = re.sub(r'\bWSGI_(BEGIN|END)_DECLS\b', '', strip(text))
        for s in statements(text):
            self.add(re.sub(r'__attribute__\s*\(\(.*\)\)\s*$', '', s, flags=re.S).strip())

    def add(self, s):
        kind = re.match(r'(struct|enum|union)\s+(\w*)\s*\{(.*)\}$', s, re.S)
        function = re.match(r'[\w\s*]+?\b(\w+)\s*\(.*\)$', s, re.S)
        data = re.match(r'extern\s[\w\s*]+?\b(\w+)$', s)
        if kind and kind[1] == 'enum':
            self.types[kind[2]] = [tokens(kind[3]).rstrip(' ,')]
            self.others.update(re.findall(r'(\w+)\s*(?:=[^,]*)?(?:,|$)', kind[3].strip()))
        elif kind:
            self.types[kind[2]] = [tokens(m) for m in statements(kind[3])]
            self.others.update(re.findall(r'\bwsgi_\w+', kind[3]))
        elif function:
            self.functions[function[1]] = tokens(s)
        elif data:
            self.data[data[1]] = tokens(s)
        elif re.match(r'(struct|enum|union)\s+\w+$', s):
            self.others.add(s.split()[1])
        else:
            raise ValueError('not understood: %s' % s)

    def names(self):
        return {*self.functions, *self.data, *self.types, *self.others}


def headers():
    return [os.path.join(LIB, h) for h in
            re.findall(r'^#include "(.*)"', read(os.path.join(LIB, 'wsgi.h')), re.M)]


def public():
    return Declared(''.join(read(h) for h in headers()))


def plain(text):
    """A literal block as it is read."""
    return text.replace('\\&', '').replace('\\e', '\\')


class Page:
    """A man page in mdoc."""

    def __init__(self, path):
        self.path, self.text = path, read(path)
        self.name = os.path.basename(path).rsplit('.', 1)[0]
        parts = re.split(r'^\.Sh (.*)\n', self.text, flags=re.M)
        self.sections = dict(zip(parts[1::2], parts[2::2]))
        self.names = re.findall(r'^\.Nm (\w+)', self.section('NAME'), re.M)

    def section(self, name):
        return self.sections.get(name, '')

    def blocks(self, section):
        """Each literal block of a section, with the line of text before it."""
        found = re.findall(r'^(?:(.*)\n)?\.Bd -literal.*\n((?:(?!\.Ed).*\n)*)\.Ed$',
                           self.section(section), re.M)
        return [(before, plain(block)) for before, block in found]

    def prototypes(self):
        text = ''
        for m in re.finditer(r'^\.Ft (.*)\n\.Fo (\w+)\n((?:\.Fa .*\n)*)\.Fc$',
                             self.section('SYNOPSIS'), re.M):
            arguments = re.findall(r'^\.Fa "(.*)"$', m[3], re.M)
            text += '%s %s(%s);\n' % (m[1].replace('"', ''), m[2], ', '.join(arguments))
        for m in re.finditer(r'^\.Vt (extern .*?) ;$', self.section('SYNOPSIS'), re.M):
            text += m[1] + ';\n'
        return Declared(text)

    def programs(self):
        """The examples: [code, what it prints or None]."""
        found = []
        for before, block in self.blocks('EXAMPLES'):
            if re.search(r'\bprints?\b.*:$', before):
                found[-1][1] = block
            else:
                found.append([block, None])
        return found

    def prose(self):
        return re.sub(r'^\.Bd -literal.*?^\.Ed$', '', self.section('EXAMPLES'),
                      flags=re.M | re.S).join(
                          v for k, v in self.sections.items() if k != 'EXAMPLES')


def pages():
    return [Page(p) for p in sorted(glob.glob(os.path.join(LIB, '*', '*.3')))]


def guides():
    """Those of section 7."""
    return [Page(p) for p in sorted(glob.glob(os.path.join(LIB, '*', '*.7')))]


class Complaints:
    def __init__(self):
        self.count = 0

    def __call__(self, where, text):
        self.count += 1
        print('manual: %s: %s' % (os.path.relpath(where, REPO), text), file=sys.stderr)


def check_prototypes(page, known, say):
    said = page.prototypes()
    given = {**known.functions, **known.data}
    for name, prototype in {**said.functions, **said.data}.items():
        if name not in page.names:
            say(page.path, '%s is in SYNOPSIS but not in NAME' % name)
        if name not in given:
            if name not in known.names():
                say(page.path, '%s is in no public header' % name)
        elif tokens(given[name]) != tokens(prototype):
            say(page.path, '%s is not the header\'s\n  page    %s\n  header  %s' %
                (name, prototype, given[name]))
    for name in page.names:
        if name in given and name not in said.functions and name not in said.data:
            say(page.path, '%s is in NAME but not in SYNOPSIS' % name)
        if name not in known.names():
            say(page.path, '%s is documented but in no public header' % name)


def is_part(some, all_of):
    """Whether the one list is the other with some left out."""
    rest = iter(all_of)
    return all(s in rest for s in some)


def check_types(page, known, say):
    for _, block in page.blocks('SYNOPSIS') + page.blocks('DESCRIPTION'):
        for name, said in Declared(block).types.items():
            given = known.types.get(name)
            if given is None:
                say(page.path, 'struct %s is in no public header' % name)
            elif said != given and not ('/* ... */' in block and is_part(said, given)):
                odd = [m for m in said if m not in given] + [m for m in given if m not in said]
                say(page.path, '%s is not the header\'s: %s' % (name, '; '.join(odd) or 'order'))


# Names that are no names of C: of wsgiref, of a module for Python, of a file for nginx, of a page,
# of metrics.
NOT_C = {'wsgi_version', 'wsgi_python', 'wsgi_params', 'wsgi_middleware', 'wsgi_fcgi_up',
         'wsgi_fcgi_worker_requests_total'}


def check_words(page, known, names, say):
    """Whatever looks like a name of ours is one; whoever is referred to is there."""
    for word in set(re.findall(r'\b(?:wsgi_[a-z]\w*|WSGI_[A-Z]\w*)', page.prose())):
        if word not in known.names() | names | NOT_C and not word.endswith('_'):
            say(page.path, '%s is in no public header' % word)
    for word in re.findall(r'^\.Xr (\w+) 3\b', page.text, re.M):
        if word not in names and (word.startswith('wsgi') or word == 'container_of'):
            say(page.path, 'there is no page %s(3)' % word)


def check():
    known, say, all_pages, owner = public(), Complaints(), pages(), {}
    names = {p.name for p in all_pages} | {n for p in all_pages for n in p.names}
    for page in all_pages:
        for name in page.names:
            if name in owner:
                say(page.path, '%s is in %s already' % (name, os.path.relpath(owner[name], REPO)))
            owner[name] = page.path
        check_prototypes(page, known, say)
        check_types(page, known, say)
        check_words(page, known, names, say)
        for section in ('LIBRARY', 'SYNOPSIS', 'DESCRIPTION', 'RETURN VALUES', 'EXAMPLES',
                        'SEE ALSO'):
            if not page.section(section).strip():
                say(page.path, 'has no %s' % section)
        if not page.programs():
            say(page.path, 'has no example')
    public_types = {name for name in known.types if name}
    for name in sorted({*known.functions, *known.data, *known.macros, *public_types} - names):
        say(os.path.join(LIB, 'wsgi.h'), '%s has no page' % name)
    for page in guides():
        check_words(page, known, names, say)
    return say.count == 0


def symbols(build):
    known, say = public(), Complaints()
    library = os.path.join(build, 'libwsgi.so')
    listed = subprocess.run(['nm', '-D', '--defined-only', library], stdout=subprocess.PIPE,
                            check=True, universal_newlines=True).stdout
    given = set(re.findall(r' (wsgi_\w+)$', listed, re.M))
    declared = {*known.functions, *known.data}
    for name in sorted(given - declared):
        say(library, '%s is given out but in no public header' % name)
    for name in sorted(declared - given):
        say(library, '%s is in a public header but not given out' % name)
    return say.count == 0


def main(words):
    if words[:1] == ['check'] and len(words) == 1:
        return 0 if check() else 1
    if words[:1] == ['symbols'] and len(words) == 2:
        return 0 if symbols(words[1]) else 1
    if words[:1] == ['names'] and len(words) == 2:
        print('\n'.join(Page(words[1]).names))
        return 0
    print(__doc__, file=sys.stderr)
    return 64


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
