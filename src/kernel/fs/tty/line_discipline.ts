import * as abi from "../../abi/termios.ts";
import { SIGINT, SIGQUIT, SIGTSTP } from "../../abi/signal.ts";
import { PipeBuffer } from "../pipe_buffer.ts";
import type { Termios } from "./termios.ts";

const NEWLINE = 10, RETURN = 13, BACKSPACE = 8, TAB = 9, SPACE = 32, DELETE = 127, BELL = 7, CARET = 94;
const TAB_STOP = 8;

/**
 * What lies between the keyboard and the program (drivers/tty/n_tty.c): makes lines of what is typed, echoes it, knows the
 * keys that send signals, and rewrites newlines on the way out.
 */
export class LineDiscipline {
  static readonly savedFields: readonly string[] = [
    "termios",
    "typed",
    "lines",
    "editing",
    "output",
    "column",
    "literal",
    "stopped",
  ];
  /** What the program can read. */
  readonly typed = new PipeBuffer();
  /** Canonical mode: bytes left of each finished line in `typed`; an end of file is a line of none. */
  lines: number[] = [];
  /** Canonical mode: the line that can still be changed. */
  private editing: number[] = [];
  /** What the screen is to show. */
  readonly output = new PipeBuffer();
  /** Of the cursor. */
  private column = 0;
  /** The next byte is taken as it is (^V). */
  private literal = false;
  /** ^S: nothing goes out until ^Q. */
  stopped = false;

  constructor(readonly termios: Termios) {
    this.typed.setCapacity(abi.N_TTY_BUF_SIZE);
  }

  private get canonical(): boolean {
    return this.termios.has(abi.ICANON);
  }

  /** Bytes that a read would give: FIONREAD. */
  get readable(): number {
    return this.canonical ? this.lines.reduce((n, length) => n + length, 0) : this.typed.used;
  }

  /** Whether a read has something to answer. */
  get hasInput(): boolean {
    return this.canonical ? this.lines.length > 0 : this.typed.used >= Math.max(1, this.minimum);
  }

  /** VMIN where it is to be waited for. */
  get minimum(): number {
    const { characters } = this.termios;
    return characters[abi.VTIME] === 0 ? characters[abi.VMIN] : Math.min(1, characters[abi.VMIN]);
  }

  /** Bytes read, or -1 if there is nothing yet. */
  read(bytes: Uint8Array, at: number, length: number): number {
    if (!this.hasInput) return !this.canonical && this.minimum === 0 ? this.typed.take(bytes, at, length) : -1;
    if (!this.canonical) return this.typed.take(bytes, at, length);
    const n = this.typed.take(bytes, at, Math.min(length, this.lines[0]));
    this.lines[0] -= n;
    if (this.lines[0] === 0) this.lines.shift();
    return n;
  }

  /** Whether the keyboard may go on. A full line is no reason to stop: it has to be ended. */
  get acceptsInput(): boolean {
    return this.canonical || this.typed.free > 0;
  }

  /** Takes a byte from the keyboard. The signal that it asks for, or 0. */
  type(byte: number): number {
    const { termios } = this, { input } = termios;
    if (input & abi.ISTRIP) byte &= 0x7f;
    if (this.literal) {
      this.literal = false;
      this.add(byte);
      return 0;
    }
    if (input & abi.IXON) {
      if (termios.is(byte, abi.VSTART) || termios.is(byte, abi.VSTOP)) {
        this.stopped = termios.is(byte, abi.VSTOP);
        return 0;
      }
      if (input & abi.IXANY) this.stopped = false;
    }
    if (termios.has(abi.ISIG)) {
      const signal = this.signalOf(byte);
      if (signal !== 0) return signal;
    }
    if (byte === RETURN) {
      if (input & abi.IGNCR) return 0;
      if (input & abi.ICRNL) byte = NEWLINE;
    } else if (byte === NEWLINE && (input & abi.INLCR)) byte = RETURN;
    if (!this.canonical || !this.edit(byte)) this.add(byte);
    return 0;
  }

