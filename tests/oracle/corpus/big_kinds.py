"""Bodies of a size: "SIZE" in one chunk, or "COUNTxSIZE"."""
from say import ok


def application(environ, start_response):
    count, _, size = environ['QUERY_STRING'].rpartition('x')
    chunk = (b'0123456789abcdef' * (int(size) // 16 + 1))[:int(size)]
    ok(start_response)
    return (chunk for _ in range(int(count))) if count else [chunk]
