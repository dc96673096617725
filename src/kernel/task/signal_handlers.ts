/** Signal dispositions of a process (Linux's sighand_struct), indexed by signal number; shared by CLONE_SIGHAND. */
export class SignalHandlers {
  static readonly savedFields: readonly string[] = ["handler", "flags", "restorer", "maskLow", "maskHigh"];
  /** SIG_DFL, SIG_IGN or a guest address. */
  readonly handler: Uint32Array = new Uint32Array(65);
  /** SA_ flags. */
  readonly flags: Uint32Array = new Uint32Array(65);
  readonly restorer: Uint32Array = new Uint32Array(65);
  readonly maskLow: Uint32Array = new Uint32Array(65);
  readonly maskHigh: Uint32Array = new Uint32Array(65);

  copy(): SignalHandlers {
    const c = new SignalHandlers();
    c.handler.set(this.handler);
    c.flags.set(this.flags);
    c.restorer.set(this.restorer);
    c.maskLow.set(this.maskLow);
    c.maskHigh.set(this.maskHigh);
    return c;
  }
}
