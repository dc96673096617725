/** The output folder of a translation: the old one or the new one, nothing in between, whatever happens meanwhile. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers";
import { badInput } from "../errors.ts";

/** Throws a TranslatorError before any work is done for a folder that cannot be written, or that may not be replaced. */
export function refuseUnusable(out: string): void {
  refuseForeign(out);
  try {
    const made = mkdirSync(freshFolder(out), { recursive: true });
    if (made !== undefined) rmSync(made, { recursive: true });
  } catch (e) {
    throw badInput(`cannot write the output folder: ${(e as Error).message}`, { file: out }, { cause: e });
  }
}

/** An existing folder is replaced only if we made it. */
function refuseForeign(out: string): void {
  if (!existsSync(out)) return;
  let names: string[];
  try {
    names = readdirSync(out);
  } catch {
    throw badInput("output path is there and is no folder", { file: out });
  }
  if (names.length > 0 && !names.includes("lighter.json")) {
    throw badInput("output folder holds something else than a translated image; it is left alone", { file: out });
  }
}

/** Where the new one is made. */
function freshFolder(out: string): string {
  return join(dirname(out), `.${basename(out)}.${process.pid}.new`);
}

/**
 * Writes beside, then renames: a reader sees the old folder or the new one. `folders` are in it, whether files are in them or not.
 * Throws a TranslatorError if that cannot be.
 */
export function writeFolder(
  out: string,
  files: Iterable<readonly [name: string, bytes: Uint8Array]>,
  folders: readonly string[] = [],
): void {
  const fresh = freshFolder(out);
  holdingSignals(() => {
    try {
      for (const name of ["", ...folders]) mkdirSync(join(fresh, name), { recursive: true });
      for (const [name, bytes] of files) {
        mkdirSync(dirname(join(fresh, name)), { recursive: true });
        writeFileSync(join(fresh, name), bytes);
      }
      rmSync(out, { recursive: true, force: true });
      renameSync(fresh, out);
    } catch (e) {
      rmSync(fresh, { recursive: true, force: true });
      throw badInput(`cannot write the output folder: ${(e as Error).message}`, { file: out }, { cause: e });
    }
  });
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const, RELEASE_MS = 100;

/** Who interrupts during the last moment comes too late: the work is done to its end, as nobody would clear up what is half-done. */
function holdingSignals(work: () => void): void {
  const ignore = () => {};
  for (const signal of SIGNALS) process.on(signal, ignore);
  try {
    work();
  } finally {
    // Signals are told of by another thread: what came meanwhile must still find its listener.
    setTimeout(() => SIGNALS.forEach((signal) => process.off(signal, ignore)), RELEASE_MS).unref();
  }
}
