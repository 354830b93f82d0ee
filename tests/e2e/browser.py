"""wsgi-serve in a real browser: headless Chromium, driven over the DevTools protocol's pipe.

Environment: BUILD, the folder of the binaries. Words on the command line choose the tests; with
SHOTS, a folder, screenshots of the pages are left there for a person to look at.
"""

import base64
import contextlib
import hashlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

import runner
import serve
from serve import Server, TEMP

CHROMIUM = shutil.which('chromium') or '/usr/bin/chromium'
SHOTS = os.environ.get('SHOTS')
WAIT = 20


# The browser.

class Chromium:
    """A browser of its own profile, spoken to on its descriptors 3 and 4: JSON, a NUL after each."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix='profile-', dir=TEMP)
        commands, self.commands = os.pipe()
        self.replies, replies = os.pipe()
        self.process = subprocess.Popen(
            ['/bin/sh', '-c', 'exec "$@" 3<&%d 4>&%d' % (commands, replies), 'sh', CHROMIUM,
             '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
             '--no-first-run', '--disable-background-networking', '--disable-component-update',
             '--hide-scrollbars', '--ignore-certificate-errors', '--lang=en',
             '--user-data-dir=' + self.profile, '--remote-debugging-pipe', 'about:blank'],
            pass_fds=(commands, replies), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(replies)
        self.read = b''
        self.last_id = 0
        self.events = []
        self.session = None
        try:
            self.open_page()
        except BaseException:
            self.__exit__()
            raise

    def open_page(self):
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        self.session = self.call('Target.attachToTarget', targetId=target,
                                 flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'DOM', 'Log'):
            self.call(domain + '.enable')

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        with contextlib.suppress(OSError, AssertionError):
            self.session = None
            self.call('Browser.close')
        os.close(self.commands)
        os.close(self.replies)
        try:
            self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def message(self, end):
        while b'\0' not in self.read:
            left = end - time.monotonic()
            assert left > 0 and select.select([self.replies], [], [], left)[0], 'no answer in time'
            data = os.read(self.replies, 1 << 20)
            assert data, 'the browser has ended'
            self.read += data
        text, _, self.read = self.read.partition(b'\0')
        return json.loads(text)

    def call(self, method, **params):
        self.last_id += 1
        message = {'id': self.last_id, 'method': method, 'params': params}
        if self.session:
            message['sessionId'] = self.session
        os.write(self.commands, json.dumps(message).encode() + b'\0')
        end = time.monotonic() + WAIT
        while True:
            answer = self.message(end)
            if answer.get('id') != self.last_id:
                self.events.append(answer)
                continue
            assert 'error' not in answer, (method, answer['error'])
            return answer['result']

    def await_event(self, method):
        end = time.monotonic() + WAIT
        while not any(e.get('method') == method for e in self.events):
            self.events.append(self.message(end))

    # What a person does.

    def loading(self, method, **params):
        """Do what loads a page, and wait until it is there."""
        self.events = []
        result = self.call(method, **params)
        assert not result.get('errorText'), result
        self.await_event('Page.loadEventFired')

    def go(self, url):
        self.loading('Page.navigate', url=url)

    def reload(self):
        self.loading('Page.reload')

    def run(self, script):
        """The value of a JavaScript expression in the page."""
        answer = self.call('Runtime.evaluate', expression=script, returnByValue=True,
                           awaitPromise=True)
        assert 'exceptionDetails' not in answer, answer['exceptionDetails']
        return answer['result'].get('value')

    def text(self):
        """What can be seen of the page."""
        return self.run('document.body.innerText')

    def middle(self, selector):
        return self.run('''(() => {
            const e = document.querySelector(%s); e.scrollIntoView({block: 'center'});
            const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]
        })()''' % json.dumps(selector))

    def click(self, selector):
        x, y = self.middle(selector)
        for kind in ('mousePressed', 'mouseReleased'):
            self.call('Input.dispatchMouseEvent', type=kind, x=x, y=y, button='left', clickCount=1)

    def submit(self, selector):
        self.events = []
        self.click(selector)
        self.await_event('Page.loadEventFired')

    def type(self, selector, text):
        self.click(selector)
        self.call('Input.insertText', text=text)

    def choose_file(self, selector, path):
        root = self.call('DOM.getDocument')['root']['nodeId']
        node = self.call('DOM.querySelector', nodeId=root, selector=selector)['nodeId']
        self.call('DOM.setFileInputFiles', nodeId=node, files=[path])

    def scheme(self, name):
        self.call('Emulation.setEmulatedMedia',
                  features=[{'name': 'prefers-color-scheme', 'value': name}])

    def width(self, pixels):
        self.call('Emulation.setDeviceMetricsOverride', width=pixels, height=900,
                  deviceScaleFactor=1, mobile=False)

    def complaints(self):
        """What the browser has said on its console since the page began to load, but for a 500."""
        return [e['params'] for e in self.events
                if e.get('method') in ('Log.entryAdded', 'Runtime.exceptionThrown',
                                       'Runtime.consoleAPICalled')
                and 'status of 500' not in json.dumps(e)]

    def shoot(self, name):
        if SHOTS:
            data = self.call('Page.captureScreenshot', captureBeyondViewport=True)['data']
            with open(os.path.join(SHOTS, name + '.png'), 'wb') as f:
                f.write(base64.b64decode(data))


# What it is shown.

SITE = '''\
import email, hashlib, html, urllib.parse

PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>site</title></head><body>
<form method="post" action="/form"><input name="name"><textarea name="text"></textarea>
<button id="send">send</button></form>
<form method="post" action="/upload" enctype="multipart/form-data">
<input type="file" name="file"><button id="upload">upload</button></form></body></html>"""

