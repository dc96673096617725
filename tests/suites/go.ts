/** The tests of Go's standard library, as `go test -c` builds them. */
import { join } from "node:path";
import { cacheFolder, exists } from "../torture/source.ts";
import type { Outcome, TestEvent, TestProgram } from "./session.ts";
import { installPackage, type Launcher, runTool, succeeds, type Suite } from "./suite.ts";

/**
 * Tests that need `go build` skip themselves when this variable is set (internal/testenv): here and natively, since what
 * they would test is the compiler, for minutes.
 */
const ENVIRONMENT = { GO_GCFLAGS: "-e" };
/** Lines of a test's output that are kept to explain its failure. */
const DETAIL_LINES = 15;
const OUTCOMES: Record<string, Outcome> = { PASS: "pass", FAIL: "fail", SKIP: "skip" };

/** Test programs of Go's packages. */
export const goSuite: Suite = {
  name: "go",
  programs: [
    "strings",
    "strconv",
    "sort",
    "sync",
    "time",
    "encoding/json",
    "compress/gzip",
    "crypto/sha256",
    "net",
    "net/http",
    "os",
    "os/exec",
    "runtime",
  ],
  prepare,
  program: (name, launcher) => new GoTestProgram(name, launcher),
};

function binaryOf(name: string): string {
  return join(cacheFolder(), "suites/go", `${name.replaceAll("/", "_")}.test`);
}

async function prepare(names: readonly string[]): Promise<void> {
  if (!await succeeds(["go", "version"])) await installPackage("golang-go");
  for (const name of names) {
    if (await exists(binaryOf(name))) continue;
    console.error(`building the tests of ${name}`);
    await runTool(["go", "test", "-c", "-o", binaryOf(name), name]);
  }
}

/** The test binary of one package, run in the package's folder, where its test data is. */
class GoTestProgram implements TestProgram {
  private all: string[] | undefined;

  constructor(private readonly name: string, private readonly launcher: Launcher) {}

  async launch(done: readonly string[]) {
    const binary = binaryOf(this.name);
    const folder = (await runTool(["go", "list", "-f", "{{.Dir}}", this.name])).trim();
    // What there is to run is asked natively: the list is no test.
    this.all ??= (await runTool([binary, "-test.list", "."], folder)).split("\n")
      .filter((name) => /^(Test|Example|Fuzz)/.test(name));
    const left = this.all.filter((name) => !done.includes(name));
    if (left.length === 0) return undefined;
    // One at a time, so that it is known in which one the program dies.
    const options = ["-test.v", "-test.short", "-test.parallel=1", "-test.timeout=0"];
    const command = [binary, ...options, `-test.run=^(${left.join("|")})$`];
    return this.launcher(command, ENVIRONMENT, folder);
  }

  reader() {
    return goReader();
  }
}

/** Reads the output of `-test.v`. Subtests count as parts of their test: one that begins or goes on says that its test does. */
export function goReader(): (line: string) => TestEvent | undefined {
  let said: string[] = [];
  return (line) => {
    const step = /=== (RUN|PAUSE|CONT) +([^\s/]+)(\/\S+)?$/.exec(line);
    if (step) {
      const [, what, test, subtest] = step;
      if (subtest === undefined) said = [];
      else said.push(line);
      if (what !== "PAUSE") return { kind: "start", test };
      return subtest === undefined ? { kind: "pause", test } : undefined;
    }
    const end = /(?:^|[^ ])--- (PASS|FAIL|SKIP): ([^\s/]+) \(/.exec(line);
    if (end) return { kind: "end", test: end[2], outcome: OUTCOMES[end[1]], detail: said.join("\n") };
    if (line === "PASS" || line === "FAIL") return { kind: "done" };
    if (said.push(line) > DETAIL_LINES) said.shift();
    return undefined;
  };
}
