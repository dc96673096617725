/** SHA digests of streams. The only file that knows node:crypto: Web Crypto cannot digest a stream piece by piece. */
import { createHash } from "node:crypto";
import { badInput, type ErrorPlace, unsupported } from "../errors.ts";

/** A content address such as "sha256:0123…", as images write it. */
export interface Digest {
  readonly algorithm: "sha256" | "sha512";
  readonly hex: string;
}

const hexLengths = new Map([["sha256", 64], ["sha512", 128]]);

/** Parses "sha256:<64 hex digits>" or "sha512:<128 hex digits>". */
export function parseDigest(text: string, place: ErrorPlace): Digest {
  const colon = text.indexOf(":");
  const algorithm = text.slice(0, Math.max(colon, 0));
  const hex = text.slice(colon + 1);
  const quoted = JSON.stringify(text.slice(0, 200));
  if (!/^[a-z0-9]+([+._-][a-z0-9]+)*$/.test(algorithm)) throw badInput(`${quoted} is not a digest`, place);
  const length = hexLengths.get(algorithm);
  if (length === undefined) throw unsupported(`digest algorithm ${algorithm}`, place);
  if (hex.length !== length || !/^[0-9a-f]*$/.test(hex)) throw badInput(`${quoted} is not a digest`, place);
  return { algorithm: algorithm as Digest["algorithm"], hex };
}

export function formatDigest(digest: Digest): string {
  return `${digest.algorithm}:${digest.hex}`;
}

/** Takes bytes piece by piece; `finish` tells the digest of all of them. */
export class Digester {
  private readonly hash;

  constructor(readonly algorithm: Digest["algorithm"] = "sha256") {
    this.hash = createHash(algorithm);
  }

  update(bytes: Uint8Array): void {
    this.hash.update(bytes);
  }

  finish(): Digest {
    return { algorithm: this.algorithm, hex: this.hash.digest("hex") };
  }
}

/** Digest of bytes that are at hand. */
export function digestOf(bytes: Uint8Array, algorithm: Digest["algorithm"] = "sha256"): Digest {
  const digester = new Digester(algorithm);
  digester.update(bytes);
  return digester.finish();
}
