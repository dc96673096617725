/** What a container needs of processor and kernel, told from its files alone. */
import { importedNames } from "../discover/elf_facts.ts";
import { isElf, parseHeader } from "../elf/header.ts";
import { neededLevel, parseNotes } from "../elf/notes.ts";
import { TranslatorError } from "../errors.ts";
import type { ProcessSpec } from "../image/config.ts";
import { syscallName } from "../kernel/abi/syscall_numbers.ts";
import type { SupportLevel } from "../kernel/syscalls/support.ts";
import { SYSCALLS } from "../kernel/syscalls/table.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import { readFileAt } from "../rootfs/lookup.ts";
import type { Tree } from "../rootfs/tree.ts";
import { type CodeSurvey, surveyCode } from "./code_survey.ts";
import { syscallsOf } from "./libc_calls.ts";
import { type LoadedFile, loadedFiles } from "./libraries.ts";
import { goLevel, pluginsOf, type Runtime, runtimesOf } from "./runtime.ts";
import { followStart, type StartStep } from "./start.ts";

/** One ELF file. */
export interface FileNeeds {
  path: string;
  role: LoadedFile["role"];
  codeBytes: number;
  functions: number;
  /** x86-64 level that it says it cannot do without; 0 if it does not say. */
  neededLevel: number;
  /** Instructions that --cpu x86-64-v3 has, by feature, in how many functions; and whether the code chooses when it runs. */
  v3: Record<string, number>;
  v3Functions: number;
  v3Use: "none" | "chosen at run time" | "needed";
  /** Instructions that no --cpu has, in how many functions. */
  unsupported: Record<string, number>;
  /** SYSCALL instructions whose number is not known. */
  otherSyscalls: number;
}

/** One system call that the code can make. */
export interface SyscallNeed {
  number: number;
  name: string;
  level: SupportLevel | "none";
  note: string;
  /** Function names and files that it was told from; not all. */
  from: string[];
}

export interface Needs {
  steps: StartStep[];
  files: FileNeeds[];
  missing: { name: string; neededBy: string }[];
  runtimes: Runtime[];
  plugins: { count: number; bytes: number; examples: string[] };
  syscalls: SyscallNeed[];
  /** What creates threads and processes: function names and files. */
  threads: string[];
  processes: string[];
  /** What certainly cannot work. */
  problems: string[];
}

/** The C library itself can make every call; what is asked of it counts. */
const C_LIBRARY = /\/(?:ld-[^/]*|libc\.so\.6|libc-[\d.]+\.so|libc\.musl-[^/]*|libpthread[.-][^/]*|librt[.-][^/]*)$/;
/** Imports by which code finds out what the processor has, without asking CPUID itself. */
const ASKS = new Set(["__cpu_model", "__cpu_indicator_init", "__get_cpu_features", "_rtld_global_ro", "getauxval"]);
ASKS.add("__x86_get_cpuid_feature_leaf");
const THREADS = /^(?:pthread_create|thrd_create|__?clone|clone)$/;
const PROCESSES = /^(?:fork|_?_?vfork|posix_spawnp?|exec[lv]\w*|fexecve|system|popen|daemon|forkpty)$/;
const MOST_SOURCES = 6, MOST_EXAMPLES = 5;
const SYS_CLONE = 56, SYS_FORK = 57, SYS_VFORK = 58, SYS_EXECVE = 59, SYS_CLONE3 = 435;

/** Reads what is started, and all ELF files that are loaded for it. */
export function findNeeds(tree: Tree, spec: ProcessSpec, level: CpuLevel): Needs {
  const start = followStart(tree, spec);
  const needs = new Collector(tree);
  if (start.problem !== "") needs.problems.add(start.problem);
  for (const step of start.steps) if (!step.isScript) needs.addProgram(step, spec.env, level);
  return needs.result(start.steps);
}

class Collector {
  readonly problems = new Set<string>();
  readonly #loaded = new Map<number, LoadedFile>();
  readonly #files: FileNeeds[] = [];
  readonly #missing: Needs["missing"] = [];
  readonly #runtimes = new Map<string, Runtime>();
  readonly #syscalls = new Map<number, Set<string>>();
  readonly #threads = new Set<string>();
  readonly #processes = new Set<string>();

  constructor(readonly tree: Tree) {}

