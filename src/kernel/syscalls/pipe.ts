import type { Kernel } from "../kernel.ts";
import { dropDescription } from "../task/fd_table.ts";
import type { Task } from "../task/task.ts";
import { storeU32, writableRange } from "../memory/user_memory.ts";
import { makePipe } from "../fs/pipe.ts";
import { full, partial, type SyscallRow } from "./support.ts";
import { O_CLOEXEC, O_DIRECT, O_NONBLOCK } from "../abi/fcntl.ts";
import { EINVAL } from "../abi/errno.ts";
import { SYS_pipe, SYS_pipe2 } from "../abi/syscall_numbers.ts";

function sysPipe(k: Kernel, t: Task, fdsPointer: number): number {
  return sysPipe2(k, t, fdsPointer, 0);
}

function sysPipe2(k: Kernel, t: Task, fdsPointer: number, flags: number): number {
  if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) return -EINVAL;
  if (flags & O_DIRECT) return -EINVAL; // Packet mode; kernels before 3.4 answered so too.
  const at = writableRange(t, fdsPointer, 8);
  if (at < 0) return at;
  const [reader, writer] = makePipe(k, t);
  reader.statusFlags |= flags & O_NONBLOCK;
  writer.statusFlags |= flags & O_NONBLOCK;
  const { fds } = t.process, cloexec = (flags & O_CLOEXEC) !== 0;
  const readFd = fds.install(reader, cloexec);
  const writeFd = readFd < 0 ? readFd : fds.install(writer, cloexec);
  if (writeFd < 0) {
    if (readFd >= 0) fds.close(k, readFd);
    else {
      reader.refs++;
      dropDescription(k, reader);
    }
    writer.refs++;
    dropDescription(k, writer);
    return writeFd;
  }
  storeU32(t.memory, at, readFd);
  storeU32(t.memory, at + 4, writeFd);
  return 0;
}

export const pipeRows: [number, SyscallRow][] = [
  [SYS_pipe, full("pipe", sysPipe, ["fds"])],
  [SYS_pipe2, partial("pipe2", sysPipe2, "O_DIRECT (packets) fails with EINVAL", ["fds", "flags:octal"])],
];
