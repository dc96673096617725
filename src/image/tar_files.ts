import { badInput, overLimit } from "../errors.ts";
import { SourceReader } from "./byte_reader.ts";
import { decompressed, sniffCompression } from "./decompress.ts";
import type { ImageFiles } from "./image_files.ts";
import type { ImageLimits } from "./limits.ts";
import { MemorySource, type RandomAccessSource, readRange } from "./source.ts";
import { readTar } from "./tar_reader.ts";

type Member =
  | { readonly type: "file"; readonly offset: number; readonly size: number }
  /** Old `docker save` writes a layer once and links to it. The path is from the archive's root. */
  | { readonly type: "link"; readonly path: string };

/** Links followed from one member to the next. */
const linksMax = 8;

/** Indexes an archive, decompressing it in memory first if the whole of it is compressed. */
export async function openTarFiles(source: RandomAccessSource, limits: ImageLimits): Promise<ImageFiles> {
  const plain = await decompressedSource(source, limits.archiveBytes);
  const members = new Map<string, Member>();
  let count = 0;
  for await (const entry of readTar(new SourceReader(plain), plain.name)) {
    if (++count > limits.members) {
      throw overLimit(`more than ${limits.members} members in an archive`, { file: plain.name, offset: entry.offset });
    }
    // A path that climbs out names nothing that anyone will ask for.
    const path = relativePath(entry.path);
    if (path === undefined) continue;
    if (entry.type === "file") {
      members.set(path, { type: "file", offset: entry.contentOffset, size: entry.size });
    } else if (entry.type === "symlink" || entry.type === "hardlink") {
      const base = entry.type === "symlink" ? path.slice(0, path.lastIndexOf("/") + 1) : "";
      const target = relativePath(base + entry.linkPath);
      if (target !== undefined) members.set(path, { type: "link", path: target });
    }
  }
  if (count === 0) throw badInput("not a tar archive", { file: plain.name, offset: 0 });
  return new TarFiles(plain, members);
}

class TarFiles implements ImageFiles {
  readonly name: string;

  constructor(private readonly source: RandomAccessSource, private readonly members: ReadonlyMap<string, Member>) {
    this.name = source.name;
  }

  size(path: string): Promise<number | undefined> {
    return Promise.resolve(this.find(path)?.size);
  }

  open(path: string): AsyncIterable<Uint8Array> {
    const member = this.find(path);
    if (member === undefined) throw badInput(`no member ${JSON.stringify(path)}`, { file: this.name });
    return readRange(this.source, member.offset, member.size);
  }

  private find(path: string) {
    let member = this.members.get(relativePath(path) ?? "");
    for (let links = 0; member?.type === "link"; links++) {
      if (links === linksMax) throw badInput(`member ${JSON.stringify(path)} is a loop of links`, { file: this.name });
      member = this.members.get(member.path);
    }
    return member;
  }
}

async function decompressedSource(source: RandomAccessSource, limit: number): Promise<RandomAccessSource> {
  if (sniffCompression(await source.read(0, 16)) === "none") return source;
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompressed(readRange(source, 0, source.size), source.name, limit)) chunks.push(chunk);
  return new MemorySource(source.name, chunks);
}

// Without "." and ".."; undefined if it climbs above the root.
function relativePath(path: string): string | undefined {
  const components: string[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name !== "..") components.push(name);
    else if (components.pop() === undefined) return undefined;
  }
  return components.join("/");
}
