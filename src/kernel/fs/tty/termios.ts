import * as abi from "../../abi/termios.ts";
import type { GuestMemory } from "../../../machine/guest_memory.ts";
import { loadU32, storeU32 } from "../../memory/user_memory.ts";

/** Settings of a terminal (termios(3)). Speeds mean nothing here, and are kept. */
export class Termios {
  static readonly savedFields: readonly string[] = [
    "input",
    "output",
    "control",
    "local",
    "line",
    "characters",
    "inputSpeed",
    "outputSpeed",
  ];
  /** c_iflag, c_oflag, c_cflag, c_lflag as tty_std_termios and the pty driver have them. */
  input = abi.ICRNL | abi.IXON;
  output = abi.OPOST | abi.ONLCR;
  control = abi.B38400 | abi.CS8 | abi.CREAD;
  local = abi.ISIG | abi.ICANON | abi.ECHO | abi.ECHOE | abi.ECHOK | abi.ECHOCTL | abi.ECHOKE | abi.IEXTEN;
  line = 0;
  readonly characters: Uint8Array = Uint8Array.from(abi.INITIAL_CC);
  inputSpeed = 38400;
  outputSpeed = 38400;

  has(localFlag: number): boolean {
    return (this.local & localFlag) !== 0;
  }

  /** Whether a byte is the control character at an index of c_cc; 0 there disables it. */
  is(byte: number, index: number): boolean {
    return byte !== 0 && this.characters[index] === byte;
  }

  store(m: GuestMemory, at: number, withSpeeds: boolean): void {
    [this.input, this.output, this.control, this.local].forEach((v, i) => storeU32(m, at + 4 * i, v));
    m.u8[at + 16] = this.line;
    m.u8.set(this.characters, at + 17);
    if (!withSpeeds) return;
    storeU32(m, at + 36, this.inputSpeed);
    storeU32(m, at + 40, this.outputSpeed);
  }

  load(m: GuestMemory, at: number, withSpeeds: boolean): void {
    this.input = loadU32(m, at);
    this.output = loadU32(m, at + 4);
    // A pty is always eight bits wide, without parity (pty_set_termios).
    this.control = (loadU32(m, at + 8) & ~0o460) | abi.CS8 | abi.CREAD;
    this.local = loadU32(m, at + 12);
    this.line = m.u8[at + 16];
    this.characters.set(m.u8.subarray(at + 17, at + 17 + abi.NCCS));
    if (!withSpeeds) return;
    this.inputSpeed = loadU32(m, at + 36);
    this.outputSpeed = loadU32(m, at + 40);
  }
}
