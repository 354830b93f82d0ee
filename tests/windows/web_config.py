"""The configurations for IIS in scripts/frontends: what IIS reads of them, and what we do.

There is no IIS here, so its own schema (IIS_schema.xml of IIS 10) stands below as a table. What the
files say to our programs is said to them. No wine is needed.
"""

import os
import re
import subprocess
import sys
import tempfile
import xml.dom.minidom
import xml.parsers.expat

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'e2e'))

from frontend import BUILD, SHIPPED, has, main, same, test  # noqa: E402

REPO = os.path.dirname(os.path.dirname(HERE))
PAGE = os.path.join(SHIPPED, 'wsgi-windows.7')
RESTRICTIONS = 'iis-cgi-restrictions.config'
SAMPLES = sorted(name for name in os.listdir(SHIPPED) if name.endswith('.config'))
CGI = [name for name in SAMPLES if name.startswith('iis-cgi-') and name != RESTRICTIONS]


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def shipped(name):
    return read(os.path.join(SHIPPED, name))


# -- IIS's schema ------------------------------------------------------------------------------

BOOL, UINT, TEXT, TIME = r'true|false', r'[0-9]{1,10}', r'(?s).+', r'([0-9]+\.)?\d\d:\d\d:\d\d'
ACCESS = 'None|Read|Write|Script|Execute'


class Element:
    """What an element may have. where: the file that it may stand in; needs: and must have."""

    def __init__(self, attributes=None, children=None, needs=(), key=None, where=''):
        self.attributes, self.children = attributes or {}, children or {}
        self.needs, self.key, self.where = needs, key, where


CLEAR = Element()
HANDLER = Element({
    'name': TEXT, 'path': TEXT, 'verb': TEXT, 'type': TEXT, 'modules': TEXT,
    'scriptProcessor': TEXT, 'resourceType': 'File|Directory|Either|Unspecified',
    'requireAccess': ACCESS, 'allowPathInfo': BOOL, 'preCondition': TEXT,
    'responseBufferLimit': UINT,
}, needs=('name', 'path', 'verb'), key='name')
HANDLERS = Element({'accessPolicy': r'(%s|Source)(, *(%s|Source))*' % (ACCESS, ACCESS)},
                   {'add': HANDLER, 'clear': CLEAR, 'remove': Element({'name': TEXT})})
HTTP_ERRORS = Element({'errorMode': 'DetailedLocalOnly|Custom|Detailed',
                       'existingResponse': 'Auto|Replace|PassThrough'})
SEGMENT = Element({'segment': TEXT}, needs=('segment',), key='segment')
EXTENSION = Element({'fileExtension': TEXT, 'allowed': BOOL},
                    needs=('fileExtension', 'allowed'), key='fileExtension')
FILTERING = Element({'allowDoubleEscaping': BOOL, 'allowHighBitCharacters': BOOL}, {
    'requestLimits': Element({'maxAllowedContentLength': UINT, 'maxUrl': UINT,
                              'maxQueryString': UINT}),
    'hiddenSegments': Element({}, {'add': SEGMENT, 'clear': CLEAR, 'remove': SEGMENT}),
    'fileExtensions': Element({'allowUnlisted': BOOL}, {'add': EXTENSION, 'clear': CLEAR}),
})
RESTRICTION = Element({'path': TEXT, 'allowed': BOOL, 'groupId': TEXT, 'description': TEXT},
                      needs=('path', 'allowed'), key='path')
ISAPI_CGI = Element({'notListedIsapisAllowed': BOOL, 'notListedCgisAllowed': BOOL},
                    {'add': RESTRICTION, 'clear': CLEAR}, where='applicationHost.config')
CGI_SECTION = Element({'createCGIWithNewConsole': BOOL, 'createProcessAsUser': BOOL,
                       'timeout': TIME}, where='applicationHost.config')
