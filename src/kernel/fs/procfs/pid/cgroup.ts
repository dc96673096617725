/** /proc/<pid>/cgroup: the root of a cgroup namespace (version 2), as a container sees it. */
export function cgroup(): string {
  return "0::/\n";
}
