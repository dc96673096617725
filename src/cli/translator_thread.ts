/**
 * A thread of translator_pool.ts. It never gives up control, so that what comes can be looked for in the middle of helping another
 * thread: translations of its own go first.
 */
import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { TranslatorError } from "../errors.ts";
import { fileMemory } from "../translate/file_memory.ts";
import { translateFile } from "../translate/file_task.ts";
import type { Answer } from "../translate/region_codec.ts";
import { RegionHelper } from "../translate/region_sharing.ts";
import { encodeShared } from "../translate/translation_codec.ts";
import type { Shared, ThreadAnswer, ThreadHelp, ThreadStart, ThreadTask } from "./translator_pool.ts";
import { collectGarbage } from "./collect_garbage.ts";
import { HelpedWork, OfferedWork } from "./work_board.ts";

const { port, said, sent } = workerData as ThreadStart;

/** How long a helper who has nothing to do waits for more to be offered. */
const IDLE_MS = 2;

/** Files of this size and more leave so much garbage that it is collected before the thread waits. */
const LARGE_BYTES = 8 << 20;

let read = 0, hasGarbage = false;
const helps: ThreadHelp[] = [];

function say(answer: ThreadAnswer): void {
  port.postMessage(answer);
  Atomics.add(said, 0, 1);
  Atomics.notify(said, 0);
}

/** A copy: text in shared memory cannot be decoded. */
function ownCopy(bytes: Shared): Uint8Array {
  return new Uint8Array(new Uint8Array(bytes));
}

function translate({ id, task, bytes, board, helpers }: ThreadTask): void {
  const sharing = board === null ? null : new OfferedWork(board, helpers);
  try {
    const translation = translateFile({ ...task, bytes: ownCopy(bytes) }, sharing ?? undefined);
    say({ id, translation: encodeShared(translation) });
  } catch (e) {
    const failure = e instanceof TranslatorError
      ? { kind: e.kind, message: e.message }
      : { stack: e instanceof Error ? e.stack ?? e.message : String(e) };
    say({ id, failure });
  } finally {
    sharing?.end();
    hasGarbage ||= bytes.byteLength >= LARGE_BYTES;
  }
}

function help({ task: { path, start, level, ...hints }, bytes, board, answers }: ThreadHelp): void {
  const work = new HelpedWork(board, answers);
  let helper: RegionHelper | undefined;
  while (!work.isOver) {
    listen();
    const found = helper === undefined ? work.found() : undefined;
    if (found !== undefined) helper = new RegionHelper(fileMemory(ownCopy(bytes), path, start, hints), level, found);
    const pc = helper === undefined ? -1 : work.next();
    if (pc >= 0) work.answer(make(helper!, pc));
    else {
      work.flush();
      Atomics.wait(sent, 0, read, IDLE_MS);
    }
  }
  work.close();
  hasGarbage ||= bytes.byteLength >= LARGE_BYTES;
}

/** What cannot be made is left to the translation, which says why. */
function make(helper: RegionHelper, pc: number): Answer {
  try {
    return { pc, made: helper.make(pc) };
  } catch {
    return { pc, made: null };
  }
}

/** Does what has been sent. */
function listen(): void {
  const now = Atomics.load(sent, 0);
  if (now === read) return;
  read = now;
  for (let got; (got = receiveMessageOnPort(port)) !== undefined;) {
    const message = got.message as ThreadTask | ThreadHelp;
    if ("id" in message) translate(message);
    else helps.push(message);
  }
}

say({ ready: true });
for (;;) {
  listen();
  const next = helps.shift();
  if (next !== undefined) help(next);
  else {
    if (hasGarbage) collectGarbage();
    hasGarbage = false;
    Atomics.wait(sent, 0, read);
  }
}
