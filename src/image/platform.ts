import { unsupported } from "../errors.ts";

/** Operating system and processor that an image is made for, in Go's words. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  /** "v8" of arm64, "v3" of amd64; "" when not said. */
  readonly variant: string;
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter((part) => part !== "").join("/");
}

// The guest's CPUID describes x86-64-v2: a v3 image may use AVX2 without asking.
const variants = ["", "v1", "v2"];

/** How well we can run it: 0 is best, undefined not at all. */
export function platformRank({ os, architecture, variant }: Platform): number | undefined {
  if (os !== "linux" || architecture !== "amd64") return undefined;
  const rank = variants.indexOf(variant);
  return rank < 0 ? undefined : rank;
}

/** Throws unless a configuration is for a machine that we translate. */
export function requireOurPlatform(platform: Platform, file: string): void {
  if (platformRank(platform) === undefined) throw noPlatform([platform], file);
}

/** The error for an image that has other platforms only. */
export function noPlatform(platforms: readonly Platform[], file: string) {
  const names = [...new Set(platforms.map(formatPlatform))].slice(0, 20).join(", ");
  return unsupported(`no image for linux/amd64, only for ${names === "" ? "nothing" : names}`, { file });
}
