import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { kernelClasses } from "./kernel_classes.ts";

const KERNEL = fileURLToPath(new URL("../kernel/", import.meta.url));

/** Classes of the kernel that hold no guest state: made anew by whoever needs them. */
const STATELESS = new Set(["LoopbackConnection", "LineSink", "PathWalker", "Tracer", "ReceiveInfo", "Arrivals"]);

it("every concrete class of the kernel is registered for snapshots, or named as stateless", () => {
  const registry = kernelClasses();
  const missing: string[] = [];
  for (const file of readdirSync(KERNEL, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts") || file.endsWith("_test.ts") || /(^|\/)_/.test(file)) continue;
    for (const [, name] of readFileSync(KERNEL + file, "utf8").matchAll(/^(?:export )?class (\w+)/gm)) {
      if (!STATELESS.has(name) && registry.classOf(name) === undefined) missing.push(`${file}: ${name}`);
    }
  }
  expect(missing).toEqual([]);
});
