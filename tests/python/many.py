"""Threads, and many requests: what only a server that lives long shows."""

import random
import threading
import time

from gateway import Client, Folder
from frontend import main, same, test  # found by gateway

FOLDER = Folder('python-many')
SLEEP, THREADS = 0.4, 4
REQUESTS, WARM = 20000, 3000
GROWTH = 2 << 20


def sleepers(server, count):
    """So many requests at once, each sleeping: the seconds that it took, who served them."""
    clients = [Client(server) for _ in range(count)]
    served = []
    threads = [threading.Thread(target=lambda c=c: served.append(c.get('sleep=%s' % SLEEP).body))
               for c in clients]
    began = time.monotonic()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    seconds = time.monotonic() - began
    for c in clients:
        c.close()
    return seconds, served


@test
def threads_sleep_at_the_same_time():
    server = FOLDER.server('--threads', str(THREADS))
    with Client(server) as c:
        same(c.json('process')['multithread'], True)
    seconds, served = sleepers(server, THREADS)
    same((len(set(served)), seconds < 2 * SLEEP), (THREADS, True), '%.2f s' % seconds)
    same(server.stop(), 0)


@test
def one_thread_serves_one_after_another():
    server = FOLDER.server()
    with Client(server) as c:
        same(c.json('process')['multithread'], False)
    seconds, served = sleepers(server, 3)
    same((len(served), len(set(served)), seconds >= 3 * SLEEP), (3, 1, True), '%.2f s' % seconds)
    same(server.stop(), 0)


@test
def who_does_not_sleep_is_not_kept_waiting():
    server = FOLDER.server('--threads', '2')
    sleeper = threading.Thread(target=sleepers, args=(server, 1))
    sleeper.start()
    time.sleep(0.05)
    began = time.monotonic()
    with Client(server) as c:
        for _ in range(50):
            same(c.get('hello', b'x').body, b'hello x')
    same(time.monotonic() - began < SLEEP, True)
    sleeper.join()
    same(server.stop(), 0)


@test
def what_threads_answer_is_never_mixed_up():
    server = FOLDER.server('--threads', '4')
    wrong = []

    def work(number):
        r = random.Random(number)
        with Client(server) as c:
            for i in range(150):
                text = b'%d-%d ' % (number, i) * r.randint(1, 500)
                if c.get('hello', text).body != b'hello ' + text:
                    wrong.append((number, i))
    workers = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    same(wrong, [])
    same(server.stop(), 0)


# Memory.

def resident(pid):
    with open('/proc/%d/statm' % pid) as f:
        return int(f.read().split()[1]) * 4096


def ask_all(client, count, queries):
    for i in range(count):
        query, body, expected = queries[i % len(queries)]
        same(client.get(query, body).status, expected, query)


MIX = [('hello', b'world', 200), ('lines', b'one\ntwo\n' * 20, 200), ('writes', None, 200),
       ('replaced', None, 503), ('types', None, 200), ('hello', b'x' * 3000, 200),
       ('wrapped=bytes', None, 200), ('wrapped=file', None, 200), ('cycle', b'unread', 200)]
FAILING = [('fails', None, 500), ('refused', None, 500), ('leave=SystemExit', None, 500)]


@test(each=['1', '3'])
def memory_does_not_grow_with_requests(threads):
    server = FOLDER.server('--threads', threads)
    with Client(server) as c:
        ask_all(c, WARM, MIX + FAILING)
        before = resident(server.pid)
        ask_all(c, REQUESTS // 2, MIX)
        ask_all(c, REQUESTS // 10, FAILING)
        grown = resident(server.pid) - before
    same(grown < GROWTH, True, 'grown by %d KiB' % (grown >> 10))
    same(server.stop(), 0)


@test
def twenty_thousand_requests_on_one_connection_leave_memory_as_it_was():
    server = FOLDER.server()
    with Client(server) as c:
        ask_all(c, WARM, MIX[:1])
        before = resident(server.pid)
        ask_all(c, REQUESTS, MIX[:1])
        grown = resident(server.pid) - before
        opened = c.descriptors()
        ask_all(c, 100, MIX)
        same(c.descriptors(), opened)
    same(grown < GROWTH, True, 'grown by %d KiB' % (grown >> 10))
    same(server.stop(), 0)


@test
def connections_that_come_and_go_leave_memory_and_descriptors_as_they_were():
    server = FOLDER.server('--threads', '2')

    def connect(count):
        for _ in range(count):
            with Client(server) as c:
                c.get('hello', b'x')
    connect(500)
    with Client(server) as c:
        before, opened = resident(server.pid), c.descriptors()
        connect(3000)
        same(c.descriptors(), opened)
    grown = resident(server.pid) - before
    same(grown < GROWTH, True, 'grown by %d KiB' % (grown >> 10))
    same(server.stop(), 0)


if __name__ == '__main__':
    main()
