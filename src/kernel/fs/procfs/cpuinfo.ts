/** /proc/cpuinfo: one CPU of the x86-64-v2 level that CPUID describes. */
export function cpuinfo(): string {
  const flags = "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 " +
    "syscall nx lm constant_tsc rep_good nopl pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm";
  const rows: [string, string][] = [
    ["processor", "0"],
    ["vendor_id", "GenuineIntel"],
    ["cpu family", "6"],
    ["model", "37"],
    ["model name", "Lighter x86-64-v2"],
    ["stepping", "1"],
    ["cpu MHz", "1000.000"],
    ["cache size", "4096 KB"],
    ["physical id", "0"],
    ["siblings", "1"],
    ["core id", "0"],
    ["cpu cores", "1"],
    ["fpu", "yes"],
    ["fpu_exception", "yes"],
    ["cpuid level", "11"],
    ["wp", "yes"],
    ["flags", flags],
    ["bogomips", "2000.00"],
    ["clflush size", "64"],
    ["cache_alignment", "64"],
    ["address sizes", "40 bits physical, 48 bits virtual"],
  ];
  return rows.map(([name, value]) => `${name}${name.length < 8 ? "\t\t" : "\t"}: ${value}\n`).join("") + "\n";
}