class Basket:
    def __repr__(self):
        return '<b id="local">a basket</b>'

def body_of(env):
    return env['wsgi.input'].read(int(env['CONTENT_LENGTH']))

def form(env):
    fields = urllib.parse.parse_qs(body_of(env).decode())
    return '<p>%s</p><pre>%s</pre>' % tuple(html.escape(fields[n][0]) for n in ('name', 'text'))

def upload(env):
    head = 'Content-Type: %s\\n\\n' % env['CONTENT_TYPE']
    part = email.message_from_bytes(head.encode() + body_of(env)).get_payload()[0]
    data = part.get_payload(decode=True)
    return '<p>%s %d %s</p>' % (html.escape(part.get_filename()), len(data),
                                hashlib.sha256(data).hexdigest())

def price(basket, item):
    long_line = 'an assignment that goes on and on so that no screen is wide enough to show all of it' * 2
    prices = {'apple': 120, 'pear': 140}
    return prices[item]

def fail(env):
    basket, item = Basket(), 'pl\\u00fcm \\u65e5'
    try:
        price(basket, item)
    except KeyError as e:
        raise ValueError('<script>window.ran = 1</script><img src="/ran"> &amp;') from e

def word(env):
    raise ValueError('w' * 200)

def deep(env):
    return deep(env)

def application(env, start):
    names = {'/form': form, '/upload': upload, '/fail': fail, '/deep': deep,
             '/word': word}
    make = names.get(env['PATH_INFO'])
    text = make(env) if make else PAGE
    start('200 OK', [('Content-Type', 'text/html; charset=utf-8')])
    return [text.encode()]
