/**
 * What a translation has to do, in memory that all threads share: functions as they become known, and who makes them. Answers
 * go through a port; the bell rings when there is one.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { decodeEntries, encodeEntries } from "../discover/entries_codec.ts";
import type { CodeEntries } from "../discover/entries.ts";
import { type Answer, decodeAnswers, encodeAnswers } from "../translate/region_codec.ts";
import type { MadeRegion, RegionSharing } from "../translate/region_sharing.ts";

/** Words of the board: how many functions were offered, whether it is over, whether somebody waits, and the bell. */
const OFFERED = 0, ENDED = 1, WAITING = 2, BELL = 3, HEAD = 4;
/** States of a function. */
const FREE = 0, TAKEN = 1;

/** A file has no more functions than one for so many of its bytes that could be shared. */
const BYTES_OF_FUNCTION = 32;

/** A board for a file of that many bytes. */
export function makeBoard(fileBytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * (HEAD + 2 * Math.ceil(fileBytes / BYTES_OF_FUNCTION)));
}

/** Nothing will be offered on it: who wanted to help may go. */
export function endBoard(board: SharedArrayBuffer): void {
  new Board(board).end();
}

/** True for the first who asks for a job that has this word. */
export function claimJob(word: Int32Array<SharedArrayBuffer>): boolean {
  return claim(word, 0);
}

function claim(words: Int32Array<SharedArrayBuffer>, at: number): boolean {
  return Atomics.compareExchange(words, at, FREE, TAKEN) === FREE;
}

class Board {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly capacity: number;

  constructor(board: SharedArrayBuffer) {
    this.words = new Int32Array(board);
    this.capacity = (this.words.length - HEAD) >> 1;
  }

  /** True for the first who asks. */
  claim(i: number): boolean {
    return claim(this.words, HEAD + this.capacity + i);
  }

  end(): void {
    Atomics.store(this.words, ENDED, 1);
  }

  ring(): void {
    Atomics.add(this.words, BELL, 1);
    Atomics.notify(this.words, BELL);
  }
}

/** The translation's side. */
export class OfferedWork implements RegionSharing {
  readonly #board: Board;
  readonly #ports: readonly MessagePort[];
  readonly #places = new Map<number, number>();
  readonly #answers = new Map<number, MadeRegion | null>();

  /** A port for each helper there may be. */
  constructor(board: SharedArrayBuffer, ports: readonly MessagePort[]) {
    this.#board = new Board(board);
    this.#ports = ports;
  }

  begin(found: CodeEntries): void {
    if (this.#ports.length === 0) return;
    const shared = encodeEntries(found);
    for (const port of this.#ports) port.postMessage(shared);
  }

  offer(pc: number): void {
    const { words, capacity } = this.#board, i = this.#places.size;
    if (i === capacity) return;
    this.#places.set(pc, i);
    words[HEAD + i] = pc;
    Atomics.store(words, OFFERED, i + 1);
  }

  take(pc: number): MadeRegion | null {
    const i = this.#places.get(pc);
    if (i === undefined || this.#board.claim(i)) return null;
    for (const { words } = this.#board;;) {
      const bell = Atomics.load(words, BELL), made = this.#answers.get(pc);
      if (made !== undefined) {
        Atomics.store(words, WAITING, 0);
        this.#answers.delete(pc);
        return made;
      }
      if (this.#hear()) continue;
      Atomics.store(words, WAITING, 1);
      Atomics.wait(words, BELL, bell, 1000);
    }
  }

  end(): void {
    this.#board.end();
    for (const port of this.#ports) port.close();
  }

  #hear(): boolean {
    let heard = false;
    for (const port of this.#ports) {
      for (let got; (got = receiveMessageOnPort(port)) !== undefined; heard = true) {
        for (const { pc, made } of decodeAnswers(got.message)) this.#answers.set(pc, made);
      }
    }
    return heard;
  }
}

/** Bytes of answers that are sent together, when nobody waits for them. */
const BYTES_TOGETHER = 1 << 18;

/** A helper's side. */
export class HelpedWork {
  readonly #board: Board;
  readonly #port: MessagePort;
  /** Offered functions that have been seen, the last one to be taken next. */
  readonly #seen: number[] = [];
  #looked = 0;
  #answers: Answer[] = [];
  #bytes = 0;

  constructor(board: SharedArrayBuffer, port: MessagePort) {
    this.#board = new Board(board);
    this.#port = port;
  }

  get isOver(): boolean {
    return Atomics.load(this.#board.words, ENDED) !== 0;
  }

  /** What the translation has found of the code; undefined as long as it is still looking. */
  found(): CodeEntries | undefined {
    const got = receiveMessageOnPort(this.#port);
    return got === undefined ? undefined : decodeEntries(got.message);
  }

  /** Takes a function: the one that the translation would get to last; -1 if there is none now. */
  next(): number {
    const offered = Atomics.load(this.#board.words, OFFERED);
    for (; this.#looked < offered; this.#looked++) this.#seen.push(this.#looked);
    for (let i; (i = this.#seen.pop()) !== undefined;) {
      if (this.#board.claim(i)) return this.#board.words[HEAD + i] >>> 0;
    }
    return -1;
  }

  /** Every function that was taken has to be answered for. */
  answer(answer: Answer): void {
    this.#answers.push(answer);
    this.#bytes += answer.made?.region.body.length ?? 0;
    if (this.#bytes > BYTES_TOGETHER || Atomics.load(this.#board.words, WAITING) !== 0) this.flush();
  }

  flush(): void {
    if (this.#answers.length === 0) return;
    this.#port.postMessage(encodeAnswers(this.#answers));
    this.#answers = [];
    this.#bytes = 0;
    this.#board.ring();
  }

  close(): void {
    this.#port.close();
  }
}
