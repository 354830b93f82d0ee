"""What an application does to its process: the query chooses."""
import json
import os
import subprocess
import sys
import threading

import say
from say import log, ok


def printed(environ):
    print('printed')
    return 'not in the body'


def sibling(environ):
    return os.path.basename(say.__file__), os.path.basename(__file__)


def threads(environ):
    out = [None] * 6

    def work(i):
        out[i] = i * i
    all_ = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for t in all_:
        t.start()
    for t in all_:
        t.join()
    return out


def child(environ):
    return subprocess.run(['sh', '-c', 'echo $((6 * 7))'], capture_output=True).stdout


def child_reads(environ):
    return subprocess.run(['cat'], capture_output=True, input=b'its own input').stdout


def arguments(environ):
    return [os.path.basename(a) for a in sys.argv], os.path.basename(sys.path[0])


def modules(environ):
    import datetime
    import decimal
    import sqlite3
    value, = sqlite3.connect(':memory:').execute('select 2 + 3').fetchone()
    return value, str(decimal.Decimal(1) / 7), str(datetime.date(2024, 2, 29)), json.dumps([None])


def recursion(environ):
    return sys.getrecursionlimit() > 100


KINDS = {f.__name__: f for f in (printed, sibling, threads, child, child_reads, arguments, modules,
                                 recursion)}


def application(environ, start_response):
    out = KINDS[environ['QUERY_STRING']](environ)
    log(environ, 'done')
    ok(start_response)
    return [repr(out).encode()]
