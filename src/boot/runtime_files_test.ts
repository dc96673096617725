import { expect, test } from "vitest";
import { World } from "../kernel/vfs/_world.ts";
import { provideRuntimeFiles } from "./runtime_files.ts";

test("hosts and hostname are there where the image leaves them empty or out", () => {
  const w = new World({ etc: { hosts: "" } });
  provideRuntimeFiles(w.k);
  expect(w.read("/etc/hosts")).toMatch(/^127\.0\.0\.1\tlocalhost\n/);
  expect(w.read("/etc/hostname")).toBe("localhost\n");
  expect(w.read("/etc/resolv.conf")).toMatch(/^nameserver 127\.0\.0\.11\n/);
  const bare = new World({});
  provideRuntimeFiles(bare.k);
  expect(bare.read("/etc/hosts")).toBe(w.read("/etc/hosts"));
});

test("what the image says stays, and its host's own name is known", () => {
  const w = new World({ etc: { hosts: "10.0.0.1 db\n" } });
  w.k.hostname = "web";
  provideRuntimeFiles(w.k);
  expect(w.read("/etc/hosts")).toBe("10.0.0.1 db\n");
  const named = new World({});
  named.k.hostname = "web";
  provideRuntimeFiles(named.k);
  expect(named.read("/etc/hosts")).toContain("172.17.0.2\tweb\n");
});