FASTCGI_APPLICATION = Element({
    'fullPath': TEXT, 'arguments': TEXT, 'monitorChangesTo': TEXT,
    'stderrMode': 'ReturnStdErrIn500|ReturnGeneric500|IgnoreAndReturn200|TerminateProcess',
    'maxInstances': UINT, 'idleTimeout': UINT, 'activityTimeout': UINT, 'requestTimeout': UINT,
    'instanceMaxRequests': UINT, 'signalBeforeTerminateSeconds': UINT, 'protocol': 'NamedPipe|Tcp',
    'queueLength': UINT, 'flushNamedPipe': BOOL, 'rapidFailsPerMinute': UINT,
}, needs=('fullPath',))
FASTCGI = Element({}, {'application': FASTCGI_APPLICATION}, where='applicationHost.config')
SERVER = Element({}, {
    'handlers': HANDLERS, 'httpErrors': HTTP_ERRORS, 'cgi': CGI_SECTION, 'fastCgi': FASTCGI,
    'security': Element({}, {'requestFiltering': FILTERING, 'isapiCgiRestriction': ISAPI_CGI}),
})
LOCATION = Element({'path': TEXT, 'overrideMode': 'Allow|Deny|Inherit'},
                   {'system.webServer': SERVER}, needs=('path',))
CONFIGURATION = Element({}, {'system.webServer': SERVER, 'location': LOCATION})


def elements(parent, tag=None):
    return [e for e in parent.childNodes if e.nodeType == e.ELEMENT_NODE and tag in (None, e.tagName)]


def complaints(element, schema, path, host):
    """What IIS would not take, in words. host: it is applicationHost.config."""
    found = []
    if schema.where and not host:
        found.append('%s: belongs into %s' % (path, schema.where))
    for name, value in element.attributes.items():
        if name not in schema.attributes:
            found.append('%s: no attribute %s' % (path, name))
        elif not re.fullmatch(schema.attributes[name], value):
            found.append('%s: %s="%s"' % (path, name, value))
    found += ['%s: no %s' % (path, name) for name in schema.needs if not element.hasAttribute(name)]
    seen = set()
    for child in elements(element):
        if child.tagName not in schema.children:
            found.append('%s: no element %s' % (path, child.tagName))
            continue
        below = schema.children[child.tagName]
        key = (child.tagName, child.getAttribute(below.key)) if below.key else child
        found += ['%s: two of %s' % (path, key)] if key in seen else []
        seen.add(key)
        found += complaints(child, below, '%s/%s' % (path, child.tagName), host)
    text = ''.join(n.data for n in element.childNodes if n.nodeType == n.TEXT_NODE).strip()
    return found + (['%s: text %r' % (path, text)] if text else [])


def check(text, host=False):
    try:
        top = xml.dom.minidom.parseString(text).documentElement
    except xml.parsers.expat.ExpatError as error:
        return [str(error)]
    if top.tagName != 'configuration':
        return ['no configuration']
    return complaints(top, CONFIGURATION, 'configuration', host)


# iis-fastcgi.config shows both files.
@test(each=SAMPLES)
def IIS_knows_all_that_is_in_the_file(name):
    same(check(shipped(name), host=name not in CGI), [])


BAD = [
    ('path="*.dll" ', ''), ('verb="*"', 'verbs="*"'), ('"CgiModule"', '""'),
    ('resourceType="File"', 'resourceType="file"'), ('"Script"', '"Scripts"'),
    ('<clear />', '<clean />'), ('<clear />', '<clear>x</clear>'), ('<handlers>', '<handler>'),
    ('"PassThrough"', '"Pass"'), ('"1073741824"', '"1 GiB"'), ('="true"', '="yes"'),
    ('</handlers>', '<add name="wsgi-dll" path="*" verb="*" /></handlers>'),
    ('<clear />', '<!-- an --option -->'), ('&quot;%s&quot;', '"%s"'),
    ('<httpErrors', '<cgi timeout="00:05:00" /><httpErrors'),
    ('<requestFiltering', '<isapiCgiRestriction /><requestFiltering'),
]


@test(each=BAD)
def and_what_it_would_refuse_is_found(change):
    text = shipped('iis-cgi-root.config').replace(*change)
    same(text != shipped('iis-cgi-root.config'), True)
    same(check(text) != [], True, change)


# -- the command lines -------------------------------------------------------------------------

