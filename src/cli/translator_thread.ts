/**
 * A thread of translator_pool.ts. It never gives up control, so that what comes can be looked for in the middle of helping another
 * thread: translations of its own go first.
 */
import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { TranslatorError } from "../errors.ts";
import { decodeEntries } from "../discover/entries_codec.ts";
import { type BegunFile, translateFile } from "../translate/file_task.ts";
import { decodeAnswers } from "../translate/region_codec.ts";
import { encodeShared } from "../translate/translation_codec.ts";
import type { ThreadAnswer, ThreadHelp, ThreadStart, ThreadTask } from "./translator_messages.ts";
import { collectGarbage } from "./collect_garbage.ts";
import { FileHelp, HELP_IDLE_MS } from "./file_help.ts";
import { ownCopy } from "./own_copy.ts";
import { claimJob, OfferedWork } from "./work_board.ts";

const { port, said, sent } = workerData as ThreadStart;

/** Files of this size and more leave so much garbage that it is collected before the thread waits. */
const LARGE_BYTES = 8 << 20;

let read = 0, hasGarbage = false;
const helps: ThreadHelp[] = [];

function say(answer: ThreadAnswer): void {
  port.postMessage(answer);
  Atomics.add(said, 0, 1);
  Atomics.notify(said, 0);
}

function translate({ id, task, bytes, board, helpers, begun, claim }: ThreadTask): void {
  if (!claimJob(new Int32Array(claim))) return helpers.forEach((port) => port.close());
  const sharing = board === null ? null : new OfferedWork(board, helpers);
  try {
    const translation = translateFile(
      { ...task, bytes: ownCopy(bytes) },
      sharing ?? undefined,
      begun === null ? undefined : begunFile(begun),
    );
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

function begunFile({ found, isOfTask, made }: NonNullable<ThreadTask["begun"]>): BegunFile {
  const regions = decodeAnswers(made).flatMap((answer) => answer.made ?? []);
  return { found: decodeEntries(found), isOfTask, made: regions };
}

function help(file: ThreadHelp): void {
  const work = new FileHelp(file);
  while (!work.isOver) {
    listen();
    if (!work.makeOne()) Atomics.wait(sent, 0, read, HELP_IDLE_MS);
  }
  work.close();
  hasGarbage ||= file.bytes.byteLength >= LARGE_BYTES;
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
