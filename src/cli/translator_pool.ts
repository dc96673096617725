/**
 * Translates files in threads of their own. The caller begins translations and waits for them without giving up its own thread: it
 * may be in the middle of running a guest.
 */
import { availableParallelism, loadavg, totalmem } from "node:os";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { bug, type ErrorKind, TranslatorError } from "../errors.ts";
import type { FileTask, FileTranslator, Ticket } from "../translate/file_task.ts";
import { decodeTranslation } from "../translate/translation_codec.ts";
import type { Translation } from "../translate/translate.ts";
import { makeBoard } from "./work_board.ts";

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
interface SharedFile {
  task: Omit<FileTask, "bytes">;
  bytes: Shared;
}

/** What a thread is sent, and what it answers. It says "ready" before anything else. */
export interface ThreadTask extends SharedFile {
  id: number;
  /** Set if others may help: what they look at, and where their answers come from. */
  board: Shared | null;
  helpers: MessagePort[];
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

interface Job {
  id: number;
  task: FileTask | null;
  /** Of its file. */
  bytes: number;
  thread: Thread | null;
  /** Of a file so large that others may help: the threads that have not been asked to. */
  helpers: Map<Thread, ThreadHelp>;
  translation?: Translation;
  error?: Error;
}

interface Thread {
  worker: Worker;
  port: MessagePort;
  sent: Int32Array<SharedArrayBuffer>;
  /** Jobs that it has and has not answered, and the bytes of their files. */
  jobs: number;
  bytes: number;
  /** What it was asked to help with last. */
  helps: Job | null;
}

/** Jobs that a thread has at once: one to work on, and the next, as nobody may be there to send it in time. */
const JOBS_AHEAD = 3;

/** Translating a smaller file takes no longer than another thread needs to find out about it. */
const HELPED_BYTES = 2 ** 20;

/** What translating large files takes in a thread, at most: about 100 times the code. */
const BYTES_OF_THREAD = 2 ** 31;

/** More threads have nothing to do: there are few large files. */
const MAX_THREADS = 8;

/** How long threads may take to start. */
const START_MS = 120_000;

/** As many threads as there are processors, and memory for them. */
export function threadCount(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / BYTES_OF_THREAD), MAX_THREADS));
}

/** Two tasks for each processor, of which some are ours: what helping costs besides would be taken from the translation. */
function othersWantProcessors(): boolean {
  return loadavg()[0] > 2 * availableParallelism();
}

export class TranslatorPool implements FileTranslator {
  readonly #count: number;
  readonly #helpedBytes: number;
  readonly #isBusy: () => boolean;
  /** Started when there is something to do. */
  readonly #threads: Thread[] = [];
  readonly #said = new Int32Array(new SharedArrayBuffer(4));
  readonly #jobs = new Map<number, Job>();
  #queue: Job[] = [];
  /** What nobody is in need of: done while there is nothing else. */
  #later: Job[] = [];
  #next = 0;
  #isReady = false;

  /** `helpedBytes`: size of a file from which on several threads share it, unless the machine `isBusy`. */
  constructor(
    threads: number = threadCount(),
    helpedBytes: number = HELPED_BYTES,
    isBusy: () => boolean = othersWantProcessors,
  ) {
    this.#count = threads;
    this.#helpedBytes = helpedBytes;
    this.#isBusy = isBusy;
  }

