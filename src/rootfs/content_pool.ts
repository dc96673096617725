import { hashWords } from "../deflate/hash_words.ts";
import { compareBytes } from "./names.ts";

/** Numbers contents in the order in which they first come; equal bytes get the same number. */
export class ContentPool {
  readonly contents: Uint8Array[] = [];
  private readonly idsByHash = new Map<string, number[]>();

  /** The number of this content. */
  add(content: Uint8Array): number {
    // The hash finds candidates, the bytes decide.
    const key = `${content.length}:${hashWords(content)}`;
    const ids = this.idsByHash.get(key);
    const known = ids?.find((id) => compareBytes(this.contents[id], content) === 0);
    if (known !== undefined) return known;
    const id = this.contents.push(content) - 1;
    if (ids === undefined) this.idsByHash.set(key, [id]);
    else ids.push(id);
    return id;
  }
}
