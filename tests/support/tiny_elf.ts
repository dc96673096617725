/** Static x86-64 programs of a few bytes, for tests that need a guest and no compiler. */

const BASE = 0x400000, HEADERS = 64 + 56;

/** An ELF executable whose only segment holds itself; it starts with the code. */
export function tinyElf(code: readonly number[]): Uint8Array {
  const size = HEADERS + code.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, 62, true); // EM_X86_64
  view.setUint32(20, 1, true);
  view.setUint32(24, BASE + HEADERS, true); // e_entry
  view.setUint32(32, 64, true); // e_phoff
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true); // e_phnum
  view.setUint32(64, 1, true); // PT_LOAD
  view.setUint32(68, 7, true); // rwx
  view.setUint32(64 + 16, BASE, true);
  view.setUint32(64 + 24, BASE, true);
  view.setUint32(64 + 32, size, true);
  view.setUint32(64 + 40, size, true);
  view.setUint32(64 + 48, 0x1000, true);
  bytes.set(code, HEADERS);
  return bytes;
}

const i32 = (n: number) => [n & 255, (n >> 8) & 255, (n >> 16) & 255, (n >> 24) & 255];

/** mov eax, number; mov edi, first; syscall */
function call(number: number, first = 0): number[] {
  return [0xb8, ...i32(number), 0xbf, ...i32(first), 0x0f, 0x05];
}

/** write(fd, text) */
export function say(text: string, fd = 2): number[] {
  const bytes = [...new TextEncoder().encode(text)];
  return [
    0xe8, // call behind the text, which pushes its address
    ...i32(bytes.length),
    ...bytes,
    0x5e, // pop rsi
    0xba, // mov edx, length
    ...i32(bytes.length),
    ...call(1, fd),
  ];
}

/** A system call without arguments worth mentioning. */
export const ask = (number: number): number[] => call(number);
/** mmap(NULL, gibibytes << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) */
export const reserve = (gibibytes: number): number[] => [
  ...[0x48, 0xbe, ...i32(gibibytes << 30), ...i32(gibibytes >> 2)], // mov rsi, length
  ...[0xba, ...i32(1), 0x41, 0xba, ...i32(0x22)], // mov edx, 1; mov r10d, 0x22
  ...[0x49, 0x83, 0xc8, 0xff, 0x45, 0x31, 0xc9], // or r8, -1; xor r9d, r9d
  ...call(9),
];
export const exit = (status: number): number[] => call(60, status);
/** Waits for signals, for ever. */
export const pauseForever: readonly number[] = [...call(34), 0xeb, -14 & 255];
/** poll(NULL, 0, ms) */
export const sleep = (ms: number): number[] => [0x31, 0xf6, 0xba, ...i32(ms), ...call(7)];
/** Wakes up every so many ms, for ever. */
export const sleepForever = (ms: number): number[] => [...sleep(ms), 0xeb, -21 & 255];
/** fork(): the child runs this, and must not end. */
export function fork({ child }: { child: readonly number[] }): number[] {
  // test eax, eax; jnz behind the child's code
  return [...call(57), 0x85, 0xc0, 0x0f, 0x85, ...i32(child.length), ...child];
}
/** Computes for ever. */
export const spin: readonly number[] = [0xeb, 0xfe];
/** Reads address 0. */
export const crash: readonly number[] = [0x31, 0xc0, 0x8b, 0x00];

/** A TCP socket (descriptor 3, if it is the first) that listens on a port of the kernel's choice. */
export const listen: readonly number[] = [
  ...[0xbe, ...i32(1), 0x31, 0xd2], // mov esi, SOCK_STREAM; xor edx, edx
  ...call(41, 2),
  ...[0xbe, ...i32(5)], // mov esi, backlog
  ...call(50, 3),
];
/** bind(3, address, length) */
function bind(address: readonly number[]): number[] {
  // A call behind the address pushes where it is; pop rsi; mov edx, length.
  return [0xe8, ...i32(address.length), ...address, 0x5e, 0xba, ...i32(address.length), ...call(49, 3)];
}
/** A unix stream socket (descriptor 3, if it is the first) that listens at the path. */
export function listenUnix(path: string): number[] {
  return [
    ...[0xbe, ...i32(1), 0x31, 0xd2], // mov esi, SOCK_STREAM; xor edx, edx
    ...call(41, 1),
    ...bind([1, 0, ...new TextEncoder().encode(path), 0]),
    ...[0xbe, ...i32(5)], // mov esi, backlog
    ...call(50, 3),
  ];
}
/** A UDP socket (descriptor 3, if it is the first) with the port. */
export function bindUdp(port: number): number[] {
  return [
    ...[0xbe, ...i32(2), 0x31, 0xd2], // mov esi, SOCK_DGRAM; xor edx, edx
    ...call(41, 2),
    ...bind([2, 0, port >> 8, port & 255, ...Array.from({ length: 12 }, () => 0)]),
  ];
}
/** accept(3, NULL, NULL): descriptor 4 the first time. */
export const accept: readonly number[] = [0x31, 0xf6, 0x31, 0xd2, ...call(43, 3)];
/** write(4, text) */
export const answer = (text: string): number[] => say(text, 4);
/** Reads from descriptor 4 once, and writes what came to standard error. */
export const tellRequest: readonly number[] = [
  ...[0x48, 0x81, 0xec, ...i32(4096)], // sub rsp, 4096
  ...[0x48, 0x89, 0xe6, 0xba, ...i32(4096)], // mov rsi, rsp; mov edx, 4096
  ...call(0, 4),
  ...[0x89, 0xc2, 0x48, 0x89, 0xe6], // mov edx, eax; mov rsi, rsp
  ...call(1, 2),
];
/** Opens a file, reads up to 4096 bytes of it, closes it. */
export function readFile(path: string): number[] {
  const name = [...new TextEncoder().encode(path), 0];
  return [
    ...[0xe8, ...i32(name.length), ...name, 0x5f], // call behind the name; pop rdi
    ...[0x31, 0xf6, 0xb8, ...i32(2), 0x0f, 0x05], // open(path, O_RDONLY)
    ...[0x41, 0x89, 0xc4], // mov r12d, eax
    ...[0x48, 0x81, 0xec, ...i32(4096)], // sub rsp, 4096
    ...[0x48, 0x89, 0xe6, 0xba, ...i32(4096)], // mov rsi, rsp; mov edx, 4096
    ...[0x44, 0x89, 0xe7, 0xb8, ...i32(0), 0x0f, 0x05], // read(r12d, ...)
    ...[0x44, 0x89, 0xe7, 0xb8, ...i32(3), 0x0f, 0x05], // close(r12d)
    ...[0x48, 0x81, 0xc4, ...i32(4096)], // add rsp, 4096
  ];
}