  begin(task: FileTask, isUrgent = true): Ticket {
    const job: Job = { id: this.#next++, task, bytes: task.bytes.length, thread: null, helpers: new Map() };
    this.#jobs.set(job.id, job);
    (isUrgent ? this.#queue : this.#later).push(job);
    while (this.#threads.length < this.#count) this.#threads.push(this.#start());
    this.#hear();
    if (this.#threads.every((thread) => thread.jobs === 0)) this.#sendLater();
    return { wait: () => this.#wait(job) };
  }

  /** Ends the threads, whatever they do. */
  async close(): Promise<void> {
    for (const { port } of this.#threads) port.close();
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #start(): Thread {
    const { port1, port2 } = new MessageChannel();
    const sent = new Int32Array(new SharedArrayBuffer(4)), start: ThreadStart = { port: port2, said: this.#said, sent };
    const worker = new Worker(new URL("./translator_thread.ts", import.meta.url), {
      workerData: start,
      transferList: [port2],
    });
    worker.unref();
    port1.unref();
    return { worker, port: port1, sent, jobs: 0, bytes: 0, helps: null };
  }

  #wait(job: Job): Translation {
    // Somebody waits for this one.
    if (job.thread === null && job.task !== null) {
      // Who waits for what was not urgent will want the rest of it, too.
      if (this.#later.includes(job)) this.#queue.push(...this.#later.splice(0));
      this.#queue = [job, ...this.#queue.filter((other) => other !== job)];
    }
    const giveUpMs = performance.now() + START_MS;
    for (;;) {
      const said = Atomics.load(this.#said, 0);
      this.#hear();
      if (job.error !== undefined || job.translation !== undefined) break;
      this.#askForHelp();
      if (!this.#isReady && performance.now() > giveUpMs) throw bug("the translator's threads do not start");
      Atomics.wait(this.#said, 0, said, 1000);
    }
    this.#sendLater();
    if (job.error !== undefined) throw job.error;
    return job.translation!;
  }

  /** Takes what threads have said, and gives them more to do. */
  #hear(): void {
    for (const thread of this.#threads) {
      for (let got; (got = receiveMessageOnPort(thread.port)) !== undefined;) {
        const answer = got.message as ThreadAnswer;
        if ("ready" in answer) {
          this.#isReady = true;
          continue;
        }
        const job = this.#jobs.get(answer.id)!;
        this.#jobs.delete(answer.id);
        job.helpers.clear();
        thread.jobs--;
        thread.bytes -= job.bytes;
        if ("translation" in answer) job.translation = decodeTranslation(new Uint8Array(answer.translation));
        else job.error = errorOf(answer.failure);
      }
    }
    while (this.#queue.length > 0) {
      const thread = this.#threads.reduce((least, other) => other.bytes < least.bytes ? other : least);
      if (thread.jobs === JOBS_AHEAD) break;
      this.#send(thread, this.#queue.shift()!);
    }
  }

  /** Threads that have nothing to do get what nobody is in need of. */
  #sendLater(): void {
    for (let level = 0; level < JOBS_AHEAD; level++) {
      for (const thread of this.#threads) {
        const isIdle = thread.jobs === level && (thread.helps === null || !this.#jobs.has(thread.helps.id));
        if (isIdle && this.#later.length > 0) this.#send(thread, this.#later.shift()!);
      }
    }
  }

  #send(thread: Thread, job: Job): void {
    const { bytes: own, ...task } = job.task!, bytes = toShared(own);
    const others = own.length < this.#helpedBytes ? [] : this.#threads.filter((other) => other !== thread);
    const board = others.length === 0 ? null : makeBoard(own.length);
    const helpers = others.map((other) => {
      const { port1, port2 } = new MessageChannel();
      job.helpers.set(other, { task, bytes, board: board!, answers: port2 });
      return port1;
    });
    post(thread, { id: job.id, task, bytes, board, helpers }, helpers);
    job.task = null;
    job.thread = thread;
    thread.jobs++;
    thread.bytes += job.bytes;
  }

  /** Somebody waits: threads that have nothing to do help with the files that take long. */
  #askForHelp(): void {
    for (const thread of this.#threads) {
      if (thread.jobs > 0 || this.#isBusy()) continue;
      for (const job of this.#jobs.values()) {
        const help = job.helpers.get(thread);
        if (help === undefined) continue;
        job.helpers.delete(thread);
        thread.helps = job;
        post(thread, help, [help.answers]);
      }
    }
  }
}

function post({ port, sent }: Thread, message: ThreadTask | ThreadHelp, ports: MessagePort[]): void {
  port.postMessage(message, ports);
  Atomics.add(sent, 0, 1);
  Atomics.notify(sent, 0);
}

function errorOf(failure: { kind: ErrorKind; message: string } | { stack: string }): Error {
  if ("kind" in failure) return new TranslatorError(failure.kind, failure.message);
  return bug(`translating failed: ${failure.stack}`);
}

/** A copy that other threads can read. */
function toShared(bytes: Uint8Array): Shared {
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  return shared;
}
