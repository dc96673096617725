/**
 * Requests that a host reads in one turn of its event loop, handed on together at the turn's end. Hosts tell nobody how many
 * there will be, so whether it pays to wait for others is learned from how many came together last.
 */

/**
 * Turns with a single request after which requests are no longer held back; and after how many it is tried again: an odd number,
 * for not always to try the last one of a turn.
 */
const LONELY_MAX = 4, TRIED_EVERY = 31;

/** Has a callback called when the host has read what there is. */
export type TurnEnd = (callback: () => void) => void;

/** Gives what comes in one turn to `take`. */
export class Gathering<T> {
  private waiting: T[] = [];
  private lonely = 0;
  private untried = 0;

  constructor(private readonly turnEnd: TurnEnd, private readonly take: (together: readonly T[]) => void) {}

  add(one: T): void {
    if (this.waiting.length === 0) {
      if (this.lonely >= LONELY_MAX && ++this.untried < TRIED_EVERY) return this.take([one]);
      this.untried = 0;
      this.turnEnd(this.end);
    }
    this.waiting.push(one);
  }

  private readonly end = () => {
    const { waiting } = this;
    this.waiting = [];
    this.lonely = waiting.length === 1 ? this.lonely + 1 : 0;
    this.take(waiting);
  };
}
