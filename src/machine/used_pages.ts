/** Pages of guest memory that something was written to, for machines without compiled code: Machine.nextUsedPage(). */
const PAGE_BYTES = 4096;

/** The first page from linear address `from` on that is not all zero, or `end`; both are page borders. */
export function nextUsedPageOf(words: Int32Array, from: number, end: number): number {
  const last = end / 4;
  let i = from / 4;
  while (i < last && words[i] === 0) i++;
  return i < last ? 4 * i - 4 * i % PAGE_BYTES : end;
}
