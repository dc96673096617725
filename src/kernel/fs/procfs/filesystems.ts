/** /proc/filesystems. */
export function filesystems(): string {
  return ["sysfs", "tmpfs", "proc", "cgroup2", "devtmpfs", "overlay", "pipefs", "sockfs"]
    .map((type) => `nodev\t${type}\n`).join("");
}
