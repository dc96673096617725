/** A copy of shared memory: text in that cannot be decoded. */
export function ownCopy(bytes: SharedArrayBuffer): Uint8Array {
  return new Uint8Array(new Uint8Array(bytes));
}
