import { badInput } from "../errors.ts";

// Numbers of x86-64 Linux (signal(7)); the index is the number.
const names =
  (" HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN " +
    "TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS").split(" ");
const rtmin = 34;
const rtmax = 64;

/** The number of a stop signal: "SIGQUIT", "quit", "3" or "SIGRTMIN+3". */
export function parseSignal(text: string, file: string): number {
  const name = text.toUpperCase().replace(/^SIG/, "");
  const number = /^[0-9]{1,2}$/.test(name) ? Number(name) : names.indexOf(name);
  if (number >= 1 && number <= rtmax) return number;
  const realTime = /^RT(MIN|MAX)(?:([+-])([0-9]{1,2}))?$/.exec(name);
  if (realTime !== null) {
    const offset = Number(realTime[3] ?? 0) * (realTime[2] === "-" ? -1 : 1);
    const signal = (realTime[1] === "MIN" ? rtmin : rtmax) + offset;
    if (signal >= rtmin && signal <= rtmax) return signal;
  }
  throw badInput(`stop signal ${JSON.stringify(text.slice(0, 100))} is not a signal`, { file });
}
