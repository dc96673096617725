import { badInput, overLimit } from "../errors.ts";

/** The files that an image is made of: members of an archive, or files of a directory. */
export interface ImageFiles {
  /** What the user called it. */
  readonly name: string;
  /** Bytes of the file at a relative path with "/"; undefined when there is no such file. */
  size(path: string): Promise<number | undefined>;
  /** Content of a file that `size` knows. */
  open(path: string): AsyncIterable<Uint8Array>;
}

/** All of a small file. Throws when it is missing or longer than `limit`. */
export async function readSmallFile(files: ImageFiles, path: string, limit: number): Promise<Uint8Array> {
  const place = { file: fileName(files, path) };
  const size = await files.size(path);
  if (size === undefined) throw badInput("missing from the image", place);
  if (size > limit) throw overLimit(`has ${size} bytes, the limit is ${limit}`, place);
  const bytes = new Uint8Array(size);
  let at = 0;
  for await (const chunk of files.open(path)) {
    if (at + chunk.length > size) throw badInput(`is longer than its ${size} bytes`, place);
    bytes.set(chunk, at);
    at += chunk.length;
  }
  if (at < size) throw badInput(`ends after ${at} of ${size} bytes`, place);
  return bytes;
}

/** How errors call a file of an image. */
export function fileName(files: ImageFiles, path: string): string {
  return `${files.name}:${path}`;
}
