/** `explain`: what a container image needs, and whether that is there, before it is translated. */
import { firstOf, TranslatorError } from "../errors.ts";
import { bootAndLook, type Met } from "../explain/boot.ts";
import { type FileNeeds, findNeeds, type Needs, type SyscallNeed } from "../explain/needs.ts";
import { type Verdict, verdictOn } from "../explain/verdict.ts";
import { type ProcessSpec, resolveProcess } from "../image/config.ts";
import { type CpuLevel, DEFAULT_CPU_LEVEL } from "../machine/cpu_level.ts";
import { readFileAt } from "../rootfs/lookup.ts";
import { mergeLayers } from "../rootfs/merge.ts";
import type { Tree } from "../rootfs/tree.ts";
import { parseCpuLevel } from "./cpu_option.ts";
import { type OpenedImage, openImagePath } from "./image_source.ts";
import { oneImage, parseBootTimeout, parseCommandLine } from "./usage.ts";

/** How many of a list are named. */
const NAMED = 3;

const HELP = `Usage: deno task explain IMAGE [options]

Says what the server of a container image needs (programs, libraries, system calls, instructions, threads, processes) and what of
it is not supported, before it is translated. IMAGE is as for translate.

  --boot           boot it, too, and add what was really met
  --cpu LEVEL      the processor the image's programs would be shown: x86-64-v2 (default) or x86-64-v3
  --boot-timeout S give up when the server has computed this long without listening (default 120)
  --json           everything that is known, as JSON
  --verbose        show the server's output while it boots, and all system calls
  --help           this text

Exit code: 0 when it should work (perhaps with --cpu x86-64-v3), 2 when something is certainly not supported or missing.`;

const OPTIONS = {
  boot: { type: "boolean", default: false },
  cpu: { type: "string", default: DEFAULT_CPU_LEVEL },
  "boot-timeout": { type: "string", default: "120" },
  json: { type: "boolean", default: false },
  verbose: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** Exit code for what certainly does not work. */
const WILL_NOT_WORK = 2;

export async function explainCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseCommandLine({ args, options: OPTIONS, allowPositionals: true });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const image = oneImage(positionals);
  const bootTimeoutMs = parseBootTimeout(values["boot-timeout"]);
  const explained = await explainImage(image, {
    level: parseCpuLevel(values.cpu),
    boot: values.boot,
    bootTimeoutMs,
    ...(values.verbose ? { onOutput: (line: string) => console.error(`| ${line}`) } : {}),
  });
  console.log(values.json ? JSON.stringify(explained, null, 1) : report(explained, values.verbose));
  return explained.verdict.kind === "will not work" ? WILL_NOT_WORK : 0;
}

export interface ExplainOptions {
  level: CpuLevel;
  boot: boolean;
  bootTimeoutMs?: number;
  onOutput?: (line: string) => void;
}

/** All that --json gives. */
export interface Explained {
  image: { reference: string | null; digest: string | null };
  process: ProcessSpec | null;
  needs: Needs | null;
  /** What was met at the boot; null without --boot. */
  met: Met | null;
  verdict: Verdict;
}

/** Explains an image file or folder. Throws a TranslatorError if it cannot be read as an image at all. */
export async function explainImage(path: string, options: ExplainOptions): Promise<Explained> {
  let opened: OpenedImage;
  try {
    opened = await openImagePath(path);
  } catch (e) {
    // A sound image, but for another machine.
    if (!(e instanceof TranslatorError) || e.kind !== "unsupported") throw e;
    return hopeless({ reference: null, digest: null }, e.message);
  }
  try {
    const { config, references, digest, layers } = opened.image;
    const image = { reference: references[0] ?? null, digest: digest ?? null };
    const { tree } = await mergeLayers(layers);
    let process: ProcessSpec;
    try {
      process = resolveProcess(config, (file) => readFileAt(tree, file));
    } catch (e) {
      // An image without a command, or with a user that it does not know: an image all the same.
      if (!(e instanceof TranslatorError) || e.kind === "bug") throw e;
      return hopeless(image, e.message);
    }
    const needs = findNeeds(tree, process, options.level);
    const met = options.boot ? boot(tree, process, options) : null;
    return { image, process, needs, met, verdict: verdictOn(needs, met, options.level) };
  } finally {
    await opened.close();
  }
}

/** Where there is nothing to look at. */
function hopeless(image: Explained["image"], reason: string): Explained {
  return {
    image,
    process: null,
    needs: null,
    met: null,
    verdict: { kind: "will not work", reasons: [reason], doubts: [] },
  };
}

function boot(tree: Tree, spec: ProcessSpec, { level, bootTimeoutMs, onOutput }: ExplainOptions): Met {
  return bootAndLook({
    tree,
    spec,
    level,
    nowMs: () => performance.now(),
    ...(bootTimeoutMs === undefined ? {} : { limits: { computeMs: bootTimeoutMs } }),
    ...(onOutput === undefined ? {} : { onOutput }),
  });
}

function report({ process, needs, met, verdict }: Explained, all: boolean): string {
  const lines: string[] = [];
  if (process !== null) lines.push(...processLines(process));
  if (needs !== null) lines.push(...needsLines(needs, all));
  if (met !== null) lines.push(...metLines(met));
  lines.push("");
  for (const doubt of verdict.doubts) lines.push(`note: ${doubt}`);
  lines.push(`verdict: ${verdict.kind}${verdict.reasons.length > 0 ? ` because ${verdict.reasons.join("; ")}` : ""}`);
  return lines.join("\n");
}

