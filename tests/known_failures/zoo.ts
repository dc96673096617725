/** Where a translated server answers otherwise than the real one because of the host in front of it. The list may only shrink. */
export interface HostGap {
  readonly host: "deno" | "node" | "workers";
  readonly probe: RegExp;
  /** What each difference of the probe must look like. */
  readonly difference: RegExp;
  readonly reason: string;
}

export const HOST_GAPS: readonly HostGap[] = [
  {
    host: "deno",
    probe: /./,
    difference: /^header date: got "\*", expected nothing$/,
    reason: "Deno's HTTP server adds a Date field to every response without one",
  },
  {
    host: "node",
    probe: /^bad-method$/,
    difference: /./,
    reason: "Node's HTTP parser refuses methods that it does not know",
  },
  {
    host: "workers",
    probe: /^bad-method$/,
    difference: /./,
    reason: "workerd refuses methods that it does not know",
  },
  {
    host: "workers",
    probe: /^http10$/,
    difference: /./,
    reason: "the server of wrangler dev refuses HTTP/1.0",
  },
];
