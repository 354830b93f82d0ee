#!/usr/bin/env python3
"""Ask wsgi-cgi, wsgi-iis and wsgi-fcgi what CPython's own wsgiref handlers are asked, and compare.

    gateways.py [--mode MODE]... [--seed SEED] [--count COUNT] [--jobs N] [-v] [WORD]...

Compared are the whole response, byte for byte, whether the exit status is 0, the application's own
lines in the log, the classes of the exceptions there, and for FastCGI the protocol. A difference
that expected.json gives a reason for is counted as passed; -v names it. COUNT requests are made
from SEED besides the fixed ones; WORDs choose those whose ids have one of them. The last line is
"N passed, M failed"; the exit status is 0 only when nothing failed.

Environment: BUILD, the folder of the binaries (build/ of this repository).
"""
import argparse
import fnmatch
import json
import os
import random
import re
import sys
from concurrent.futures import ProcessPoolExecutor

import asked
import framing
from answers import CORPUS, HERE, answer, run

REPO = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get('BUILD', os.path.join(REPO, 'build')))
AT_ONCE = 25  # CGI requests of one task
AROUND = 20   # bytes shown before the first that differs
SHOWN = 60    # and after it


# -- what differs, a line each -------------------------------------------------------------------

def short(data, most=160):
    if data is None:
        return '(none)'
    return repr(data) if len(data) <= most else '%r... (%d bytes)' % (data[:most], len(data))


def parts(out):
    """Status line, header lines, body: None when the head has no end."""
    head, end, body = out.partition(b'\r\n\r\n')
    lines = head.split(b'\r\n')
    status = lines.pop(0) if lines[0].startswith(b'Status:') else b''
    return status, lines, body if end else None


def body_difference(want, got):
    if want is None or got is None:
        return 'body     expected %s, got %s' % (short(want), short(got))
    at = len(os.path.commonprefix([want, got]))
    window = slice(max(0, at - AROUND), at + SHOWN)
    return 'body     expected %d bytes, got %d; first difference at %d: expected %s, got %s' % (
        len(want), len(got), at, short(want[window]), short(got[window]))


def output_differences(want, got):
    if want == got:
        return
    (status, lines, body), (our_status, our_lines, our_body) = parts(want), parts(got)
    if status != our_status:
        yield 'status   expected %s, got %s' % (short(status), short(our_status))
    yield from ('header   missing %s' % short(x) for x in lines if x not in our_lines)
    yield from ('header   unexpected %s' % short(x) for x in our_lines if x not in lines)
    if sorted(lines) == sorted(our_lines) and lines != our_lines:
        yield 'headers  in another order: %s' % short(b' | '.join(our_lines))
    if body != our_body:
        yield body_difference(body, our_body)


def lines_of(log):
    """The application's own lines."""
    return re.findall(rb'(?m)^LOG: .*', log)


def raised(log):
    """The classes of the exceptions whose tracebacks are there."""
    names, indent = [], None
    for line in log.decode('latin-1').split('\n'):
        title = re.match(r'([ +|]*)(Exception Group )?Traceback \(most recent call last\)', line)
        if title:
            indent = len(title.group(1))
        elif indent is not None and line[indent:indent + 1] not in ('', ' '):
            names.append(re.match(r'[\w.<>]*', line[indent:]).group().rpartition('.')[2])
            indent = None
    return names


def differences(want, got):
    yield from got.notes
    yield from output_differences(want.out, got.out)
    if bool(want.code) != bool(got.code):
        yield 'exit     expected %d, got %d' % (want.code, got.code)
    if lines_of(want.err) != lines_of(got.err):
        yield 'log      expected %s, got %s' % (short(b' | '.join(lines_of(want.err)), 300),
                                                 short(b' | '.join(lines_of(got.err)), 300))
    if raised(want.err) != raised(got.err):
        yield 'error    expected %s in the log, got %s' % (raised(want.err) or 'no traceback',
                                                            raised(got.err) or 'no traceback')


# -- asking --------------------------------------------------------------------------------------

def ask_cgi(mode, requests):
    """CGI programs, one after another: [(id, differences)]."""
    program = [os.path.join(BUILD, 'wsgi-' + mode), '--python', sys.executable]
    out = []
    for request in requests:
        got = run(program + [os.path.join(CORPUS, request.app)], request)
        out.append((request.id, list(differences(answer(mode, request), got))))
    return out


