/** Decode speed over the code of a real binary. Run: deno bench -A bench/decode_bench.ts [-- path] */
import { decode, decodeInto } from "../src/x86/decode.ts";
import { Instruction } from "../src/x86/instruction.ts";

const file = await Deno.readFile(Deno.args[0] ?? "/bin/busybox").catch(() => null);

if (file !== null) {
  // A slice from the middle of a binary is nearly all code; what is not decodes as something.
  const start = file.length >> 2, end = Math.min(file.length, start + 400_000);

  Deno.bench("decode(): a record each, 400 kB of code", { group: "decode" }, () => {
    for (let at = start; at < end;) {
      const result = decode(file, at, end, at);
      at += result instanceof Instruction ? result.length : 1;
    }
  });

  const into = new Instruction();
  Deno.bench("decodeInto(): one record, 400 kB of code", { group: "decode" }, () => {
    for (let at = start; at < end;) at += decodeInto(into, file, at, end, at) === 0 ? into.length : 1;
  });
}
