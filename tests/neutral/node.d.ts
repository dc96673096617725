// All that src uses of Node's modules, and where: image/digest.ts and image/gunzip.ts say why.

declare module "node:crypto" {
  export function createHash(name: string): { update(bytes: Uint8Array): unknown; digest(encoding: "hex"): string };
}

declare module "node:zlib" {
  export function createGunzip(options: { chunkSize: number }): AsyncIterable<unknown>;
}

declare module "node:stream" {
  export class Readable {
    static from(source: AsyncIterable<Uint8Array>, options: { objectMode: boolean }): Readable;
  }
  export function pipeline(from: Readable, to: AsyncIterable<unknown>, done: () => void): void;
}
