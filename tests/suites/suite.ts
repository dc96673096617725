/** What the two suites have in common. */
import type { TestProgram } from "./session.ts";

/** Makes the command that runs a program of this machine: as it is, or under `exec`. Environment: variables of the program. */
export type Launcher = (program: string[], env: Record<string, string>, cwd: string) => {
  command: string[];
  env: Record<string, string>;
  cwd: string;
};

/** A set of test programs. */
export interface Suite {
  name: string;
  /** The programs that are run when none is named. */
  programs: readonly string[];
  /** Installs and builds what is missing for the named programs. */
  prepare(names: readonly string[]): Promise<void>;
  /** One of the programs, to be started by a launcher. */
  program(name: string, launcher: Launcher): TestProgram;
}

const CLI = new URL("../../src/cli/main.ts", import.meta.url).pathname;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Runs programs on the processor and kernel of this machine, with the environment that `exec` gives. */
export const nativeLauncher: Launcher = (program, env, cwd) => ({
  command: program,
  env: { PATH, HOME: "/root", ...env },
  cwd,
});

/** Runs programs under `exec`, on the files of this machine. */
export function translatedLauncher(engine: string, options: readonly string[] = []): Launcher {
  return (program, env, cwd) => ({
    command: [
      Deno.execPath(),
      ...["run", "-A", CLI, "exec", "--rootfs", "/", "--engine", engine, "--cwd", cwd],
      ...options,
      ...Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
      "--",
      ...program,
    ],
    env: Deno.env.toObject(),
    cwd: "/",
  });
}

/** Runs a tool of the build to its end; gives its standard output. Throws with what it said if it fails. */
export async function runTool(command: readonly string[], cwd = "/"): Promise<string> {
  const [program, ...args] = command;
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd, stdin: "null" }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`${command.join(" ")} failed: ${text.decode(stderr)}`);
  return text.decode(stdout);
}

/** Installs a Debian package. */
export async function installPackage(name: string): Promise<void> {
  console.error(`installing ${name}`);
  await runTool(["apt-get", "install", "-y", "--no-install-recommends", name]);
}

/** Whether a command ends well. */
export function succeeds(command: readonly string[]): Promise<boolean> {
  return runTool(command).then(() => true, () => false);
}
