import { describe, expect, it } from "vitest";
import { compare } from "./compare.ts";
import { goReader } from "./go.ts";
import { readReport } from "./python.ts";
import { runSession, type TestEvent, type TestProgram } from "./session.ts";

describe("the driver of unittest", () => {
  it("is heard behind what a test has printed without a newline", () => {
    expect(readReport('dots...@suite ["start", "test.test_x.A.test_y"]')).toEqual({
      kind: "start",
      test: "test.test_x.A.test_y",
    });
    expect(readReport('["start", "x"]')).toBeUndefined();
  });
});

describe("go test -v", () => {
  it("counts subtests as parts of their test, and keeps what was said before a failure", () => {
    const read = goReader();
    const output = [
      "=== RUN   TestA",
      "=== RUN   TestA/one",
      "    a_test.go:3: got 1",
      "    --- FAIL: TestA/one (0.00s)",
    ];
    const events = [...output, "--- FAIL: TestA (0.01s)", "FAIL"].map(read).filter((event) => event !== undefined);
    expect(events).toEqual([
      { kind: "start", test: "TestA" },
      { kind: "start", test: "TestA" },
      {
        kind: "end",
        test: "TestA",
        outcome: "fail",
        detail: "=== RUN   TestA/one\n    a_test.go:3: got 1\n    --- FAIL: TestA/one (0.00s)",
      },
      { kind: "done" },
    ]);
  });
});

/** A shell script that prints "start X", "pass X" and "done" as a test program does. */
function shell(script: string): TestProgram {
  return {
    launch: (done) =>
      Promise.resolve({
        command: ["sh", "-c", script, "sh", ...done],
        env: { PATH: "/usr/bin:/bin" },
        cwd: "/",
      }),
    reader: () => (line): TestEvent | undefined => {
      const [word, test] = line.split(" ");
      if (word === "start") return { kind: "start", test };
      if (word === "pass") return { kind: "end", test, outcome: "pass", detail: "" };
      return word === "done" ? { kind: "done" } : undefined;
    },
  };
}

describe("a session", () => {
  const limits = { silenceMs: 2_000, totalMs: 20_000 };

  it("goes on behind a test that kills the program", async () => {
    const script = 'case "$*" in "") echo start A; echo pass A; echo start B; kill -SEGV $$;; ' +
      '"A B") echo start C; echo pass C; echo done;; esac';
    const results = await runSession(shell(script), limits);
    expect([...results].map(([test, { outcome }]) => [test, outcome])).toEqual([
      ["A", "pass"],
      ["B", "crash"],
      ["C", "pass"],
    ]);
    expect(results.get("B")!.detail).toContain("SIGSEGV");
  });

  it("blames the test that was heard of last", async () => {
    const script =
      '[ "$1" = B ] && { echo start A; echo pass A; echo done; } || { echo start A; echo start B; exit 9; }';
    const results = await runSession(shell(script), limits);
    expect([...results].map(([test, { outcome }]) => [test, outcome])).toEqual([["B", "crash"], ["A", "pass"]]);
  });

  it("gives up a test that says nothing, and what it has started", async () => {
    const results = await runSession(shell('[ "$1" = A ] && echo done || { echo start A; sleep 60 & wait; }'), limits);
    expect([...results].map(([test, { outcome }]) => [test, outcome])).toEqual([["A", "hang"]]);
  });

  it("gives up a program that never gets to a test", async () => {
    const results = await runSession(shell("echo no such file; exit 3"), limits);
    expect([...results].map(([test, { outcome }]) => [test, outcome])).toEqual([["", "crash"]]);
    expect(results.get("")!.detail).toBe("exit code 3\nno such file");
  });
});

describe("a comparison", () => {
  it("leaves out what does not pass natively, and names what is missing", () => {
    const of = (outcome: "pass" | "skip" | "fail") => ({ outcome, detail: "why" });
    const native = new Map([["a", of("pass")], ["b", of("fail")], ["c", of("skip")], ["d", of("pass")]]);
    const row = compare("x", native, new Map([["a", of("skip")], ["b", of("pass")]]));
    expect(row).toEqual({
      program: "x",
      native: 2,
      passed: 0,
      leftOut: 2,
      differences: [
        { test: "a", outcome: "skip", detail: "why" },
        { test: "d", outcome: "missing", detail: "" },
      ],
    });
  });
});
