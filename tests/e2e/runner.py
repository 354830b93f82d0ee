"""The tests of a module, run one after the other: those whose names hold a word of the command line."""
import sys
import traceback


def run(names, *args):
    """Call each function of a namespace, globals(), that is called test_...; returns (passed, failed)."""
    passed = failed = 0
    for name, test in list(names.items()):
        if not name.startswith('test_') or (sys.argv[1:] and not any(w in name for w in sys.argv[1:])):
            continue
        try:
            test(*args)
        except Exception:
            failed += 1
            print('FAIL %s\n%s' % (name, traceback.format_exc()), flush=True)
        else:
            passed += 1
            print('ok   %s' % name, flush=True)
    return passed, failed


def say(passed, failed):
    """The last line of a test program; returns its exit status."""
    print('%d passed, %d failed' % (passed, failed))
    return int(failed > 0)