'''


def site_file():
    path = os.path.join(TEMP, 'site_app.py')
    if not os.path.exists(path):
        with open(path, 'w') as f:
            f.write(SITE)
    return path


def site(*words):
    return Server(*words, site_file())


def test_the_demo_page(browser):
    with Server('demo') as server:
        browser.go(server.name)
        assert browser.text().startswith('Hello world!'), browser.text()
        assert "PATH_INFO = '/'" in browser.text()
        browser.shoot('demo')


def test_a_form(browser):
    with site() as server:
        browser.go(server.name)
        browser.type('input[name=name]', 'Zo\u00e9 \u65e5\u672c <b>&')
        browser.type('textarea', 'one\ntwo \u20ac + %41')
        browser.submit('#send')
        assert browser.run('document.querySelector("p").textContent') == 'Zo\u00e9 \u65e5\u672c <b>&'
        assert browser.run('document.querySelector("pre").textContent') == 'one\ntwo \u20ac + %41'
        assert browser.run('location.pathname') == '/form'


def test_an_upload(browser):
    data = os.urandom(5 << 20)
    path = os.path.join(TEMP, 'picture \u00e9.bin')
    with open(path, 'wb') as f:
        f.write(data)
    with site() as server:
        browser.go(server.name)
        browser.choose_file('input[type=file]', path)
        browser.submit('#upload')
        name, size, digest = browser.text().rsplit(None, 2)
        assert (int(size), digest) == (len(data), hashlib.sha256(data).hexdigest())
        assert name.startswith('picture'), name


def test_the_debug_page(browser):
    with site('--debug') as server:
        browser.width(1200)
        browser.scheme('light')
        browser.go(server.name + 'fail')
        shown = browser.text()
        assert browser.run('document.querySelector("h1").innerText') == \
            '<script>window.ran = 1</script><img src="/ran"> &amp;'
        assert 'ValueError' in shown and 'KeyError' in shown and 'It was caused by' in shown
        assert 'site_app.py' in shown and 'raise ValueError(' in shown
        assert '<b id="local">a basket</b>' in shown and "'pl\u00fcm \u65e5'" in shown
        assert 'PATH_INFO' in shown and '/fail' in shown
        assert browser.run('[...document.querySelectorAll("script, img, #local, link")].length') == 0
        assert browser.run('typeof window.ran') == 'undefined'
        assert 'GET /ran' not in server.log()
        assert browser.complaints() == [], browser.complaints()
        browser.shoot('debug-light')


def test_a_closed_frame_opens_by_a_click(browser):
    with site('--debug') as server:
        browser.go(server.name + 'fail')
        assert 'names.get(' not in browser.text()
        browser.click('main > details:nth-of-type(2) > summary')
        assert "make = names.get(env['PATH_INFO'])" in browser.text()


def colour_of(browser, what):
    rgb = browser.run('getComputedStyle(document.body).%s' % what)
    return sum(int(n) for n in rgb[4:-1].split(','))


def test_the_debug_page_in_the_dark(browser):
    with site('--debug') as server:
        browser.go(server.name + 'fail')
        for scheme in 'light', 'dark':
            browser.scheme(scheme)
            light = colour_of(browser, 'backgroundColor') > colour_of(browser, 'color')
            assert light == (scheme == 'light'), scheme
        browser.shoot('debug-dark')
        browser.scheme('light')


def test_the_debug_page_on_a_narrow_screen(browser):
    with site('--debug') as server:
        browser.width(400)
        for path in 'word', 'deep', 'fail':
            browser.go(server.name + path)
            assert browser.run('document.documentElement.scrollWidth') <= 400
            assert browser.run('document.querySelector("h1").scrollWidth') <= 400
            browser.shoot('debug-narrow-' + path)
        moved, wider = browser.run("""(() => {
            const s = document.querySelector('.source'); s.scrollLeft = 50;
            return [s.scrollLeft, s.querySelector('.at').offsetWidth - s.clientWidth]})()""")
        assert moved == 50 and wider >= 50, (moved, wider)  # a long line, and its mark
        browser.width(1200)


def test_a_page_of_another_site_cannot_have_the_debug_page_in_a_frame(browser):
    with site('--debug') as server, site() as other:
        browser.go(other.name)
        browser.run('''new Promise(done => {
            const f = document.createElement('iframe'); f.onload = done; f.src = %s;
            document.body.append(f)})''' % json.dumps(server.name + 'fail'))
        server.await_log('ValueError')
        assert any('frame' in json.dumps(e) for e in browser.complaints()), browser.events
        assert browser.run('document.querySelector("iframe").contentDocument') is None


def reload_until(browser, wanted):
    """As a person does: the old server may still answer in the moment of the change."""
    end = time.monotonic() + WAIT
    while wanted not in browser.text():
        assert time.monotonic() < end, browser.text()
        time.sleep(.1)
        browser.reload()


def test_a_change_is_there_after_a_reload(browser):
    path = os.path.join(TEMP, 'changing.py')

    def write(text):
        with open(path + '.new', 'w') as f:
            f.write('def application(env, start):\n'
                    '    start("200 OK", [("Content-Type", "text/plain")])\n'
                    '    return [b"%s"]\n' % text)
        os.rename(path + '.new', path)

    write('before')
    with Server('--reload', '--debug', path) as server:
        browser.go(server.name)
        assert browser.text() == 'before'
        write('after')
        reload_until(browser, 'after')
        write('" + env + b"')
        reload_until(browser, 'TypeError')


def test_https(browser):
    with site(*serve.tls_words(), '--debug') as server:
        assert server.name.startswith('https://')
        browser.go(server.name)
        assert browser.run('isSecureContext && location.protocol') == 'https:'
        browser.type('input[name=name]', '\u00e9')
        browser.type('textarea', 'x')
        browser.submit('#send')
        assert browser.text().startswith('\u00e9')
        browser.go(server.name + 'fail')
        assert 'ValueError' in browser.text()


def main():
    passed, failed = 0, 1
    try:
        with Chromium() as browser:
            passed, failed = runner.run(globals(), browser)
    except (OSError, AssertionError) as e:
        failed += not failed
        print('FAIL the browser, %s: %s' % (CHROMIUM, e))
    finally:
        shutil.rmtree(TEMP, ignore_errors=True)
    return runner.say(passed, failed)


if __name__ == '__main__':
    sys.exit(main())
