/**
 * The classes a kernel's state is made of, by the names they have in snapshots. A class missing here is an error at capture, by
 * name; kernel_classes_test.ts finds it earlier.
 */
import { Clock } from "../kernel/clock.ts";
import { ConsoleDescription, ConsoleInode } from "../kernel/fs/console.ts";
import { DeviceInode, FullDevice, NullDevice, RandomDevice, ZeroDevice } from "../kernel/fs/devices.ts";
import { EventFd } from "../kernel/fs/eventfd.ts";
import { FileContents } from "../kernel/fs/file_contents.ts";
import { InotifyDescription, InotifyWatch } from "../kernel/fs/inotify.ts";
import { MemoryDirectory, MemoryFile, MemorySymlink } from "../kernel/fs/memory_inodes.ts";
import { FifoInode, FifoOpening, PipeEnd } from "../kernel/fs/pipe.ts";
import { PipeBuffer } from "../kernel/fs/pipe_buffer.ts";
import { GeneratedDescription } from "../kernel/fs/procfs/inodes.ts";
import {
  NamespaceDirectory,
  NetDirectory,
  ProcessDirectory,
  ProcessFile,
  TaskListDirectory,
  ThreadDirectory,
} from "../kernel/fs/procfs/pid/directory.ts";
import { FdDirectory, FdinfoDirectory, FdinfoFile, FdLink } from "../kernel/fs/procfs/pid/fd.ts";
import { ProcessLink } from "../kernel/fs/procfs/pid/links.ts";
import { ProcRoot, ProcRootLink } from "../kernel/fs/procfs/root.ts";
import { TreeDirectory, TreeFile } from "../kernel/fs/procfs/tree.ts";
import { RootFileSystem, RootfsBytes, RootfsDirectory } from "../kernel/fs/rootfs.ts";
import { PidFd } from "../kernel/fs/pidfd.ts";
import { SignalFd } from "../kernel/fs/signalfd.ts";
import { SocketInode } from "../kernel/fs/socket_inode.ts";
import { TimerFd } from "../kernel/fs/timerfd.ts";
import { Kernel } from "../kernel/kernel.ts";
import { AddressSpace } from "../kernel/memory/address_space.ts";
import { CodePlaces } from "../kernel/memory/code_places.ts";
import { SharedPages } from "../kernel/memory/shared_pages.ts";
import { Vma } from "../kernel/memory/vma.ts";
import { ByteQueue, Segment } from "../kernel/net/byte_queue.ts";
import { Net } from "../kernel/net/net.ts";
import { SocketOptions } from "../kernel/net/options.ts";
import { PortBinding, PortTable } from "../kernel/net/port_table.ts";
import { StreamEnd } from "../kernel/net/stream_end.ts";
import { Connected } from "../kernel/net/tcp/connected.ts";
import { Connecting } from "../kernel/net/tcp/connecting.ts";
import { Init } from "../kernel/net/tcp/init.ts";
import { Arrival, Listening } from "../kernel/net/tcp/listening.ts";
import { TcpSocket } from "../kernel/net/tcp/socket.ts";
import { TcpStack } from "../kernel/net/tcp/stack.ts";
import { UdpSocket } from "../kernel/net/udp.ts";
import { UdpStack } from "../kernel/net/udp_stack.ts";
import { UnixConnectionSocket } from "../kernel/net/unix/connection.ts";
import { UnixDatagramSocket } from "../kernel/net/unix/datagram.ts";
import { UnixEnd } from "../kernel/net/unix/end.ts";
import { UnixNames } from "../kernel/net/unix/names.ts";
import { SeccompFilter } from "../kernel/task/seccomp.ts";
import { AsyncNotice } from "../kernel/vfs/async_notice.ts";
import { Transfer } from "../kernel/syscalls/io_wait.ts";
import { CpuIntervalTimer, CpuLimit, CpuSleep } from "../kernel/task/cpu_timers.ts";
import { Credentials } from "../kernel/task/credentials.ts";
import { FdTable } from "../kernel/task/fd_table.ts";
import { RealTimer } from "../kernel/task/itimer.ts";
import { Limits } from "../kernel/task/limits.ts";
import { PosixTimer } from "../kernel/task/posix_timer.ts";
import { Process } from "../kernel/task/process.ts";
import { SignalHandlers } from "../kernel/task/signal_handlers.ts";
import { Task } from "../kernel/task/task.ts";
import { Timers } from "../kernel/timers.ts";
import { AnonymousInode } from "../kernel/vfs/anonymous.ts";
import { Dentry } from "../kernel/vfs/dentry.ts";
import { DirectoryDescription } from "../kernel/vfs/directory_description.ts";
import { DirectoryEntry } from "../kernel/vfs/directory_inode.ts";
import { EpollDescription, EpollItem } from "../kernel/vfs/epoll.ts";
import { FileSystem } from "../kernel/vfs/file_system.ts";
import { FsContext } from "../kernel/vfs/fs_context.ts";
import { FileLocks } from "../kernel/vfs/locks.ts";
import { PathDescription } from "../kernel/vfs/path_description.ts";
import { RegularFile } from "../kernel/vfs/regular_file.ts";
import { Vfs } from "../kernel/vfs/vfs.ts";
import { WaitQueue } from "../kernel/wait_queue.ts";
import { NetlinkPorts } from "../kernel/net/netlink/ports.ts";
import { NetlinkSocket } from "../kernel/net/netlink/socket.ts";
import { IpcTable } from "../kernel/ipc/objects.ts";
import { IpcNamespace } from "../kernel/ipc/namespace.ts";
import { SemaphoreSet, SemaphoreWait } from "../kernel/ipc/semaphores.ts";
import { MessageQueue, MessageQueueWait } from "../kernel/ipc/message_queue.ts";
import { PosixQueue, PosixQueueDescription } from "../kernel/ipc/posix_queue.ts";
import { SegmentFile, SharedSegment } from "../kernel/ipc/shared_segment.ts";
import { DevptsFileSystem, PtsDirectory, PtsInode } from "../kernel/fs/tty/devpts.ts";
import { PtyMaster, TerminalFile } from "../kernel/fs/tty/pty.ts";
import { Terminal } from "../kernel/fs/tty/terminal.ts";
import { LineDiscipline } from "../kernel/fs/tty/line_discipline.ts";
import { Termios } from "../kernel/fs/tty/termios.ts";
import { Terminals } from "../kernel/fs/tty/terminals.ts";
import { ClassRegistry, type SavableClass } from "./class_registry.ts";

