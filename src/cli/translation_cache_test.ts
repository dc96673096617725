import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { programOf } from "../translate/_program.ts";
import type { FileTask, FileTranslator } from "../translate/file_task.ts";
import { decodeTranslation, encodeTranslation } from "../translate/translation_codec.ts";
import { translateProgram } from "../translate/translate.ts";
import { CachedTranslator } from "./translation_cache.ts";

// An instruction that cannot be run, and one that may fault.
const program = programOf(`main: 8b 40 10  c5 f8 77  e8 @f cc  f: ff d0 c3`);
const translation = translateProgram(program, { name: "code" });
const task: FileTask = {
  bytes: new Uint8Array([1, 2, 3]),
  path: "file",
  start: 4096,
  level: "x86-64-v2",
  profile: [4097],
  pointers: [{ target: 4098, mayBeReturnAddress: true }],
  imports: ["a"],
};

let folder: string, made: FileTask[];
const from: FileTranslator = {
  begin: (t) => ({
    wait() {
      made.push(t);
      return translation;
    },
  }),
};
const cached = (version = "1", maxBytes?: number) => new CachedTranslator(from, folder, version, maxBytes);
const translate = (t: FileTask, version?: string) => cached(version).begin(t).wait();
const kept = () => readdirSync(folder).map((name) => join(folder, name));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lighter-cache-"));
  made = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("translations survive as bytes", () => {
  expect(translation.unsupported.length).toBeGreaterThan(0);
  expect(decodeTranslation(encodeTranslation(translation))).toEqual(translation);
});

describe("CachedTranslator", () => {
  it("translates once", () => {
    expect(translate(task)).toEqual(translation);
    expect(translate({ ...task, path: "elsewhere" })).toEqual(translation);
    expect(made).toHaveLength(1);
  });

  it.each<[string, Partial<FileTask>]>([
    ["bytes", { bytes: new Uint8Array([1, 2, 4]) }],
    ["place", { start: 8192 }],
    ["level", { level: "x86-64-v3" }],
    ["profile", { profile: [] }],
    ["pointers", { pointers: [{ target: 4098, mayBeReturnAddress: false }] }],
    ["names", { imports: ["b"] }],
  ])("translates again for other %s", (_what, other) => {
    translate(task);
    translate({ ...task, ...other });
    expect(made).toHaveLength(2);
  });

  it("translates again when the translator is another", () => {
    translate(task, "1");
    translate(task, "2");
    expect(made).toHaveLength(2);
  });

  it.each<[string, (path: string, whole: Uint8Array) => void]>([
    ["was cut off", (path, whole) => writeFileSync(path, whole.subarray(0, whole.length - 1))],
    ["is empty", (path) => writeFileSync(path, "")],
    ["was changed", (path, whole) => writeFileSync(path, whole.with(whole.length >> 1, whole[whole.length >> 1] ^ 1))],
    ["anybody can write", (path) => chmodSync(path, 0o666)],
    ["is a link", (path, whole) => {
      writeFileSync(join(folder, "target"), whole);
      rmSync(path);
      symlinkSync("target", path);
    }],
  ])("does not use a file that %s", (_what, damage) => {
    translate(task);
    const [path] = kept();
    damage(path, new Uint8Array(readFileSync(path)));
    expect(translate(task)).toEqual(translation);
    expect(made).toHaveLength(2);
  });

  it("gives what is kept, and makes nothing", () => {
    expect(cached().kept(task)).toBeUndefined();
    translate(task);
    expect(cached().kept(task)).toEqual({ translation, isOfTask: true });
    expect(made).toHaveLength(1);
  });

  it("finds what a guest had in the end by the task that it began with", () => {
    const last = { ...task, imports: ["a", "b"] };
    cached().begin(last, true, undefined, task).wait();
    expect(cached().kept(task)).toEqual({ translation, isOfTask: false });
    expect(cached().kept(last)).toEqual({ translation, isOfTask: true });
    // It is no translation of that task.
    translate(task);
    expect(made).toHaveLength(2);
    expect(cached().kept(task)).toEqual({ translation, isOfTask: true });
  });

  it.each([
    ["is gone", (path: string) => rmSync(path)],
    ["was changed", (path: string) => writeFileSync(path, "x")],
  ])("finds nothing by another task where the translation %s", (_what, damage) => {
    cached().begin({ ...task, imports: [] }, true, undefined, task).wait();
    damage(kept().find((path) => path.endsWith(".translation"))!);
    expect(cached().kept(task)).toBeUndefined();
  });

  it("finds nothing by a name that leads elsewhere", () => {
    cached().begin({ ...task, imports: [] }, true, undefined, task).wait();
    const note = kept().find((path) => path.endsWith(".other"))!, name = new TextEncoder().encode("../x.translation");
    writeFileSync(note, Buffer.concat([createHash("sha256").update(name).digest(), name]));
    expect(cached().kept(task)).toBeUndefined();
  });

  it("does not use a folder that others can write", () => {
    translate(task);
    chmodSync(folder, 0o777);
    translate(task);
    expect(made).toHaveLength(2);
  });

  it("deletes what was used least recently, and what nobody finished writing", () => {
    const size = encodeTranslation(translation).length + 32, limit = 3.5 * size;
    const unfinished = join(folder, "x.new");
    writeFileSync(unfinished, "");
    utimesSync(unfinished, 0, 0);
    const tasks = [0, 1, 2, 3].map((start) => ({ ...task, start }));
    for (const t of tasks) {
      cached("1", limit).begin(t).wait();
      for (const path of kept()) utimesSync(path, readdirSync(folder).length, readdirSync(folder).length);
      // The first is used again and again.
      cached("1", limit).begin(tasks[0]).wait();
    }
    expect(kept()).not.toContain(unfinished);
    expect(kept().length).toBeLessThan(4);
    made = [];
    translate(tasks[0]);
    expect(made).toEqual([]);
  });
});
