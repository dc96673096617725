/** Images on the host's disk, for the command line. */
import { open, realpath, stat } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { join, resolve, sep } from "node:path";
import { badInput } from "../errors.ts";
import type { Image } from "../image/image.ts";
import type { ImageFiles } from "../image/image_files.ts";
import { openImage, openImageArchive, type OpenImageOptions } from "../image/open_image.ts";
import type { RandomAccessSource } from "../image/source.ts";

/** An image with the file that it is read from. */
export interface OpenedImage {
  readonly image: Image;
  /** Closes the file; layers cannot be read afterwards. */
  close(): Promise<void>;
}

/** Opens a docker archive, an OCI layout as a tar, or a directory with either. */
export async function openImagePath(path: string, options: OpenImageOptions = {}): Promise<OpenedImage> {
  const info = await stat(path).catch((error) => {
    throw badInput(`cannot be opened (${error.code ?? error})`, { file: path }, { cause: error });
  });
  if (info.isDirectory()) {
    return { image: await openImage(new DirectoryFiles(path, await realpath(path)), options), close: async () => {} };
  }
  if (!info.isFile()) throw badInput("is neither a file nor a directory", { file: path });
  const handle = await open(path, "r").catch((error) => {
    throw badInput(`cannot be opened (${error.code ?? error})`, { file: path }, { cause: error });
  });
  try {
    const image = await openImageArchive(fileSource(handle, path, info.size), options);
    return { image, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function fileSource(handle: Awaited<ReturnType<typeof open>>, name: string, size: number): RandomAccessSource {
  return {
    name,
    size,
    async read(offset, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      let at = 0;
      while (at < bytes.length) {
        const { bytesRead } = await handle.read(bytes, at, bytes.length - at, offset + at);
        // The file became shorter while it was read.
        if (bytesRead === 0) break;
        at += bytesRead;
      }
      return bytes.subarray(0, at);
    },
  };
}

/** Files of a directory. A symbolic link in it must not lead an image to other files of the host. */
class DirectoryFiles implements ImageFiles {
  /** `base` is the directory with all links resolved. */
  constructor(readonly name: string, private readonly base: string) {}

  async size(path: string): Promise<number | undefined> {
    const found = await realpath(join(this.base, path)).catch(() => undefined);
    if (found === undefined || !found.startsWith(this.base.endsWith(sep) ? this.base : this.base + sep)) {
      return undefined;
    }
    const info = await stat(found);
    return info.isFile() ? info.size : undefined;
  }

  async *open(path: string): AsyncGenerator<Uint8Array> {
    if (await this.size(path) === undefined) throw badInput(`no file ${JSON.stringify(path)}`, { file: this.name });
    yield* createReadStream(resolve(this.base, path), { highWaterMark: 1 << 18 }) as AsyncIterable<Uint8Array>;
  }
}
