/**
 * Tar archives, entry by entry: V7, ustar, pax, star and GNU with long names and base-256 numbers.
 *
 * Our own and not node-tar's parser, because that decodes names as UTF-8 (a name that is not UTF-8 is lost, and a long
 * name is garbled where it crosses a chunk), skips damaged headers as if they were not there, and does not tell
 * where an entry's content is, which the index of an outer archive needs. Tests use node-tar to write archives.
 */
import { badInput, type ErrorPlace, overLimit, unsupported } from "../errors.ts";
import type { LayerEntryType } from "../rootfs/merge.ts";
import { decodeName } from "../rootfs/names.ts";
import type { ByteReader } from "./byte_reader.ts";
import { parsePax, paxInteger, paxTime } from "./pax.ts";
import {
  blockBytes,
  checkedId,
  checkedSize,
  hasValidChecksum,
  isZeroBlock,
  parseTarHeader,
  type TarHeader,
} from "./tar_header.ts";

export interface TarEntry {
  readonly path: string;
  readonly type: LayerEntryType;
  readonly linkPath: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly mtimeNs: number;
  /** Bytes of content; 0 for everything but files. */
  readonly size: number;
  /** Where the entry's own header is. */
  readonly offset: number;
  /** Where its content is. */
  readonly contentOffset: number;
  /** The content, once, before the next entry is asked for. Callers bound `size` first: it is only a claim. */
  read(): Promise<Uint8Array>;
}

/** Extended headers and long names may have a megabyte, as in Go's archive/tar. */
const metaBytesMax = 1 << 20;

const entryTypes = new Map<string, LayerEntryType>([
  ["0", "file"],
  ["7", "file"],
  ["1", "hardlink"],
  ["2", "symlink"],
  ["3", "character device"],
  ["4", "block device"],
  ["5", "directory"],
  ["6", "fifo"],
]);

/** What meta entries say about the entry that follows them. */
interface Overrides {
  pax: Map<string, string>;
  longPath?: string;
  longLinkPath?: string;
}

/** The entries of an archive. Whatever the caller has not read of an entry is skipped. */
export async function* readTar(reader: ByteReader, file: string): AsyncGenerator<TarEntry> {
  let overrides: Overrides = { pax: new Map() };
  for (;;) {
    const offset = reader.position;
    const place = { file, offset };
    const header = await nextHeader(reader, place);
    if (header === undefined) return;
    if (await takeMeta(reader, header, overrides, place)) continue;
    const entry = describe(header, overrides, place);
    overrides = { pax: new Map() };
    const body = new Body(reader, entry.size, place);
    yield { ...entry, offset, contentOffset: reader.position, read: () => body.read() };
    await body.skipRest();
  }
}

// Undefined at the end: two zero blocks, or no bytes at all at a block's boundary, as Go and GNU tar accept it.
async function nextHeader(reader: ByteReader, place: ErrorPlace): Promise<TarHeader | undefined> {
  const block = await reader.read(blockBytes);
  if (block.length === 0) return undefined;
  if (block.length < blockBytes) {
    throw badInput(place.offset === 0 ? "not a tar archive" : "tar archive is cut off within a header", place);
  }
  if (isZeroBlock(block)) {
    const second = await reader.read(blockBytes);
    if (second.length === 0 || (second.length === blockBytes && isZeroBlock(second))) return undefined;
    throw badInput("tar archive goes on after a zero block", place);
  }
  if (!hasValidChecksum(block)) {
    throw badInput(place.offset === 0 ? "not a tar archive" : "tar header has a wrong checksum", place);
  }
  return parseTarHeader(block, place);
}

// Whether the header was about the next entry, and not an entry itself.
async function takeMeta(
  reader: ByteReader,
  header: TarHeader,
  overrides: Overrides,
  place: ErrorPlace,
): Promise<boolean> {
  if (!"xXgLKV".includes(header.flag)) return false;
  if (header.size > metaBytesMax) {
    throw overLimit(`tar extended header of ${header.size} bytes, the limit is ${metaBytesMax}`, place);
  }
  const body = new Body(reader, header.size, place);
  const bytes = await body.read();
  await body.skipRest();
  if (header.flag === "x" || header.flag === "X") {
    overrides.pax = parsePax(bytes, place);
  } else if (header.flag === "g") {
    // Global records are checked and ignored, as docker ignores them; git puts a comment there.
    parsePax(bytes, place);
  } else if (header.flag === "L") {
    overrides.longPath = untilNul(bytes);
  } else if (header.flag === "K") {
    overrides.longLinkPath = untilNul(bytes);
  }
  return true;
}

function describe(header: TarHeader, overrides: Overrides, place: ErrorPlace) {
  const { pax } = overrides;
  const path = checkedName(pax.get("path") ?? overrides.longPath ?? header.path, "path", place);
  if (path === "") throw badInput("tar entry has no path", place);
  const linkPath = checkedName(pax.get("linkpath") ?? overrides.longLinkPath ?? header.linkPath, "link path", place);
  if (header.flag === "S" || pax.keys().some((key) => key.startsWith("GNU.sparse."))) {
    throw unsupported(`sparse file ${JSON.stringify(path.slice(0, 200))} in a tar archive`, place);
  }
  const type = entryTypes.get(header.flag);
  if (type === undefined) throw unsupported(`tar entry of type ${JSON.stringify(header.flag)}`, place);
  const time = paxTime(pax.get("mtime") ?? String(header.mtime), "mtime", place);
  const id = (key: "uid" | "gid") =>
    pax.has(key) ? checkedId(paxInteger(pax.get(key)!, key, place), key, place) : header[key];
  const size = pax.has("size") ? checkedSize(paxInteger(pax.get("size")!, "size", place), place) : header.size;
  return {
    path,
    // V7 has no type for directories, only a slash.
    type: type === "file" && path.endsWith("/") ? "directory" as const : type,
    linkPath: type === "symlink" || type === "hardlink" ? linkPath : "",
    mode: header.mode,
    uid: id("uid"),
    gid: id("gid"),
    mtime: time.seconds,
    mtimeNs: time.ns,
    // Links, directories and devices have no content, whatever their size field says (Go's archive/tar agrees).
    size: type === "file" ? size : 0,
  };
}

/** The content of one entry, padded to a block. */
class Body {
  private consumed = 0;

  constructor(private readonly reader: ByteReader, private readonly size: number, private readonly place: ErrorPlace) {}

  async read(): Promise<Uint8Array> {
    const bytes = await this.reader.read(this.size - this.consumed);
    this.consumed += bytes.length;
    if (this.consumed < this.size) throw this.cutOff();
    return bytes;
  }

  async skipRest(): Promise<void> {
    const left = this.size - this.consumed;
    if (await this.reader.skip(left) < left) throw this.cutOff();
    const padding = (blockBytes - this.size % blockBytes) % blockBytes;
    await this.reader.skip(padding);
  }

  private cutOff() {
    return badInput(`tar archive is cut off within an entry of ${this.size} bytes`, this.place);
  }
}

function checkedName(name: string, what: string, place: ErrorPlace): string {
  if (name.includes("\0")) throw badInput(`tar entry's ${what} holds a NUL`, place);
  return name;
}

function untilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeName(end < 0 ? bytes : bytes.subarray(0, end));
}
