/** CPython's own test files, as Debian installs them. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Outcome, TestEvent, TestProgram } from "./session.ts";
import { installPackage, type Launcher, runTool, succeeds, type Suite } from "./suite.ts";

const PYTHON = "/usr/bin/python3";
const DRIVER = new URL("unittest_driver.py", import.meta.url).pathname;
/** Begins the lines that the driver writes (MARK there). */
const MARK = "@suite ";

/** Test files of libpython3-testsuite. */
export const pythonSuite: Suite = {
  name: "python",
  programs: [
    "test_json",
    "test_re",
    "test_struct",
    "test_float",
    "test_math",
    "test_int",
    "test_os",
    "test_mmap",
    "test_signal",
    "test_subprocess",
    "test_threading",
    "test_socket",
    "test_asyncio",
  ],
  prepare,
  program: (name, launcher) => new UnittestProgram(name, launcher),
};

async function prepare(): Promise<void> {
  if (!await succeeds([PYTHON, "--version"])) await installPackage("python3");
  if (await succeeds([PYTHON, "-c", "import test.test_json"])) return;
  const version = await runTool([PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2], end='')"]);
  await installPackage(`libpython${version}-testsuite`);
}

/** A module of the test package, run by unittest_driver.py. */
class UnittestProgram implements TestProgram {
  constructor(private readonly module: string, private readonly launcher: Launcher) {}

  async launch(done: readonly string[]) {
    const command = [PYTHON, "-X", "faulthandler", DRIVER, this.module];
    if (done.length > 0) {
      const list = join(tmpdir(), `lighter-suite-${Deno.pid}-${this.module}`);
      await Deno.writeTextFile(list, done.join("\n") + "\n");
      command.push(list);
    }
    return this.launcher(command, { LANG: "C.UTF-8" }, "/tmp");
  }

  reader() {
    return readReport;
  }
}

/** What a line of the driver's says; undefined if a test has printed it. */
export function readReport(line: string): TestEvent | undefined {
  const at = line.indexOf(MARK);
  if (at < 0) return undefined;
  const [kind, test, outcome, detail] = JSON.parse(line.slice(at + MARK.length)) as string[];
  if (kind === "start") return { kind, test };
  if (kind === "end") return { kind, test, outcome: outcome as Outcome, detail };
  return { kind: "done" };
}
