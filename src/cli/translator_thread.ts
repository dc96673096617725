/** A thread of translator_pool.ts. */
import { workerData } from "node:worker_threads";
import { TranslatorError } from "../errors.ts";
import { translateFile } from "../translate/file_task.ts";
import { encodeShared } from "../translate/translation_codec.ts";
import type { ThreadAnswer, ThreadStart, ThreadTask } from "./translator_pool.ts";

const { port, said } = workerData as ThreadStart;

function say(answer: ThreadAnswer): void {
  port.postMessage(answer);
  Atomics.add(said, 0, 1);
  Atomics.notify(said, 0);
}

port.on("message", ({ id, task, bytes }: ThreadTask) => {
  try {
    // A copy: text in shared memory cannot be decoded.
    const translation = translateFile({ ...task, bytes: new Uint8Array(new Uint8Array(bytes)) });
    say({ id, translation: encodeShared(translation) });
  } catch (e) {
    const failure = e instanceof TranslatorError
      ? { kind: e.kind, message: e.message }
      : { stack: e instanceof Error ? e.stack ?? e.message : String(e) };
    say({ id, failure });
  }
});
say({ ready: true });
