/**
 * Translations that are kept: the same file, for the same place and with the same hints, is translated once. A file each, named by
 * a hash of all that it was made from, the translator included; so nothing in it ever becomes wrong, and what is old is deleted.
 */
import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { TranslatorError } from "../errors.ts";
import type { BegunFile, FileTask, FileTranslator, KeptTranslation, Ticket } from "../translate/file_task.ts";
import { decodeTranslation, encodeTranslation } from "../translate/translation_codec.ts";
import type { Translation } from "../translate/translate.ts";
import { translatorVersion } from "./translator_version.ts";

/** Files may have this many bytes together; if they have more, those used least recently go, until this share is left. */
const MAX_BYTES = 2 ** 31, KEPT_SHARE = 0.8;

/** A file that is being written is somebody's for this long. */
const WRITING_MS = 3_600_000;

const DIGEST_BYTES = 32;
const ENDING = ".translation";

/** Beside where the translation of a task would be: the name of one for the same file with other imports. */
const OTHER = ".other", NAME = /^[0-9a-f]{64}\.translation$/, MAX_NAME_BYTES = 1000;

/** Where translations are kept by default: code in $LIGHTER_CACHE or ~/.cache/lighter. */
export function translationCacheFolder(): string {
  return join(process.env.LIGHTER_CACHE ?? join(homedir(), ".cache/lighter"), "code");
}

/** What a translation is made from, as a name. */
export function taskKey({ bytes, start, level, profile, pointers, imports }: FileTask, version: string): string {
  const hints = pointers.map(({ target, mayBeReturnAddress }) => [target, mayBeReturnAddress]);
  return createHash("sha256")
    .update(JSON.stringify([version, bytes.length, start, level, profile, hints, imports]))
    .update(bytes)
    .digest("hex");
}

/** Gives what is kept, has the rest made by another translator, and keeps it. A folder that cannot be used is no error. */
export class CachedTranslator implements FileTranslator {
  readonly #from: FileTranslator;
  readonly #folder: string;
  readonly #version: string;
  readonly #maxBytes: number;
  #isUsable: boolean | undefined;
  readonly #paths = new WeakMap<FileTask, string>();
  /** How often each happened. */
  found = 0;
  made = 0;

  constructor(
    from: FileTranslator,
    folder: string = translationCacheFolder(),
    version: string = translatorVersion(),
    maxBytes: number = MAX_BYTES,
  ) {
    this.#from = from;
    this.#folder = folder;
    this.#version = version;
    this.#maxBytes = maxBytes;
  }

  get hasSpareProcessors(): boolean {
    return this.#from.hasSpareProcessors ?? false;
  }

  kept(task: FileTask): KeptTranslation | undefined {
    const path = this.#pathOf(task);
    if (path === null) return undefined;
    const own = read(path), translation = own ?? this.#readOther(path);
    if (translation === undefined) return undefined;
    this.found++;
    return { translation, isOfTask: own !== undefined };
  }

  begin(task: FileTask, isUrgent = true, begun?: BegunFile, first?: FileTask): Ticket {
    const path = this.#pathOf(task), kept = path === null ? undefined : read(path);
    if (first !== undefined && first !== task) this.#note(first, path);
    if (kept !== undefined) {
      this.found++;
      return { wait: () => kept };
    }
    const ticket = this.#from.begin(task, isUrgent, begun);
    let translation: Translation | undefined;
    return {
      wait: () => {
        if (translation === undefined) {
          translation = ticket.wait();
          this.made++;
          if (path !== null) this.#keep(path, encodeTranslation(translation));
        }
        return translation;
      },
    };
  }

  /** Which translation the guest had in the end that began with another task. */
  #note(first: FileTask, path: string | null): void {
    const from = this.#pathOf(first);
    if (from !== null && path !== null) this.#keep(from + OTHER, new TextEncoder().encode(basename(path)));
  }

  #readOther(path: string): Translation | undefined {
    const name = readKept(path + OTHER, MAX_NAME_BYTES);
    const other = name === undefined ? "" : new TextDecoder().decode(name);
    return NAME.test(other) ? read(join(this.#folder, other)) : undefined;
  }

  /** Null if the folder cannot be used. */
  #pathOf(task: FileTask): string | null {
    if (!(this.#isUsable ??= prepare(this.#folder))) return null;
    let path = this.#paths.get(task);
    if (path === undefined) {
      this.#paths.set(task, path = join(this.#folder, `${taskKey(task, this.#version)}${ENDING}`));
    }
    return path;
  }

  /** Written beside and renamed: readers see all of it or nothing. */
  #keep(path: string, payload: Uint8Array): void {
    const fresh = `${path}.${randomUUID()}.new`;
    try {
      const file = new Uint8Array(DIGEST_BYTES + payload.length);
      file.set(digestOf(payload));
      file.set(payload, DIGEST_BYTES);
      writeFileSync(fresh, file, { mode: 0o600, flag: "wx" });
      renameSync(fresh, path);
      makeRoom(this.#folder, this.#maxBytes);
    } catch {
      // Full, or gone: what is not kept is made again.
      rmSync(fresh, { force: true });
    }
  }
}

function digestOf(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

/** Makes the folder. False if it is not ours alone to write: what is in it gets run. */
function prepare(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stat = lstatSync(folder);
    return isOurs(stat) && stat.isDirectory();
  } catch {
    return false;
  }
}

function isOurs({ uid, mode }: { uid: number; mode: number }): boolean {
  return uid === process.getuid!() && (mode & 0o022) === 0;
}

function read(path: string): Translation | undefined {
  const payload = readKept(path, MAX_BYTES);
  try {
    return payload === undefined ? undefined : decodeTranslation(payload);
  } catch (e) {
    if (e instanceof TranslatorError) return undefined;
    throw e;
  }
}

/** Undefined if there is none, or none to be trusted: cut off, changed, a link, somebody else's. */
function readKept(path: string, maxBytes: number): Uint8Array | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile() || !isOurs(stat) || stat.size > maxBytes) return undefined;
    const file = readFileSync(fd), payload = file.subarray(DIGEST_BYTES);
    if (!digestOf(payload).every((byte, i) => byte === file[i])) return undefined;
    const now = new Date();
    futimesSync(fd, now, now);
    return payload;
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== undefined) return undefined;
    throw e;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Deletes what was used least recently, if there is too much, and what nobody finished. Others may do the same meanwhile. */
function makeRoom(folder: string, maxBytes: number): void {
  const files = readdirSync(folder).flatMap((name) => {
    const path = join(folder, name), stat = statSync(path, { throwIfNoEntry: false });
    return stat === undefined
      ? []
      : [{ path, isKept: name.endsWith(ENDING) || name.endsWith(OTHER), size: stat.size, usedMs: stat.mtimeMs }];
  });
  for (const { path, isKept, usedMs } of files) {
    if (!isKept && Date.now() - usedMs > WRITING_MS) rmSync(path, { force: true });
  }
  let bytes = files.reduce((n, { size }) => n + size, 0);
  if (bytes <= maxBytes) return;
  for (const { path, size } of files.filter((f) => f.isKept).sort((a, b) => a.usedMs - b.usedMs)) {
    if (bytes <= maxBytes * KEPT_SHARE) break;
    rmSync(path, { force: true });
    bytes -= size;
  }
}