function processLines({ argv, cwd, uid, gid, ports, env }: ProcessSpec): string[] {
  const names = env.map((e) => e.slice(0, e.indexOf("="))).join(", ");
  const exposed = ports.length === 0 ? "none exposed" : ports.map((p) => `${p.number}/${p.protocol}`).join(", ");
  return [
    `command: ${argv.map((a) => /^[\w@%+=:,./-]+$/.test(a) ? a : JSON.stringify(a)).join(" ")}`,
    `in ${cwd} as user ${uid}:${gid}; ports: ${exposed}; environment: ${names}`,
  ];
}

function needsLines(needs: Needs, all: boolean): string[] {
  const lines = ["", "started:"];
  for (const { path, why, isScript } of needs.steps) lines.push(`  ${path} (${why}${isScript ? ", a script" : ""})`);
  if (needs.runtimes.length > 0) {
    const shown = needs.runtimes.map(({ name, version, note }) =>
      `${name}${version && ` ${version}`}${note && ` (${note})`}`
    );
    lines.push(`runtime: ${shown.join(", ")}`);
  }
  lines.push(
    "",
    `files that are loaded: ${needs.files.length}, ${
      kilobytes(needs.files.reduce((n, f) => n + f.codeBytes, 0))
    } of code`,
  );
  for (const { path, role, codeBytes } of needs.files) lines.push(`  ${path}: ${kilobytes(codeBytes)} (${role})`);
  for (const { name, neededBy } of needs.missing) lines.push(`  ${name}: not in the image (${neededBy} needs it)`);
  const { count, bytes, examples } = needs.plugins;
  if (count > 0) {
    lines.push(
      `  and may load ${count} more, ${kilobytes(bytes)}: ${examples.join(", ")}${
        count > examples.length ? ", ..." : ""
      }`,
    );
  }
  lines.push(...instructionLines(needs.files), ...syscallLines(needs, all));
  lines.push(
    "",
    `threads: ${needs.threads.length > 0 ? `may be created (${firstOf(needs.threads, NAMED)})` : "no sign of them"}`,
  );
  lines.push(
    `processes: ${
      needs.processes.length > 0 ? `may be created (${firstOf(needs.processes, NAMED)})` : "no sign of them"
    }`,
  );
  lines.push(
    "not visible here: what the server connects to when it starts, which functions run, what is loaded by name",
  );
  return lines;
}

function instructionLines(files: readonly FileNeeds[]): string[] {
  const lines = ["", "instructions:"];
  for (const { path, v3, v3Functions, functions, v3Use, unsupported, neededLevel } of files) {
    if (neededLevel > 2) lines.push(`  ${path} says that it needs x86-64-v${neededLevel}`);
    const where = functions === 0 ? "" : ` in ${v3Functions} of ${functions} functions`;
    if (v3Use !== "none") lines.push(`  ${path}: ${Object.keys(v3).join(", ")}${where}, ${v3Use}`);
    const names = Object.entries(unsupported).map(([name, n]) => functions === 0 ? name : `${name} (${n})`);
    if (names.length > 0) {
      lines.push(
        `  ${path}: not supported${functions === 0 ? "" : " (functions that have them)"}: ${names.join(", ")}`,
      );
    }
  }
  return lines.length > 2 ? lines : [...lines, "  nothing beyond x86-64-v2"];
}

function syscallLines({ syscalls, files }: Needs, all: boolean): string[] {
  const of = (level: SyscallNeed["level"]) => syscalls.filter((s) => s.level === level);
  const lines = ["", `system calls that the code can make, as far as names and constants tell: ${syscalls.length}`];
  const full = of("full");
  lines.push(`  supported: ${all ? full.map((s) => s.name).join(", ") : full.length}`);
  for (const level of ["partial", "refused", "none"] as const) {
    for (const { name, note, from } of of(level)) {
      lines.push(
        `  ${level === "none" ? "not implemented" : level}: ${name}${note && ` (${note})`}, from ${
          firstOf(from, NAMED)
        }`,
      );
    }
  }
  for (const { path, otherSyscalls } of files) {
    if (otherSyscalls > 0) {
      lines.push(`  ${path}: ${otherSyscalls} SYSCALL instructions with numbers that are made when it runs`);
    }
  }
  return lines;
}

function metLines(met: Met): string[] {
  const ports = met.listeners.map(({ ip, port }) => `${ip}:${port}`).join(", ");
  const lines = [
    "",
    `booted in ${met.seconds.toFixed(1)} s: ${met.problem === "" ? `listens on ${ports}` : met.problem}`,
  ];
  for (const { pid, program, threads } of met.processes) {
    lines.push(`  process ${pid}: ${program}, ${threads} ${threads === 1 ? "thread" : "threads"}`);
  }
  lines.push(`  memory in use: ${kilobytes(met.memoryBytes)}`);
  for (const { name, count } of met.syscalls) lines.push(`  not implemented, asked for ${count} times: ${name}`);
  if (met.unsupported.length > 0) {
    lines.push(`  instructions without support in code that was reached: ${met.unsupported.join(", ")}`);
  }
  if (met.ofHigherLevel.length > 0) {
    lines.push(`  instructions of x86-64-v3 in code that was reached: ${met.ofHigherLevel.join(", ")}`);
  }
  return lines;
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000)} kB`;
}
