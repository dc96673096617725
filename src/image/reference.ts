/** Whether one of an image's names is the one asked for, short forms as docker understands them. */
export function matchesReference(names: readonly string[], wanted: string): boolean {
  return names.some((name) => name === wanted || normalize(name) === normalize(wanted));
}

// "busybox" is "docker.io/library/busybox:latest". A bare tag stays apart: it is compared as it stands.
function normalize(reference: string): string {
  const slash = reference.indexOf("/");
  const host = slash < 0 ? "" : reference.slice(0, slash);
  const hasHost = host.includes(".") || host.includes(":") || host === "localhost";
  const full = hasHost ? reference : slash < 0 ? `docker.io/library/${reference}` : `docker.io/${reference}`;
  const last = full.slice(full.lastIndexOf("/") + 1);
  return last.includes(":") || last.includes("@") ? full : `${full}:latest`;
}