  addProgram(step: StartStep, env: readonly string[], level: CpuLevel): void {
    try {
      if (!isElf(readFileAt(this.tree, step.path)!)) {
        this.problems.add(`${step.path} is neither an ELF program nor a script`);
        return;
      }
      const { files, missing } = loadedFiles(this.tree, step.path, env, level);
      for (const m of missing) {
        this.#missing.push(m);
        this.problems.add(`${m.name}, which ${m.neededBy} needs, is not in the image`);
      }
      for (const runtime of runtimesOf(this.tree, files)) this.#runtimes.set(runtime.name, runtime);
      if (this.#runtimes.has("go")) this.#threads.add("Go's runtime");
      if (this.#runtimes.has("java")) this.#threads.add("the JVM");
      for (const file of files) if (!this.#loaded.has(file.inode)) this.#addFile(file);
    } catch (e) {
      if (!(e instanceof TranslatorError) || e.kind === "bug") throw e;
      this.problems.add(e.message);
    }
  }

  #addFile(file: LoadedFile): void {
    this.#loaded.set(file.inode, file);
    const survey = surveyCode(file.bytes, file.path);
    const imports = importedNames(file.bytes);
    const wanted = Math.max(neededLevel(parseNotes(file.bytes, parseHeader(file.bytes))), goLevel(file.bytes));
    if (wanted > 3) this.problems.add(`${file.path} is built for x86-64-v${wanted}`);
    this.#files.push({
      path: file.path,
      role: file.role,
      codeBytes: survey.codeBytes,
      functions: survey.functions,
      neededLevel: wanted,
      v3: functionsOf(survey.v3, survey.functions > 0),
      v3Functions: survey.v3Functions,
      v3Use: v3Use(survey, imports, wanted),
      unsupported: functionsOf(survey.unsupported, survey.functions > 0),
      otherSyscalls: C_LIBRARY.test(file.path) || file.role === "interpreter" ? 0 : survey.otherSyscalls,
    });
    if (C_LIBRARY.test(file.path) || file.role === "interpreter") return;
    for (const name of imports) {
      for (const number of syscallsOf(name)) this.#need(number, `${name}()`);
      if (THREADS.test(name)) this.#threads.add(`${name}() in ${file.path}`);
      if (PROCESSES.test(name)) this.#processes.add(`${name}() in ${file.path}`);
    }
    for (const number of survey.syscalls.keys()) {
      this.#need(number, file.path);
      if (number === SYS_CLONE3 || number === SYS_CLONE) this.#threads.add(`${syscallName(number)} in ${file.path}`);
      if (number === SYS_FORK || number === SYS_VFORK || number === SYS_EXECVE) {
        this.#processes.add(`${syscallName(number)} in ${file.path}`);
      }
    }
  }

  #need(number: number, from: string): void {
    const sources = this.#syscalls.get(number);
    if (sources === undefined) this.#syscalls.set(number, new Set([from]));
    else if (sources.size < MOST_SOURCES) sources.add(from);
  }

  result(steps: StartStep[]): Needs {
    const plugins = pluginsOf(this.tree, [...this.#loaded.values()]);
    return {
      steps,
      files: this.#files,
      missing: this.#missing,
      runtimes: [...this.#runtimes.values()],
      plugins: {
        count: plugins.length,
        bytes: plugins.reduce((n, p) => n + p.bytes, 0),
        examples: plugins.slice(0, MOST_EXAMPLES).map((p) => p.path),
      },
      syscalls: [...this.#syscalls].sort(([a], [b]) => a - b).map(([number, from]) => {
        const row = SYSCALLS[number];
        const name = row?.name ?? syscallName(number);
        return { number, name, level: row?.level ?? "none", note: row?.note ?? "", from: [...from] };
      }),
      threads: [...this.#threads],
      processes: [...this.#processes],
      problems: [...this.problems],
    };
  }
}

/** By frequency. Where functions are known, what none of them has is left out: data between them. */
function functionsOf(uses: CodeSurvey["v3"], inFunctions: boolean): Record<string, number> {
  const sorted = [...uses].filter(([, { functions }]) => functions > 0 || !inFunctions)
    .sort(([, a], [, b]) => b.instructions - a.instructions);
  return Object.fromEntries(sorted.map(([name, { functions }]) => [name, functions]));
}

/** A share of a file's functions, or of its instructions, that no set of variants for better processors comes to. */
const MANY_FUNCTIONS = 0.4, MANY_INSTRUCTIONS = 0.05;
/** Fewer than these may be data taken for code. */
const FEW_FUNCTIONS = 3;

/**
 * Whether the v3 instructions of a file are in variants that it chooses among when it runs, or in code that runs anyway. Files
 * that choose ask the processor; files built for v3 throughout have its instructions nearly everywhere.
 */
function v3Use(survey: CodeSurvey, imports: readonly string[], wanted: number): FileNeeds["v3Use"] {
  if (wanted === 3) return "needed";
  const instructions = [...survey.v3.values()].reduce((n, uses) => n + uses.instructions, 0);
  if (instructions === 0) return "none";
  const asks = survey.asksCpuid || imports.some((name) => ASKS.has(name));
  const isMuch = survey.functions > FEW_FUNCTIONS
    ? survey.v3Functions > survey.functions * MANY_FUNCTIONS
    : instructions > survey.instructions * MANY_INSTRUCTIONS;
  if (isMuch) return "needed";
  return asks || survey.v3Functions < FEW_FUNCTIONS ? "chosen at run time" : "needed";
}
