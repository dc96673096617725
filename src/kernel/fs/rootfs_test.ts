import { expect, test } from "vitest";
import { ENOENT, ENOTEMPTY } from "../abi/errno.ts";
import { World } from "../vfs/_world.ts";

const IMAGE = {
  etc: { passwd: "root:x:0:0::/root:/bin/sh\n", hosts: "127.0.0.1 localhost\n" },
  usr: { lib: { "libc.so": "-> libc.so.6", "libc.so.6": "ELF" } },
  lib: "-> usr/lib",
};

test("files of the image are read as they are, with their time and mode", () => {
  const w = new World(IMAGE);
  expect(w.read("/etc/passwd")).toBe("root:x:0:0::/root:/bin/sh\n");
  expect(w.read("/lib/libc.so")).toBe("ELF");
  expect(w.stat("/etc/passwd")).toMatchObject({ mode: 0o100644, size: 26, mtime: 1_700_000_000, mtimeNs: 123_456_789 });
  expect(w.stat("/lib")).toMatchObject({ mode: 0o120777, size: 7 });
});

test("writing a file of the image changes it for the guest and not in the image", () => {
  const w = new World(IMAGE);
  const before = w.stat("/etc/hosts").ino;
  w.write("/etc/hosts", "::1 ip6\n", 0o2001);
  expect(w.read("/etc/hosts")).toBe("127.0.0.1 localhost\n::1 ip6\n");
  expect(w.stat("/etc/hosts").ino).toBe(before);
  expect(new World(IMAGE).read("/etc/hosts")).toBe("127.0.0.1 localhost\n");
});

test("a name of the image that was removed stays gone, and may be made anew", () => {
  const w = new World(IMAGE);
  expect(w.call("unlink", "/etc/hosts")).toBe(0);
  expect(w.read("/etc/hosts")).toBe(`error ${ENOENT}`);
  expect(w.list("/etc")).toEqual(["passwd"]);
  w.write("/etc/hosts", "new");
  expect(w.read("/etc/hosts")).toBe("new");
  expect(w.list("/etc")).toEqual(["passwd", "hosts"]);
  w.call("unlink", "/etc/hosts");
  expect(w.list("/etc")).toEqual(["passwd"]);
});

test("a directory of the image is empty once its names are removed", () => {
  const w = new World(IMAGE);
  expect(w.call("rmdir", "/etc")).toBe(-ENOTEMPTY);
  w.call("unlink", "/etc/hosts");
  w.call("unlink", "/etc/passwd");
  expect(w.call("rmdir", "/etc")).toBe(0);
  expect(w.list("/")).not.toContain("etc");
});

test("renaming a file of the image keeps its inode and contents", () => {
  const w = new World(IMAGE);
  const { ino } = w.stat("/etc/passwd");
  expect(w.call("rename", "/etc/passwd", "/usr/users")).toBe(0);
  expect(w.stat("/usr/users").ino).toBe(ino);
  expect(w.read("/usr/users")).toContain("root");
  expect(w.read("/etc/passwd")).toBe(`error ${ENOENT}`);
  expect(w.list("/usr")).toEqual(["lib", "users"]);
});

test("an open file of the image goes on being readable after its name is replaced", () => {
  const w = new World(IMAGE);
  const fd = w.open("/etc/hosts");
  w.write("/etc/other", "other");
  w.call("rename", "/etc/other", "/etc/hosts");
  expect(w.call("read", fd, 0x180000, 100)).toBe(20);
  expect(w.read("/etc/hosts")).toBe("other");
});

test("what a snapshot need not keep is forgotten, what changed or is open is kept", () => {
  const w = new World(IMAGE);
  w.read("/etc/passwd");
  w.write("/etc/hosts", "changed");
  const fd = w.open("/usr/lib/libc.so.6");
  const inodes = () => (w.k.vfs.rootfs as unknown as { inodes: Map<number, unknown> }).inodes.size;
  const before = inodes();
  w.k.vfs.forgetUnchanged();
  expect(inodes()).toBeLessThan(before);
  expect(w.read("/etc/hosts")).toBe("changed");
  expect(w.read("/etc/passwd")).toContain("root");
  expect(w.call("pread64", fd, 0x180000, 100, 0)).toBe(3);
});

test("directories that a container has are made where the image lacks them", () => {
  const w = new World({});
  expect(w.list("/").sort()).toEqual(["dev", "proc", "sys", "tmp"]);
  expect(w.stat("/tmp").mode).toBe(0o41777);
});
