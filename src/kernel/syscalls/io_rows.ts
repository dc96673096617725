import { directoryRows } from "./directory.ts";
import { epollRows } from "./epoll.ts";
import { eventfdRows } from "./eventfd.ts";
import { fcntlRows } from "./fcntl.ts";
import { flockRows } from "./flock.ts";
import { inotifyRows } from "./inotify.ts";
import { ioctlRows } from "./ioctl.ts";
import { linkRows } from "./link.ts";
import { mountRows } from "./mount.ts";
import { openRows } from "./open.ts";
import { pipeRows } from "./pipe.ts";
import { pollRows } from "./poll.ts";
import { readWriteRows } from "./read_write.ts";
import { sendfileRows } from "./sendfile.ts";
import { signalfdRows } from "./signalfd.ts";
import { statRows } from "./stat.ts";
import type { SyscallRow } from "./support.ts";
import { timerfdRows } from "./timerfd.ts";
import { truncateRows } from "./truncate.ts";
import { xattrRows } from "./xattr.ts";

/** All calls on files and descriptors. */
export const ioRows: [number, SyscallRow][] = [
  ...openRows,
  ...readWriteRows,
  ...statRows,
  ...directoryRows,
  ...linkRows,
  ...fcntlRows,
  ...flockRows,
  ...ioctlRows,
  ...pipeRows,
  ...pollRows,
  ...epollRows,
  ...eventfdRows,
  ...timerfdRows,
  ...signalfdRows,
  ...inotifyRows,
  ...sendfileRows,
  ...truncateRows,
  ...xattrRows,
  ...mountRows,
];
