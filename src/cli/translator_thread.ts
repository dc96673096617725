/** A thread of translator_pool.ts. */
import { workerData } from "node:worker_threads";
import { TranslatorError } from "../errors.ts";
import { translateFile } from "../translate/file_task.ts";
import { buffersOf, type ThreadAnswer, type ThreadStart, type ThreadTask } from "./translator_pool.ts";

const { port, said } = workerData as ThreadStart;

function say(answer: ThreadAnswer): void {
  port.postMessage(answer, "translation" in answer ? buffersOf(answer.translation) : []);
  Atomics.add(said, 0, 1);
  Atomics.notify(said, 0);
}

port.on("message", ({ id, task }: ThreadTask) => {
  try {
    say({ id, translation: translateFile(task) });
  } catch (e) {
    const failure = e instanceof TranslatorError
      ? { kind: e.kind, message: e.message }
      : { stack: e instanceof Error ? e.stack ?? e.message : String(e) };
    say({ id, failure });
  }
});
say({ ready: true });