  private signalOf(byte: number): number {
    const { termios } = this;
    const signal = termios.is(byte, abi.VINTR)
      ? SIGINT
      : termios.is(byte, abi.VQUIT)
      ? SIGQUIT
      : termios.is(byte, abi.VSUSP)
      ? SIGTSTP
      : 0;
    if (signal === 0) return 0;
    // What was written is on the screen already.
    if (!termios.has(abi.NOFLSH)) this.flushInput();
    this.stopped = false;
    if (termios.has(abi.ECHO)) this.echo(byte);
    return signal;
  }

  /** The keys of canonical mode. False: an ordinary character. */
  private edit(byte: number): boolean {
    const { termios } = this, extended = termios.has(abi.IEXTEN);
    if (termios.is(byte, abi.VERASE)) this.eraseCharacter();
    else if (termios.is(byte, abi.VKILL)) this.eraseLine();
    else if (extended && termios.is(byte, abi.VWERASE)) this.eraseWord();
    else if (extended && termios.is(byte, abi.VLNEXT)) {
      this.literal = true;
      if (termios.has(abi.ECHO) && termios.has(abi.ECHOCTL)) this.emit(CARET, BACKSPACE);
    } else if (extended && termios.has(abi.ECHO) && termios.is(byte, abi.VREPRINT)) {
      this.echo(byte);
      this.put(NEWLINE);
      for (const b of this.editing) this.echo(b);
    } else if (byte === NEWLINE) {
      if (termios.has(abi.ECHO) || termios.has(abi.ECHONL)) this.put(NEWLINE);
      this.finishLine(byte);
    } else if (termios.is(byte, abi.VEOF)) this.finishLine(null);
    else if (termios.is(byte, abi.VEOL) || (extended && termios.is(byte, abi.VEOL2))) {
      if (termios.has(abi.ECHO)) this.echo(byte);
      this.finishLine(byte);
    } else return false;
    return true;
  }

  private add(byte: number): void {
    if (this.canonical) {
      // The last place is kept for what ends the line.
      if (this.editing.length + this.typed.used >= abi.N_TTY_BUF_SIZE - 1) {
        if (this.termios.input & abi.IMAXBEL) this.emit(BELL);
        return;
      }
      this.editing.push(byte);
    } else {
      one[0] = byte;
      this.typed.put(one, 0, 1);
    }
    if (this.termios.has(abi.ECHO)) this.echo(byte);
  }

  private finishLine(end: number | null): void {
    if (end !== null) this.editing.push(end);
    const line = Uint8Array.from(this.editing);
    this.editing = [];
    this.lines.push(this.typed.put(line, 0, line.length));
  }

  private eraseCharacter(): void {
    let byte = this.editing.pop();
    if (byte === undefined) return;
    const isUtf8 = (this.termios.input & abi.IUTF8) !== 0;
    while (isUtf8 && (byte! & 0xc0) === 0x80 && this.editing.length > 0) byte = this.editing.pop();
    if (!this.termios.has(abi.ECHO)) return;
    if (!this.termios.has(abi.ECHOE)) return this.echo(this.termios.characters[abi.VERASE]);
    if (byte === TAB) return this.eraseTab();
    const width = this.widthOf(byte!);
    for (let i = 0; i < width; i++) this.emit(BACKSPACE, SPACE, BACKSPACE);
    this.column -= width;
  }

  /** A tab is as wide as what stands before it makes it. */
  private eraseTab(): void {
    let before = 0, tabBefore = false;
    for (let i = this.editing.length - 1; i >= 0 && !tabBefore; i--) {
      tabBefore = this.editing[i] === TAB;
      if (!tabBefore) before += this.widthOf(this.editing[i]);
    }
    const width = TAB_STOP - before % TAB_STOP;
    for (let i = 0; i < width; i++) this.emit(BACKSPACE);
    this.column -= width;
  }

