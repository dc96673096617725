/**
 * Where things lie in guest memory (DESIGN.md, section 2): low and dense, because a host may give an isolate 128 MB, counting
 * memory from its start to its highest mapped page.
 *
 *     0x20000 .. 0x400000      a hole below programs linked at 0x400000: the last place mmap uses
 *     program, then its heap   the heap has HEAP_ROOM before the next thing
 *     stack                    RLIMIT_STACK bytes of room; untouched pages cost nothing
 *     mmap                     first fit, upwards
 *     reservations             PROT_NONE mappings of RESERVATION_BYTES or more, apart, beyond the memory that is used
 */

/** Lowest address that mmap hands out: /proc/sys/vm/mmap_min_addr is 65536, and the state block's page lies at 0x10000. */
export const LOWEST_MAPPING = 0x20000;
/** Where position-independent programs go. */
export const PIE_BASE = 0x20000;
/** How far the heap can grow. A malloc that finds its brk refused goes on with mmap. */
export const HEAP_ROOM = 4 * 1024 * 1024;
/** Guest addresses stay below 4 GiB; the last 64 KiB stay free so that no length wraps. */
export const HIGHEST_END = 0xffff0000;
/** By what share of what there is memory grows beyond what is wanted, and the bounds of that. */
export const GROWTH_SHARE = 1 / 4, LEAST_GROWTH_BYTES = 1024 * 1024, MOST_GROWTH_BYTES = 32 * 1024 * 1024;
/** Address ranges reserved without access, of this size or more, are kept away from memory in use. */
export const RESERVATION_BYTES = 1024 * 1024;
/** Distance kept between the memory in use and the first reservation, for mappings to come. */
export const RESERVATION_GAP = 16 * 1024 * 1024;
