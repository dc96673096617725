/** Helping with a file that another thread translates: functions are made as long as it offers some. */
import { fileMemory } from "../translate/file_memory.ts";
import { RegionHelper } from "../translate/region_sharing.ts";
import { ownCopy } from "./own_copy.ts";
import type { ThreadHelp } from "./translator_messages.ts";
import { HelpedWork } from "./work_board.ts";

/** How long who has nothing to help with waits for more to be offered. */
export const HELP_IDLE_MS = 2;

export class FileHelp {
  readonly #file: ThreadHelp;
  readonly #work: HelpedWork;
  #helper: RegionHelper | undefined;

  constructor(file: ThreadHelp) {
    this.#file = file;
    this.#work = new HelpedWork(file.board, file.answers);
  }

  /** Nothing will be offered any more. */
  get isOver(): boolean {
    return this.#work.isOver;
  }

  /** Makes a function; false if there is none now, and all answers have been sent. */
  makeOne(): boolean {
    const helper = this.#helper ??= this.#begin(), pc = helper === undefined ? -1 : this.#work.next();
    if (pc >= 0) this.#work.answer({ pc, made: helper!.tryToMake(pc) });
    else this.#work.flush();
    return pc >= 0;
  }

  #begin(): RegionHelper | undefined {
    const found = this.#work.found(), { task: { path, start, level, ...hints }, bytes } = this.#file;
    return found && new RegionHelper(fileMemory(ownCopy(bytes), path, start, hints), level, found);
  }

  close(): void {
    this.#work.close();
  }
}