def split(line):
    """argv, as Microsoft's C library makes it of a command line."""
    program = re.match(r'(?:"[^"]*"?|[^\s"])*', line)
    words, word, quoted = [program[0].replace('"', '')], None, False
    for slashes, char in re.findall(r'(\\*)(.|$)', line[program.end():], re.S):
        if char == '"':
            word = (word or '') + '\\' * (len(slashes) // 2)
            if len(slashes) % 2:
                word += '"'
            else:
                quoted = not quoted
            continue
        word = (word or '') + slashes if slashes else word
        if char and (quoted or char not in ' \t'):
            word = (word or '') + char
        elif word is not None:
            words.append(word)
            word = None
    return words


SPLITS = [  # "Parsing C command-line arguments", and the rules for the program's name
    (r'x a b', ['x', 'a', 'b']), (r'"a b\x.exe" "c d"', ['a b\\x.exe', 'c d']),
    (r'x "a\\b" c\d', ['x', 'a\\\\b', 'c\\d']), (r'x "a\\" b', ['x', 'a\\', 'b']),
    (r'x a\\\"b c', ['x', 'a\\"b', 'c']), (r'x a\\\\"b c" d', ['x', 'a\\\\b c', 'd']),
    (r'x --r="a b" ""', ['x', '--r=a b', '']), (r'x --r="a\" "%s"', ['x', '--r=a" %s']),
    (r'C:\x\y.exe  --r=C:\a\ "C:\b c"', ['C:\\x\\y.exe', '--r=C:\\a\\', 'C:\\b c']),
]


@test(each=SPLITS)
def a_command_line_is_split_as_Windows_does(given):
    same(split(given[0]), given[1])


def handlers(name):
    return xml.dom.minidom.parseString(shipped(name)).getElementsByTagName('add')


def processors(name):
    return [h.getAttribute('scriptProcessor') for h in handlers(name)]


MAPPINGS = [line for name in CGI for line in processors(name)]
SCRIPTS = [r'C:\inetpub\wwwroot\apps\hello.dll', r'C:\inetpub\a b\caf' + '\xe9 (1).dll',
           r'C:\a --help --root=\x.dll', r'C:\-e=x y\%s\%PATH%.dll', r'C:\a&b^c\d' + "'e.dll"]


def options_of(words):
    """Those before the first word that is none."""
    rest = words[1:]
    while rest and rest[0].startswith('-'):
        rest.pop(0)
    return words[1:len(words) - len(rest)], rest


def asked(options):
    """What our own reader of options says of them, if anything."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([os.path.join(BUILD, 'wsgi-iis'), *options, '--help'], cwd=folder,
                              capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL,
                              env={'PATH': '/usr/bin:/bin'})
        if done.returncode == 0 and '--root' in done.stdout:
            return ''
        logs = [read(os.path.join(folder, name)) for name in os.listdir(folder)]
    return 'status %d\n' % done.returncode + done.stderr + ''.join(logs)


@test(each=MAPPINGS)
def our_program_takes_the_options_of_a_mapping(line):
    words = split(line)
    same(words[0], 'C:\\wsgi\\wsgi-iis.exe')
    same('--error-logfile' in line, True)
    same(asked(options_of(words)[0]), '')


@test(each=[('--root=', '--rot='), ('--error-logfile=', '--error-log='), (' --root=', ' --roots '),
            (' --root=', ' --workers=')])
def and_one_that_it_does_not_know_is_found(change):
    line = processors('iis-cgi-root.config')[0]
    has(asked(options_of(split(line.replace(*change)))[0]), 'option')


@test(each=MAPPINGS)
def whatever_the_scripts_name_it_is_the_last_word_and_no_option(line):
    same(line.count('%s'), 1)
    options, rest = options_of(split(line))
    for script in SCRIPTS:
        same(options_of(split(line.replace('%s', script, 1))), (options, rest[:-1] + [script]))


@test(each=MAPPINGS)
def a_mapping_names_a_root_or_an_application_with_its_mount(line):
    options, rest = options_of(split(line))
    names = {option.partition('=')[0] for option in options}
    same(('--root' in names, '--script-name' in names, len(rest)) in
         [(True, False, 1), (False, True, 2)], True, line)


@test(each=MAPPINGS)
def the_restrictions_have_a_mapping_word_for_word(line):
    paths = {a.getAttribute('path'): a.getAttribute('allowed') for a in handlers(RESTRICTIONS)}
    same(paths.get(line), 'true', line)


@test
def and_no_more():
    paths = [a.getAttribute('path') for a in handlers(RESTRICTIONS)]
    same(sorted(paths), sorted(set(MAPPINGS)))


@test(each=CGI)
def the_handlers_are_those_of_the_CGI_module(name):
    for h in handlers(name):
        same((h.getAttribute('modules'), h.getAttribute('verb'), h.getAttribute('requireAccess'),
              h.getAttribute('resourceType'), h.hasAttribute('allowPathInfo')),
             ('CgiModule', '*', 'Script', 'Unspecified' if h.getAttribute('path') == '*' else 'File',
              False))
        # Below a root are files: what else is there is not to be downloaded.
        is_root = '--root' in h.getAttribute('scriptProcessor')
        same(len(h.parentNode.getElementsByTagName('clear')), 1 if is_root else 0)


# -- the pages, and what is installed ------------------------------------------------------------

PAGES = {name: read(os.path.join(REPO, name)) for name in
         ('README.md', 'scripts/frontends/wsgi-frontends.7', 'scripts/frontends/wsgi-windows.7',
          'cmd/wsgi-iis/wsgi-iis.1')}


def blocks(page):
    """The page's literal blocks, as they are read."""
    found = re.findall(r'^\.Bd -literal.*\n((?:(?!\.Ed).*\n)*)\.Ed$', page, re.M)
    return [b.replace('\\&', '').replace('\\e', '\\') for b in found]


def as_lines(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def is_part(lines, of):
    return any(of[i:i + len(lines)] == lines for i in range(len(of) - len(lines) + 1))


@test(each=sorted(PAGES))
def a_file_that_a_page_names_is_there(page):
    named = set(re.findall(r'\biis-[\w-]*\w\.config\b', PAGES[page]))
    same(sorted(named - set(SAMPLES)), [])
    if page.endswith('wsgi-windows.7'):
        same(sorted(named), [name for name in SAMPLES if name in CGI or name == RESTRICTIONS])


@test
def what_the_manual_shows_stands_in_a_file():
    shown = [as_lines(b) for b in blocks(PAGES['scripts/frontends/wsgi-windows.7']) if '<add ' in b]
    files = [as_lines(shipped(name)) for name in SAMPLES]
    for block in shown:
        same(any(is_part(block, file) for file in files), True, block)
    for name in CGI:
        lines = [line for line in as_lines(shipped(name)) if 'scriptProcessor=' in line]
        same(any(set(lines) <= set(block) for block in shown), True, name)


@test
def the_commands_of_the_manual_allow_what_the_files_map():
    page = '\n'.join(blocks(PAGES['scripts/frontends/wsgi-windows.7']))
    said = re.findall(r"^\$map = '(.*)'$", page, re.M)
    same(said, processors('iis-cgi-root.config'))
    by_appcmd = re.findall(r"\[path='(.*?)'", page)
    unescaped = [re.sub('%u([0-9A-F]{4})', lambda m: chr(int(m[1], 16)), s) for s in by_appcmd]
    same(unescaped, said)


@test
def make_install_installs_them_and_the_page():
    env = {name: value for name, value in os.environ.items() if 'MAKE' not in name}
    done = subprocess.run(['make', '-n', 'O=' + BUILD, 'DESTDIR=/d', 'PREFIX=/usr', 'install'],
                          cwd=REPO, env=env, capture_output=True, text=True, timeout=120)
    same(done.returncode, 0, done.stderr)
    lines = done.stdout.replace('\\\n', ' ').splitlines()
    there = [line for line in lines if line.endswith(' /d/usr/share/doc/libwsgi/frontends')]
    pages = [line for line in lines if line.endswith(' /d/usr/share/man/man7')]
    for name in SAMPLES:
        same(any('scripts/frontends/%s ' % name in line for line in there), True, name)
    same(any('wsgi-windows.7 ' in line for line in pages), True)


if __name__ == '__main__':
    main()
