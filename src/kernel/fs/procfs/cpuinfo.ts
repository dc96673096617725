import { type CpuidLeaf, cpuidLeaf } from "../../../machine/helpers/cpuid.ts";
import type { Kernel } from "../../kernel.ts";

const EAX = 0, EBX = 1, ECX = 2, EDX = 3;

/** Words of features in the order and with the names of Linux (arch/x86/include/asm/cpufeatures.h). */
const WORDS: readonly { leaf: number; subleaf: number; register: number; names: Record<number, string> }[] = [
  {
    leaf: 1,
    subleaf: 0,
    register: EDX,
    names: named(
      "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn clflush - dts acpi mmx fxsr sse sse2",
    ),
  },
  {
    leaf: 0x80000001,
    subleaf: 0,
    register: EDX,
    names: { 11: "syscall", 20: "nx", 27: "rdtscp", 29: "lm" },
  },
  {
    leaf: 1,
    subleaf: 0,
    register: ECX,
    names: named(
      "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16 xtpr pdcm - pcid dca sse4_1 sse4_2 " +
        "x2apic movbe popcnt tsc_deadline_timer aes xsave - avx f16c rdrand",
    ),
  },
  {
    leaf: 0x80000001,
    subleaf: 0,
    register: ECX,
    names: { 0: "lahf_lm", 5: "abm", 8: "3dnowprefetch" },
  },
  {
    leaf: 7,
    subleaf: 0,
    register: EBX,
    names: {
      0: "fsgsbase",
      3: "bmi1",
      5: "avx2",
      8: "bmi2",
      9: "erms",
      18: "rdseed",
      19: "adx",
      29: "sha_ni",
    },
  },
  { leaf: 0xd, subleaf: 1, register: EAX, names: { 0: "xsaveopt", 1: "xsavec", 2: "xgetbv1" } },
];
/** What Linux adds by itself. */
const ADDED = "constant_tsc rep_good nopl";

function named(list: string): Record<number, string> {
  return Object.fromEntries(list.split(" ").map((name, bit) => [bit, name]).filter(([, name]) => name !== "-"));
}

/** /proc/cpuinfo: the one CPU that CPUID describes. */
export function cpuinfo(k: Kernel): string {
  const leaf = (number: number, subleaf = 0): CpuidLeaf => cpuidLeaf(number, subleaf, k.cpuLevel);
  const signature = leaf(1)[EAX];
  const flags = WORDS.flatMap(({ leaf: number, subleaf, register, names }) => {
    const bits = leaf(number, subleaf)[register];
    return Object.entries(names).filter(([bit]) => bits >>> Number(bit) & 1).map(([, name]) => name);
  });
  const rows: [string, string][] = [
    ["processor", "0"],
    ["vendor_id", "GenuineIntel"],
    ["cpu family", `${signature >>> 8 & 15}`],
    ["model", `${signature >>> 12 & 0xf0 | signature >>> 4 & 15}`],
    ["model name", `Lighter ${k.cpuLevel}`],
    ["stepping", `${signature & 15}`],
    ["cpu MHz", "1000.000"],
    ["cache size", "16384 KB"],
    ["physical id", "0"],
    ["siblings", "1"],
    ["core id", "0"],
    ["cpu cores", "1"],
    ["fpu", "yes"],
    ["fpu_exception", "yes"],
    ["cpuid level", `${leaf(0)[EAX]}`],
    ["wp", "yes"],
    ["flags", `${flags.join(" ")} ${ADDED}`],
    ["bogomips", "2000.00"],
    ["clflush size", "64"],
    ["cache_alignment", "64"],
    ["address sizes", "40 bits physical, 48 bits virtual"],
  ];
  return rows.map(([name, value]) => `${name}${name.length < 8 ? "\t\t" : "\t"}: ${value}\n`).join("") + "\n";
}
