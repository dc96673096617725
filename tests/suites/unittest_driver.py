"""Runs a test module of CPython's and tells of each test when it starts and how it ends.

    python3 unittest_driver.py MODULE [DONE_FILE]

DONE_FILE names tests to leave out, one a line: those that an earlier run has answered. Reports are lines on the standard
output that begin with MARK and go on as JSON: a list of "start", test; or "end", test, outcome, detail.
"""
import json
import os
import sys
import unittest
from test import support
from test.support import os_helper

MARK = "@suite "


class Reporter(unittest.TestResult):
    """One report for the start of a test, one for its end."""

    def __init__(self, out):
        super().__init__()
        self.out = out

    def tell(self, *report):
        os.write(self.out, (MARK + json.dumps(report) + "\n").encode())

    def startTest(self, test):
        super().startTest(test)
        self.outcome, self.detail = "pass", ""
        self.tell("start", test.id())

    def stopTest(self, test):
        super().stopTest(test)
        self.tell("end", test.id(), self.outcome, self.detail)

    def note(self, test, outcome, detail):
        if isinstance(test, unittest.TestCase):
            self.outcome, self.detail = outcome, detail
        else:  # setUpClass or setUpModule: its tests do not start
            self.tell("end", str(test), outcome, detail)

    def addError(self, test, err):
        self.note(test, "fail", self._exc_info_to_string(err, test))

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.note(test, "fail", str(subtest) + "\n" + self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        # A skipped subtest leaves the test a pass.
        if isinstance(test, unittest.TestCase) and hasattr(test, "_testMethodName"):
            self.note(test, "skip", reason)
        elif not isinstance(test, unittest.TestCase):
            self.note(test, "skip", reason)

    def addUnexpectedSuccess(self, test):
        self.note(test, "fail", "unexpected success")


def without(suite, done):
    """The suite less the tests named in done."""
    if not isinstance(suite, unittest.TestSuite):
        return suite
    left = (without(t, done) for t in suite if isinstance(t, unittest.TestSuite) or t.id() not in done)
    return type(suite)(left)


def main():
    module, done_file = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    done = set(open(done_file).read().splitlines()) if done_file else set()
    sys.argv = [module]
    out = os.dup(1)
    # As test.regrtest does without -u: nothing that needs a network or much memory.
    support.use_resources = {}
    with os_helper.temp_cwd(None):
        suite = unittest.defaultTestLoader.loadTestsFromName("test." + module)
        without(suite, done).run(Reporter(out))
    os.write(out, (MARK + json.dumps(["done"]) + "\n").encode())


if __name__ == "__main__":
    main()
