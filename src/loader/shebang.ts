import { ENOEXEC } from "../kernel/abi/errno.ts";
import { decodeBytes } from "../kernel/memory/byte_string.ts";

/** How much of a file the kernel looks at to tell what it is (BINPRM_BUF_SIZE). */
export const PROBE_BYTES = 256;
/** A script's interpreter may be a script, this often (fs/exec.c). */
export const MAX_SCRIPT_DEPTH = 5;

export interface Shebang {
  interpreter: string;
  /** Everything after the interpreter as one argument, or null (execve(2), "Interpreter scripts"). */
  argument: string | null;
}

export function isScript(probe: Uint8Array): boolean {
  return probe.length >= 2 && probe[0] === 0x23 && probe[1] === 0x21;
}

/** Linux keeps the last byte of its buffer for a NUL. */
const LONGEST_LINE = PROBE_BYTES - 1;

/** Reads a `#!` line from the first bytes of a file, by the rules of fs/binfmt_script.c. A negative errno if there is none. */
export function parseShebang(probe: Uint8Array): Shebang | number {
  const newline = probe.indexOf(0x0a);
  const lineEnd = newline >= 0 ? newline : Math.min(probe.length, LONGEST_LINE);
  const nul = probe.subarray(0, lineEnd).indexOf(0);
  const line = decodeBytes(probe, 2, nul >= 0 ? nul : lineEnd);
  const text = line.replace(/^[ \t]+|[ \t]+$/g, "");
  if (text === "") return -ENOEXEC;
  const space = text.search(/[ \t]/);
  // A name cut off by the end of the buffer might be another program's name.
  const cut = newline < 0 && nul < 0 && probe.length >= PROBE_BYTES;
  if (space < 0) return cut && !/[ \t]$/.test(line) ? -ENOEXEC : { interpreter: text, argument: null };
  return { interpreter: text.slice(0, space), argument: text.slice(space).replace(/^[ \t]+/, "") };
}