def ask_server(seed, requests):
    """One wsgi-fcgi, for the requests of one application."""
    server, out = framing.Server(BUILD, requests[0].app), []
    for request in requests:
        want, found = answer('fcgi', request), []
        answers = framing.ask(server, request, random.Random('%s %s' % (seed, request.id)))
        for got in answers:
            again = 'second request on the connection: ' if got is not answers[0] else ''
            if len(answers) > 1:  # whose lines are whose is not known
                got.err = want.err
            found += [again + line for line in differences(want, got)]
        if server.process.poll() is not None:
            found.append('server   it has ended: %s' % short(server.said(0)[-300:]))
            server.stop()
            server = framing.Server(BUILD, request.app)
        out.append((request.id, found))
    status = server.stop()
    if status != 0:
        out.append((requests[0].app + '/SIGTERM', ['exit     expected 0, got %d' % status]))
    return out


def tasks(mode, requests, seed):
    """(function, arguments) each; in the order of the requests."""
    if mode != asked.FCGI:
        for at in range(0, len(requests), AT_ONCE):
            yield ask_cgi, (mode, requests[at:at + AT_ONCE])
        return
    for app in dict.fromkeys(request.app for request in requests):
        yield ask_server, (seed, [request for request in requests if request.app == app])


# -- expected ------------------------------------------------------------------------------------

class Expected:
    """The rules of a file; each with a glob over ids, a reason, and a regex over differences."""

    def __init__(self, path):
        with open(path) as f:
            self.rules = json.load(f)
        self.used = [0] * len(self.rules)

    def reason(self, name, found):
        """Why a difference is right; None: nobody expected it."""
        text = '\n'.join(found)
        for i, rule in enumerate(self.rules):
            if fnmatch.fnmatchcase(name, rule['case']) and re.search(rule['only'], text):
                self.used[i] += 1
                return rule['reason']
        return None

    def unused(self):
        return [rule for rule, used in zip(self.rules, self.used) if not used]


class Report:
    def __init__(self, expected, verbose):
        self.expected, self.verbose = expected, verbose
        self.equal = self.differing = self.failed = 0

    def add(self, mode, name, found):
        reason = self.expected.reason(name, found) if found else None
        if not found:
            self.equal += 1
        elif reason is not None:
            self.differing += 1
            if self.verbose:
                print('%s %s differs: %s' % (mode, name, reason))
        else:
            self.failed += 1
            print('FAIL %s %s' % (mode, name))
            for line in found[:8]:
                print('     ' + line)

    def finish(self, whole):
        print('%d equal, %d expected to differ' % (self.equal, self.differing))
        unused = self.expected.unused()
        if whole and unused:
            print('note: %d of %d expected differences did not occur' %
                  (len(unused), len(self.expected.rules)))
            if self.verbose:
                print(''.join('note: %s: %s\n' % (rule['case'], rule['reason'])
                              for rule in unused), end='')
        print('%d passed, %d failed' % (self.equal + self.differing, self.failed))
        return self.failed != 0


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--mode', action='append', choices=['cgi', 'iis', 'fcgi'])
    p.add_argument('--seed', default='1')
    p.add_argument('--count', type=int, default=150)
    p.add_argument('--jobs', type=int, default=os.cpu_count())
    p.add_argument('--expected', default=os.path.join(HERE, 'expected.json'))
    p.add_argument('-v', '--verbose', action='store_true')
    p.add_argument('words', nargs='*')
    a = p.parse_args()
    if not os.path.exists(os.path.join(BUILD, 'wsgi-cgi')):
        sys.exit('gateways.py: no wsgi-cgi in %s: make first' % BUILD)
    report = Report(Expected(a.expected), a.verbose)
    with ProcessPoolExecutor(a.jobs) as pool:
        for mode in a.mode or ['cgi', 'iis', 'fcgi']:
            requests = [r for r in asked.all_requests(mode, a.seed, a.count)
                        if not a.words or any(word in r.id for word in a.words)]
            waiting = [pool.submit(f, *arguments) for f, arguments in tasks(mode, requests, a.seed)]
            for task in waiting:
                for name, found in task.result():
                    report.add(mode, name, found)
    return report.finish(not (a.mode or a.words))


if __name__ == '__main__':
    sys.exit(main())
