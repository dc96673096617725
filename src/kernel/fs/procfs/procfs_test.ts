import { expect, test } from "vitest";
import { EACCES, ENOENT, EPERM } from "../../abi/errno.ts";
import { BUFFER, World } from "../../vfs/_world.ts";

test("/proc/self is the process that looks, and its files tell about it", () => {
  const w = new World({}, 1000);
  w.t.name = "server";
  w.t.process.exe = "/usr/bin/server";
  expect(w.readlink("/proc/self")).toBe("1");
  expect(w.readlink("/proc/self/exe")).toBe("/usr/bin/server");
  expect(w.readlink("/proc/self/cwd")).toBe("/");
  expect(w.read("/proc/self/comm")).toBe("server\n");
  const status = w.read("/proc/self/status");
  expect(status).toContain("Name:\tserver\n");
  expect(status).toContain("Uid:\t1000\t1000\t1000\t1000\n");
  expect(w.read("/proc/self/stat")).toMatch(/^1 \(server\) [RS] 0 1 1 0 -1 /);
  expect(w.read("/proc/self/stat").trim().split(" ")).toHaveLength(52);
  expect(w.read("/proc/self/limits")).toContain("Max open files            1024");
  expect(w.read("/proc/1/task/1/comm")).toBe("server\n");
});

test("/proc/<pid>/fd and fdinfo list the open descriptors", () => {
  const w = new World({ f: "contents" });
  const fd = w.open("/f");
  w.call("lseek", fd, 3, 0);
  expect(w.list("/proc/self/fd")).toEqual(["0", "1", "2", "3", "4"]);
  expect(w.readlink("/proc/self/fd/1")).toMatch(/^pipe:\[\d+\]$/);
  expect(w.read(`/proc/self/fdinfo/${fd}`)).toMatch(/^pos:\t3\nflags:\t0100000\nmnt_id:\t\d+\n/);
  expect(w.read("/proc/self/fd/77")).toBe(`error ${ENOENT}`);
});

test("every file in /proc and /sys can be listed, looked at and read", () => {
  const w = new World();
  let files = 0;
  const visit = (path: string, depth: number) => {
    for (const name of w.list(path)) {
      const child = `${path}/${name}`;
      if (/\/fd(info)?\/3$/.test(child)) continue; // The listing's own descriptor, closed by now.
      const { mode } = w.stat(child);
      if ((mode & 0o170000) === 0o040000 && depth < 8) visit(child, depth + 1);
      else if ((mode & 0o170000) === 0o100000) {
        expect(w.read(child), child).not.toMatch(/^error/);
        files++;
      } else if ((mode & 0o170000) === 0o120000) expect(w.readlink(child), child).not.toBe("");
    }
  };
  visit("/proc", 0);
  visit("/sys", 0);
  expect(files).toBeGreaterThan(100);
});

test("a table is one text from its first read to its last", () => {
  const w = new World();
  const fd = w.open("/proc/uptime");
  expect(w.call("read", fd, BUFFER, 2)).toBe(2);
  w.host.advanceNs(1e12);
  const first = w.bytesAt(BUFFER, 2);
  expect(w.call("pread64", fd, BUFFER, 2, 0)).toBe(2);
  expect(w.bytesAt(BUFFER, 2)).not.toEqual(first);
  expect(w.call("read", fd, BUFFER, 100)).toBeGreaterThan(5);
  expect(w.call("read", fd, BUFFER, 100)).toBe(0);
});

test("nothing can be made or removed in /proc", () => {
  const w = new World();
  expect(w.open("/proc/new", 0o101)).toBe(-ENOENT);
  expect(w.call("mkdir", "/proc/new", 0o755)).toBe(-ENOENT);
  expect(w.call("symlink", "to", "/proc/self/new")).toBe(-ENOENT);
  expect(w.call("unlink", "/proc/version")).toBe(-EPERM);
  const user = new World({}, 1000);
  expect(user.open("/proc/version", 1)).toBe(-EACCES);
});

test("the cgroup is a file system of its own below /sys", () => {
  const w = new World();
  expect(w.read("/sys/fs/cgroup/cpu.max")).toBe("max 100000\n");
  expect(w.read("/proc/self/mountinfo")).toMatch(/ \/sys\/fs\/cgroup ro,.* - cgroup2 cgroup ro\n/);
  expect(w.list("/sys/fs/cgroup/..")).toContain("cgroup");
});

test("/proc/cpuinfo names what CPUID announces", () => {
  const w = new World();
  const flags = () => /^flags\s*: (.*)$/m.exec(w.read("/proc/cpuinfo"))![1].split(" ");
  expect(flags()).toEqual(expect.arrayContaining(["lm", "sse4_2", "popcnt", "erms"]));
  expect(flags()).not.toContain("avx");
  w.t.process.kernel.cpuLevel = "x86-64-v3";
  expect(flags()).toEqual(expect.arrayContaining(["avx2", "fma", "bmi2", "f16c", "abm", "aes", "sha_ni", "xsavec"]));
  expect(flags().filter((flag) => flag.startsWith("avx512"))).toEqual([]);
});