const CLASSES: readonly SavableClass[] = [
  AddressSpace,
  AnonymousInode,
  Arrival,
  AsyncNotice,
  ByteQueue,
  Clock,
  CodePlaces,
  Connected,
  Connecting,
  ConsoleDescription,
  ConsoleInode,
  CpuIntervalTimer,
  CpuLimit,
  CpuSleep,
  Credentials,
  Dentry,
  DeviceInode,
  DevptsFileSystem,
  DirectoryDescription,
  DirectoryEntry,
  EpollDescription,
  EpollItem,
  EventFd,
  FdDirectory,
  FdLink,
  FdTable,
  FdinfoDirectory,
  FdinfoFile,
  FifoInode,
  FifoOpening,
  FileContents,
  FileLocks,
  FileSystem,
  FsContext,
  FullDevice,
  GeneratedDescription,
  Init,
  InotifyDescription,
  InotifyWatch,
  IpcNamespace,
  IpcTable,
  Kernel,
  Limits,
  LineDiscipline,
  Listening,
  MemoryDirectory,
  MemoryFile,
  MemorySymlink,
  MessageQueue,
  MessageQueueWait,
  NamespaceDirectory,
  Net,
  NetDirectory,
  NetlinkPorts,
  NetlinkSocket,
  NullDevice,
  PathDescription,
  PidFd,
  PipeBuffer,
  PipeEnd,
  PortBinding,
  PortTable,
  PosixQueue,
  PosixQueueDescription,
  PosixTimer,
  ProcRoot,
  ProcRootLink,
  Process,
  ProcessDirectory,
  ProcessFile,
  ProcessLink,
  PtsDirectory,
  PtsInode,
  PtyMaster,
  RandomDevice,
  RealTimer,
  RegularFile,
  RootFileSystem,
  RootfsBytes,
  RootfsDirectory,
  SeccompFilter,
  Segment,
  SegmentFile,
  SemaphoreSet,
  SemaphoreWait,
  SharedPages,
  SharedSegment,
  SignalFd,
  SignalHandlers,
  SocketInode,
  SocketOptions,
  StreamEnd,
  Task,
  TaskListDirectory,
  TcpSocket,
  TcpStack,
  Terminal,
  TerminalFile,
  Terminals,
  Termios,
  ThreadDirectory,
  TimerFd,
  Timers,
  Transfer,
  TreeDirectory,
  TreeFile,
  UdpSocket,
  UdpStack,
  UnixConnectionSocket,
  UnixDatagramSocket,
  UnixEnd,
  UnixNames,
  Vfs,
  Vma,
  WaitQueue,
  ZeroDevice,
];

