import { expect, test } from "vitest";
import { EACCES, ELOOP, ENOENT } from "../abi/errno.ts";
import { nameBytes } from "./name_length.ts";
import { World } from "./_world.ts";

test("names are measured in the bytes the guest sees", () => {
  for (const name of ["", "abc", "ä", "€", "𝄞", "a\udcffb"]) {
    const expected = name === "a\udcffb" ? 3 : new TextEncoder().encode(name).length;
    expect(nameBytes(name)).toBe(expected);
  }
});

test("a name that is not UTF-8 survives creation and listing", () => {
  const w = new World();
  const raw = Uint8Array.of(0x2f, 0x66, 0xff, 0x80, 0);
  const fd = w.call("open", raw, 0o101, 0o644);
  expect(fd).toBeGreaterThan(2);
  expect(w.call("lstat", raw, 0x180000)).toBe(0);
  expect(w.readlink(`/proc/self/fd/${fd}`)).toBe("/f\ufffd\ufffd");
});

test("/proc/self/fd leads to files without a name", () => {
  const w = new World();
  w.write("/gone", "still here");
  const fd = w.open("/gone");
  w.call("unlink", "/gone");
  expect(w.readlink(`/proc/self/fd/${fd}`)).toBe("/gone (deleted)");
  expect(w.read(`/proc/self/fd/${fd}`)).toBe("still here");
});

test("open files show the name they were renamed to", () => {
  const w = new World({ d: { f: "x" } });
  const fd = w.open("/d/f");
  w.call("rename", "/d", "/e");
  expect(w.readlink(`/proc/self/fd/${fd}`)).toBe("/e/f");
});

test("a directory cannot be left through a link or .. after chroot", () => {
  const w = new World({ jail: { up: "-> ../../etc", in: {} }, etc: { secret: "s" } });
  w.call("chroot", "/jail");
  w.call("chdir", "/");
  for (const path of ["/../etc/secret", "up/secret", "in/../../etc/secret", "/in/../../../etc/secret"]) {
    expect(w.read(path)).toBe(`error ${ENOENT}`);
  }
});

test("/proc/self/root does lead to the root the process has", () => {
  const w = new World({ jail: { f: "inside" } });
  w.call("chroot", "/jail");
  w.call("chdir", "/");
  expect(w.call("mkdir", "/proc", 0o755)).toBe(0);
  expect(w.read("/f")).toBe("inside");
});

test("forty links are followed, forty-one are too many", () => {
  const files: Record<string, string> = { l0: "-> file", file: "end" };
  for (let i = 1; i <= 40; i++) files[`l${i}`] = `-> l${i - 1}`;
  const w = new World(files);
  expect(w.read("/l39")).toBe("end");
  expect(w.read("/l40")).toBe(`error ${ELOOP}`);
});

test("permissions are those of the file system user, access(2) asks for the real one", () => {
  const w = new World({ f: "x" }, 1000);
  expect(w.call("access", "/f", 4)).toBe(0);
  expect(w.call("access", "/f", 2)).toBe(-EACCES);
  w.t.process.credentials.setUids(1000, 0, 0);
  expect(w.call("access", "/f", 2)).toBe(-EACCES);
  expect(w.call("faccessat2", -100, "/f", 2, 0x200)).toBe(0);
});
