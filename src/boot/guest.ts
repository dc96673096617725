/** A guest from its root file system: kernel, files, network, first process. What boot, exec and tests begin with. */
import { badInput } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { type ConsoleSink, openConsole } from "../kernel/fs/console.ts";
import { emptyInput } from "../kernel/fs/standard_input.ts";
import { Kernel } from "../kernel/kernel.ts";
import type { CodePlaces } from "../kernel/memory/code_places.ts";
import { Net } from "../kernel/net/net.ts";
import { SYSCALLS } from "../kernel/syscalls/table.ts";
import { Credentials } from "../kernel/task/credentials.ts";
import { FdTable } from "../kernel/task/fd_table.ts";
import { provideRuntimeFiles } from "./runtime_files.ts";
import { startFirstProcess } from "../kernel/task/start.ts";
import type { FileDescription } from "../kernel/vfs/file_description.ts";
import { Vfs } from "../kernel/vfs/vfs.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import type { Machine } from "../machine/machine.ts";
import { lookup } from "../rootfs/lookup.ts";
import type { Tree } from "../rootfs/tree.ts";

/** What to run, and on what. */
export interface GuestOptions {
  tree: Tree;
  /** argv[0] is the program: a path, or a name searched for in PATH. */
  argv: string[];
  /** "NAME=value" each. */
  env: string[];
  cwd: string;
  uid: number;
  gid: number;
  groups: number[];
  host: Host;
  machine: Machine;
  /** Where files of the image are mapped; default: nothing is known. */
  codePlaces?: CodePlaces;
  /** The processor that the guest is shown. */
  cpuLevel?: CpuLevel;
  /** Where stdout and stderr go; lines to host.log by default. */
  console?: ConsoleSink;
  /** Standard input; end of file at once by default. */
  stdin?: FileDescription;
}

/** Builds the kernel with its first process, ready to run. Throws a TranslatorError when the program cannot be started. */
export function createGuest(options: GuestOptions): Kernel {
  const { tree, host, machine } = options;
  const k = new Kernel(host, SYSCALLS);
  for (const { file, start, end } of options.codePlaces?.all() ?? []) k.codePlaces.add(file, start, end);
  if (options.cpuLevel !== undefined) k.cpuLevel = options.cpuLevel;
  k.vfs = options.console === undefined ? new Vfs(k, tree) : new Vfs(k, tree, options.console);
  k.net = new Net();
  provideRuntimeFiles(k);
  const fds = new FdTable();
  fds.install(options.stdin ?? emptyInput(k), false);
  fds.install(openConsole(k.vfs.pipefs, 1), false);
  fds.install(openConsole(k.vfs.pipefs, 2), false);
  const fs = k.vfs.newContext();
  const cwd = k.vfs.directoryAt(options.cwd);
  if (cwd === null) throw badInput(`working directory ${JSON.stringify(options.cwd)} is not a directory of the image`);
  fs.cwd = cwd;
  startFirstProcess(k, machine, {
    path: findProgram(options),
    argv: options.argv,
    envp: options.env,
    credentials: new Credentials(options.uid, options.gid, options.groups),
    fs,
    fds,
  });
  return k;
}

/** PATH where a container has none. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The path of argv[0]: as it is if it has a slash, else the first match in PATH (execvp(3)). */
export function findProgram(
  { argv, env, cwd, tree }: Pick<GuestOptions, "argv" | "env" | "cwd" | "tree">,
): string {
  const name = argv[0];
  if (name === undefined || name === "") throw badInput("there is no program to run: the command is empty");
  if (name.includes("/")) {
    const path = name.startsWith("/") ? name : `${cwd}/${name}`;
    if (lookup(tree, path) === undefined) throw badInput(`program ${JSON.stringify(name)} is not in the image`);
    return path;
  }
  const search = env.find((e) => e.startsWith("PATH="))?.slice(5) ?? DEFAULT_PATH;
  for (const directory of search.split(":")) {
    const path = `${directory === "" ? cwd : directory}/${name}`;
    const found = lookup(tree, path);
    if (found !== undefined && tree.inode(found).type === "file") return path;
  }
  throw badInput(`program ${JSON.stringify(name)} is not in the image's PATH (${search})`);
}
