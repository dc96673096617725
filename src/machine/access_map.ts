/**
 * What the pages of a process allow, a byte each by guest page number: kept by the kernel, and read by code that checks its loads
 * and stores (MODE_CHECKED). That may use the state block besides, which is no mapping, so it has bits of its own.
 */
import { GUEST_BIAS } from "./state.ts";

/** Pages of 4 KiB. */
export const PAGE_BITS = 12;

/** What system calls may do. On x86-64 a page that can be written or executed can be read. */
export const ACCESS_READ = 1, ACCESS_WRITE = 2;
/** The same for checked code. */
export const CHECK_READ = 4, CHECK_WRITE = 8;

/** The byte of a page from its ACCESS_ bits. */
export function accessByte(bits: number): number {
  return bits | bits << 2;
}

const WASM_PAGE = 65536;
/** All of 4 GiB, and what addresses below GUEST_BIAS are looked up as. */
const MAP_PAGES = 17;

/** A map of all guest pages, that wasm can import. */
export class AccessMap {
  readonly memory: WebAssembly.Memory = new WebAssembly.Memory({ initial: MAP_PAGES, maximum: MAP_PAGES });

  /** The kernel's part of it, with nothing allowed yet. */
  begin(): Uint8Array {
    const bytes = new Uint8Array(this.memory.buffer, 0, (MAP_PAGES - 1) * WASM_PAGE).fill(0);
    bytes[GUEST_BIAS >> PAGE_BITS] = CHECK_READ | CHECK_WRITE;
    return bytes;
  }
}
