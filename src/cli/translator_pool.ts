/**
 * Translates files in threads of their own. The caller begins translations and waits for them without giving up its own thread: it
 * may be in the middle of running a guest. While it waits it does what a thread would do: there is one thread less than there are
 * processors.
 */
import { availableParallelism, loadavg, totalmem } from "node:os";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { encodeEntries } from "../discover/entries_codec.ts";
import { bug, type ErrorKind, TranslatorError } from "../errors.ts";
import {
  type BegunFile,
  type FileTask,
  type FileTranslator,
  type Ticket,
  translateFile,
} from "../translate/file_task.ts";
import { encodeAnswers } from "../translate/region_codec.ts";
import type { Translation } from "../translate/translate.ts";
import { decodeTranslation } from "../translate/translation_codec.ts";
import { FileHelp, HELP_IDLE_MS } from "./file_help.ts";
import type { Shared, ThreadAnswer, ThreadHelp, ThreadStart, ThreadTask } from "./translator_messages.ts";
import { claimJob, endBoard, makeBoard } from "./work_board.ts";

interface Job {
  id: number;
  /** Null once somebody has begun with it, as far as the caller knows. */
  task: FileTask | null;
  begun: BegunFile | undefined;
  /** Whoever sets its word makes it. */
  claim: Int32Array<SharedArrayBuffer>;
  /** Of its file. */
  bytes: number;
  thread: Thread | null;
  /** Of a file so large that others may help: who has not been asked to. */
  helpers: Map<Helper, ThreadHelp>;
  board: Shared | null;
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

/** A thread, or the caller itself while it waits. */
type Helper = Thread | "caller";

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

/** With the caller as many as there are processors, and memory for them. */
export function threadCount(): number {
  const all = Math.min(availableParallelism(), Math.floor(totalmem() / BYTES_OF_THREAD));
  return Math.max(1, Math.min(all - 1, MAX_THREADS));
}

/** Two tasks for each processor, of which some are ours: what helping costs besides would be taken from the translation. */
function othersWantProcessors(): boolean {
  return loadavg()[0] > 2 * availableParallelism();
}

export class TranslatorPool implements FileTranslator {
  readonly #count: number;
  readonly #helpedBytes: number;
  readonly #isBusy: () => boolean;
  readonly #callerWorks: boolean;
  /** Started when there is something to do. */
  readonly #threads: Thread[] = [];
  readonly #said = new Int32Array(new SharedArrayBuffer(4));
  readonly #jobs = new Map<number, Job>();
  #queue: Job[] = [];
  /** What nobody is in need of: done while there is nothing else. */
  #later: Job[] = [];
  #next = 0;
  #isReady = false;
  #helping: FileHelp | null = null;

  /** `helpedBytes`: size of a file from which on several threads share it, unless the machine `isBusy`. */
  constructor(
    threads: number = threadCount(),
    helpedBytes: number = HELPED_BYTES,
    isBusy: () => boolean = othersWantProcessors,
    callerWorks = true,
  ) {
    this.#count = threads;
    this.#helpedBytes = helpedBytes;
    this.#isBusy = isBusy;
    this.#callerWorks = callerWorks;
  }

  /** A guest, and the engine that compiles for it, keep two processors busy. */
  get hasSpareProcessors(): boolean {
    return this.#count > 1;
  }

  begin(task: FileTask, isUrgent = true, begun?: BegunFile): Ticket {
    const job: Job = {
      id: this.#next++,
      task,
      begun,
      claim: new Int32Array(new SharedArrayBuffer(4)),
      bytes: task.bytes.length,
      thread: null,
      helpers: new Map(),
      board: null,
    };
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
    // Who waits for what was not urgent will want the rest of it, too.
    if (this.#later.includes(job)) this.#queue.push(...this.#later.splice(0));
    const giveUpMs = performance.now() + START_MS;
    for (;;) {
      const said = Atomics.load(this.#said, 0);
      this.#hear();
      if (job.error !== undefined || job.translation !== undefined) break;
      if (this.#callerWorks && this.#makeOne(job)) continue;
      this.#askForHelp();
      if (this.#help(said)) continue;
      if (!this.#isReady && performance.now() > giveUpMs) throw bug("the translator's threads do not start");
      Atomics.wait(this.#said, 0, said, this.#helping === null ? 1000 : HELP_IDLE_MS);
    }
    this.#sendLater();
    if (job.error !== undefined) throw job.error;
    return job.translation!;
  }

  /** Translates a file that nobody has begun with: the one that is waited for, or else one of those begun last. */
  #makeOne(job: Job): boolean {
    const others = [...this.#jobs.values()].reverse(), mine = [job, ...others].find((other) => this.#claim(other));
    if (mine === undefined) return false;
    try {
      mine.translation = translateFile(mine.task!, undefined, mine.begun);
    } catch (e) {
      mine.error = e as Error;
    }
    forgetTask(mine);
    return true;
  }

  /** True if the job is the caller's now. */
  #claim(job: Job): boolean {
    const { task, thread, claim, board } = job;
    if (task === null) return false;
    if (!claimJob(claim)) {
      forgetTask(job);
      return false;
    }
    if (thread !== null) {
      thread.jobs--;
      thread.bytes -= job.bytes;
    }
    if (board !== null) endBoard(board);
    this.#jobs.delete(job.id);
    job.helpers.clear();
    this.#queue = this.#queue.filter((other) => other !== job);
    this.#later = this.#later.filter((other) => other !== job);
    return true;
  }

  /** Helps with a large file until there is nothing to do, or a thread has said something. False if there was nothing. */
  #help(said: number): boolean {
    const help = this.#helping ??= this.#nextHelp();
    if (help === null) return false;
    let hasMade = false;
    while (!help.isOver && Atomics.load(this.#said, 0) === said && help.makeOne()) hasMade = true;
    if (help.isOver) {
      help.close();
      this.#helping = null;
    }
    return hasMade;
  }

  #nextHelp(): FileHelp | null {
    if (!this.#callerWorks || this.#isBusy()) return null;
    for (const { helpers } of this.#jobs.values()) {
      const file = helpers.get("caller");
      if (file === undefined) continue;
      helpers.delete("caller");
      return new FileHelp(file);
    }
    return null;
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
        forgetTask(job);
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
    const isHelped = own.length >= this.#helpedBytes;
    const others: Helper[] = isHelped ? [...this.#threads.filter((other) => other !== thread), "caller"] : [];
    const board = job.board = isHelped ? makeBoard(own.length) : null, claim = job.claim.buffer;
    const helpers = others.map((other) => {
      const { port1, port2 } = new MessageChannel();
      job.helpers.set(other, { task, bytes, board: board!, answers: port2 });
      return port1;
    });
    post(thread, { id: job.id, task, bytes, board, helpers, claim, begun: sharedBegun(job.begun) }, helpers);
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

/** What it was made from is not needed any more. */
function forgetTask(job: Job): void {
  job.task = null;
  job.begun = undefined;
}

function sharedBegun(begun: BegunFile | undefined): ThreadTask["begun"] {
  if (begun === undefined) return null;
  const answers = begun.made.map((made) => ({ pc: made.region.entryPc, made }));
  return { found: encodeEntries(begun.found), isOfTask: begun.isOfTask, made: encodeAnswers(answers) };
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