  private eraseLine(): void {
    const { termios } = this;
    if (termios.has(abi.ECHO) && termios.has(abi.ECHOKE) && termios.has(abi.ECHOE)) {
      while (this.editing.length > 0) this.eraseCharacter();
      return;
    }
    this.editing = [];
    if (!termios.has(abi.ECHO)) return;
    this.echo(termios.characters[abi.VKILL]);
    if (termios.has(abi.ECHOK)) this.put(NEWLINE);
  }

  private eraseWord(): void {
    let inWord = false;
    while (this.editing.length > 0) {
      if (isWordByte(this.editing[this.editing.length - 1])) inWord = true;
      else if (inWord) break;
      this.eraseCharacter();
    }
  }

  private widthOf(byte: number): number {
    if (byte < SPACE || byte === DELETE) return this.termios.has(abi.ECHOCTL) ? 2 : 0;
    return 1;
  }

  private echo(byte: number): void {
    if (this.termios.has(abi.ECHOCTL) && (byte < SPACE || byte === DELETE) && byte !== TAB && byte !== NEWLINE) {
      this.emit(CARET, byte ^ 0x40);
      this.column += 2;
    } else this.put(byte);
  }

  /** Writes from the program; how many bytes were taken. */
  write(bytes: Uint8Array, at: number, length: number): number {
    if (this.stopped) return 0;
    if (!(this.termios.output & abi.OPOST)) return this.output.put(bytes, at, length);
    let done = 0;
    while (done < length && this.put(bytes[at + done])) done++;
    return done;
  }

  /** One byte through output processing; false if there is no room. */
  private put(byte: number): boolean {
    const { output } = this.termios;
    if (!(output & abi.OPOST)) return this.emit(byte);
    switch (byte) {
      case NEWLINE:
        if (output & abi.ONLRET) this.column = 0;
        if (!(output & abi.ONLCR)) return this.emit(NEWLINE);
        if (!this.emit(RETURN, NEWLINE)) return false;
        this.column = 0;
        return true;
      case RETURN:
        if ((output & abi.ONOCR) && this.column === 0) return true;
        if (output & abi.OCRNL) return this.put(NEWLINE);
        if (!this.emit(RETURN)) return false;
        this.column = 0;
        return true;
      case TAB: {
        const width = TAB_STOP - this.column % TAB_STOP;
        const spaces = (output & abi.TABDLY) === abi.XTABS;
        if (spaces ? !this.emit(...Array<number>(width).fill(SPACE)) : !this.emit(TAB)) return false;
        this.column += width;
        return true;
      }
      default:
        if (!this.emit(byte)) return false;
        if (byte === BACKSPACE) this.column = Math.max(0, this.column - 1);
        else if (byte >= SPACE && byte !== DELETE && (byte & 0xc0) !== 0x80) this.column++;
        return true;
    }
  }

  /** Bytes to the screen, all or none. */
  private emit(...bytes: number[]): boolean {
    if (this.output.free < bytes.length) return false;
    this.output.put(Uint8Array.from(bytes), 0, bytes.length);
    return true;
  }

  flushInput(): void {
    this.typed.skip(this.typed.used);
    this.lines = [];
    this.editing = [];
  }

  flushOutput(): void {
    this.output.skip(this.output.used);
  }

  /** After the settings have changed: what was typed stays readable in the other mode. */
  modeChanged(wasCanonical: boolean): void {
    if (wasCanonical === this.canonical) return;
    if (wasCanonical) {
      const rest = Uint8Array.from(this.editing);
      this.typed.put(rest, 0, rest.length);
      this.editing = [];
      this.lines = [];
    } else if (this.typed.used > 0) this.lines = [this.typed.used];
  }
}

const one = new Uint8Array(1);

function isWordByte(byte: number): boolean {
  const isLetterOrDigit = (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);
  return isLetterOrDigit || byte === 95 || byte >= 128;
}
