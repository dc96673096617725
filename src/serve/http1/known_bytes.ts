/**
 * Bytes that others are compared with time and again: heads that were read before. Four at a time, through a DataView, since the
 * bytes of a head begin anywhere.
 */
export class KnownBytes {
  readonly length: number;
  private readonly view: DataView;

  /** The bytes are not to be changed afterwards. */
  constructor(readonly bytes: Uint8Array) {
    this.length = bytes.length;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Whether bytes[at, ...) begin with these. */
  begin(bytes: Uint8Array, at: number): boolean {
    const { length, view } = this;
    if (bytes.length - at < length) return false;
    const other = viewOf(bytes.buffer), start = bytes.byteOffset + at;
    let i = 0;
    for (; i + 16 <= length; i += 16) {
      const differs = (other.getInt32(start + i, true) ^ view.getInt32(i, true)) |
        (other.getInt32(start + i + 4, true) ^ view.getInt32(i + 4, true)) |
        (other.getInt32(start + i + 8, true) ^ view.getInt32(i + 8, true)) |
        (other.getInt32(start + i + 12, true) ^ view.getInt32(i + 12, true));
      if (differs !== 0) return false;
    }
    for (; i + 4 <= length; i += 4) if (other.getInt32(start + i, true) !== view.getInt32(i, true)) return false;
    for (; i < length; i++) if (other.getUint8(start + i) !== view.getUint8(i)) return false;
    return true;
  }
}

/** Of the two buffers seen last: requests are read into one, answers into another, and both for long. */
let recent: DataView = new DataView(new ArrayBuffer(0)), older = recent;

function viewOf(buffer: ArrayBufferLike): DataView {
  if (recent.buffer === buffer) return recent;
  const found = older.buffer === buffer ? older : new DataView(buffer);
  older = recent;
  return recent = found;
}