/** A registry of all of them; names are the class names as written in the source, also after bundling. */
export function kernelClasses(): ClassRegistry {
  return new ClassRegistry(CLASS_NAMES.map((name, i) => [name, CLASSES[i]] as const));
}

// Spelled out, because a bundler may rename classes.
const CLASS_NAMES: readonly string[] = `
  AddressSpace
  AnonymousInode
  Arrival
  AsyncNotice
  ByteQueue
  Clock
  CodePlaces
  Connected
  Connecting
  ConsoleDescription
  ConsoleInode
  CpuIntervalTimer
  CpuLimit
  CpuSleep
  Credentials
  Dentry
  DeviceInode
  DevptsFileSystem
  DirectoryDescription
  DirectoryEntry
  EpollDescription
  EpollItem
  EventFd
  FdDirectory
  FdLink
  FdTable
  FdinfoDirectory
  FdinfoFile
  FifoInode
  FifoOpening
  FileContents
  FileLocks
  FileSystem
  FsContext
  FullDevice
  GeneratedDescription
  Init
  InotifyDescription
  InotifyWatch
  IpcNamespace
  IpcTable
  Kernel
  Limits
  LineDiscipline
  Listening
  MemoryDirectory
  MemoryFile
  MemorySymlink
  MessageQueue
  MessageQueueWait
  NamespaceDirectory
  Net
  NetDirectory
  NetlinkPorts
  NetlinkSocket
  NullDevice
  PathDescription
  PidFd
  PipeBuffer
  PipeEnd
  PortBinding
  PortTable
  PosixQueue
  PosixQueueDescription
  PosixTimer
  ProcRoot
  ProcRootLink
  Process
  ProcessDirectory
  ProcessFile
  ProcessLink
  PtsDirectory
  PtsInode
  PtyMaster
  RandomDevice
  RealTimer
  RegularFile
  RootFileSystem
  RootfsBytes
  RootfsDirectory
  SeccompFilter
  Segment
  SegmentFile
  SemaphoreSet
  SemaphoreWait
  SharedPages
  SharedSegment
  SignalFd
  SignalHandlers
  SocketInode
  SocketOptions
  StreamEnd
  Task
  TaskListDirectory
  TcpSocket
  TcpStack
  Terminal
  TerminalFile
  Terminals
  Termios
  ThreadDirectory
  TimerFd
  Timers
  Transfer
  TreeDirectory
  TreeFile
  UdpSocket
  UdpStack
  UnixConnectionSocket
  UnixDatagramSocket
  UnixEnd
  UnixNames
  Vfs
  Vma
  WaitQueue
  ZeroDevice
`.trim().split(/\s+/);
