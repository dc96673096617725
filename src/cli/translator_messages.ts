/** What a translator's threads are told, and what they answer. */
import type { MessagePort } from "node:worker_threads";
import type { ErrorKind } from "../errors.ts";
import type { FileTask } from "../translate/file_task.ts";

/** What a thread is started with. */
export interface ThreadStart {
  port: MessagePort;
  /** Counts what all threads have said, and what this one was sent. */
  said: Int32Array<SharedArrayBuffer>;
  sent: Int32Array<SharedArrayBuffer>;
}

/**
 * Shared memory, and no view of it: Deno takes seconds to pass some megabytes by any other means, and looks for ports in whatever
 * it has received, key by key, and so at each element of a view.
 */
export type Shared = SharedArrayBuffer;

/** A file as threads are sent it. */
export interface SharedFile {
  task: Omit<FileTask, "bytes">;
  bytes: Shared;
}

/** What a thread is sent, and what it answers. It says "ready" before anything else. */
export interface ThreadTask extends SharedFile {
  id: number;
  /** Set if others may help: what they look at, and where their answers come from. */
  board: Shared | null;
  helpers: MessagePort[];
  /** What has been done of it: as encodeEntries and encodeAnswers give it. */
  begun: { found: Shared; isOfTask: boolean; made: Shared } | null;
  /** Whoever sets its word to 1 makes it. */
  claim: Shared;
}
export interface ThreadHelp extends SharedFile {
  board: Shared;
  answers: MessagePort;
}
export type ThreadAnswer =
  | { ready: true }
  /** As encodeShared gives it. */
  | { id: number; translation: Shared }
  | { id: number; failure: { kind: ErrorKind; message: string } | { stack: string } };
