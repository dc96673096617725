/**
 * What a container starts: the command of its configuration, through the scripts and small wrappers that stand before the
 * server, as far as they can be read without being run.
 */
import { findProgram } from "../boot/guest.ts";
import { TranslatorError } from "../errors.ts";
import type { ProcessSpec } from "../image/config.ts";
import { isScript, MAX_SCRIPT_DEPTH, parseShebang, PROBE_BYTES } from "../loader/shebang.ts";
import { lookup } from "../rootfs/lookup.ts";
import type { Tree } from "../rootfs/tree.ts";

/** One program that is started, in the order in which they follow each other. */
export interface StartStep {
  path: string;
  argv: readonly string[];
  /** Why it is here: "command", "interpreter of /entrypoint.sh", "run by /usr/bin/tini". */
  why: string;
  isScript: boolean;
}

export interface Start {
  steps: StartStep[];
  /** What is certainly wrong, or "". */
  problem: string;
}

/** Programs that end in running another: how many arguments of theirs come before its name. Options are passed over first. */
const WRAPPERS: Record<string, number> = {
  "catatonit": 0,
  "chpst": 0,
  "dumb-init": 0,
  "env": 0,
  "gosu": 1,
  "nice": 0,
  "nohup": 0,
  "setpriv": 0,
  "stdbuf": 0,
  "su-exec": 1,
  "tini": 0,
  "tini-static": 0,
};
/** Permission of owner, group or others to execute; execve asks even root for one of them. */
const ANY_EXECUTE = 0o111;
const SHELLS = new Set(["sh", "bash", "dash", "ash", "busybox"]);

/** Follows the start of a process. */
export function followStart(tree: Tree, { argv, env, cwd }: ProcessSpec): Start {
  const steps: StartStep[] = [];
  const seen = new Set<string>();
  const add = (argv: readonly string[], why: string): string => {
    let path: string;
    try {
      path = findProgram({ tree, argv: [...argv], env: [...env], cwd });
    } catch (e) {
      if (e instanceof TranslatorError) return e.message;
      throw e;
    }
    if (seen.has(path)) return "";
    seen.add(path);
    const inode = lookup(tree, path);
    if (inode === undefined || tree.inode(inode).type !== "file" || (tree.inode(inode).mode & ANY_EXECUTE) === 0) {
      return `${path} is not an executable file`;
    }
    const bytes = tree.read(inode);
    const script = isScript(bytes);
    steps.push({ path, argv, why, isScript: script });
    if (script) {
      const shebang = parseShebang(bytes.subarray(0, PROBE_BYTES));
      if (typeof shebang === "number") return `the first line of ${path} names no interpreter`;
      if (steps.length > MAX_SCRIPT_DEPTH * 2) return `${path} is a script of a script, too deep`;
      const { interpreter, argument } = shebang;
      const interpreterArgv = [interpreter, ...(argument === null ? [] : [argument]), path, ...argv.slice(1)];
      const problem = add(interpreterArgv, `interpreter of ${path}`);
      if (problem !== "") return problem;
      // A script that ends in `exec "$@"` runs its arguments.
      const text = new TextDecoder().decode(bytes);
      if (/^\s*exec\b.*"\$@"/m.test(text) && argv.length > 1) add(argv.slice(1), `run by ${path}`);
      return "";
    }
    const next = wrapped(path, argv);
    // What only seems to be a command is none; whether it is there is not certain either.
    if (next !== null) add(next, `run by ${path}`);
    return "";
  };
  return { problem: add(argv, "command"), steps };
}

/** The command that a wrapper or `sh -c` is given, or null. */
function wrapped(path: string, argv: readonly string[]): string[] | null {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (SHELLS.has(name)) {
    const at = argv.indexOf("-c");
    const words = at < 0 || at + 1 >= argv.length ? [] : argv[at + 1].trim().replace(/^exec\s+/, "").split(/\s+/);
    return words.length > 0 && /^[\w./-]+$/.test(words[0]) ? words : null;
  }
  if (!Object.hasOwn(WRAPPERS, name)) return null;
  let at = 1;
  while (at < argv.length && (/^-/.test(argv[at]) || (name === "env" && argv[at].includes("=")))) {
    if (argv[at++] === "--") break;
  }
  const command = argv.slice(at + WRAPPERS[name]);
  return command.length > 0 ? command : null;
}
