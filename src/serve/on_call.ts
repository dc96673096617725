/** Something that the host loads when it is first wanted. */
export class OnCall<T> {
  /** Once it is here. */
  value: T | undefined;
  #isAskedFor = false;
  #isPending = true;
  readonly #waiting = new Set<() => void>();

  /** `onProblem` is told, once, if it cannot be loaded. */
  constructor(private readonly load: () => Promise<T>, private readonly onProblem: (problem: string) => void) {}

  /** Whether it may still come: it is not here, and has not failed. */
  get isPending(): boolean {
    return this.#isPending;
  }

  /** True if it may still come: it is loaded then, and `done` is called when it is here, or will never be. */
  bring(done: () => void): boolean {
    if (!this.#isPending) return false;
    this.#waiting.add(done);
    if (this.#isAskedFor) return true;
    this.#isAskedFor = true;
    this.load().then((value) => {
      this.value = value;
    }, (e) => this.onProblem(e instanceof Error ? e.message : `${e}`)).then(() => {
      this.#isPending = false;
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const tell of waiting) tell();
    });
    return true;
  }
}
