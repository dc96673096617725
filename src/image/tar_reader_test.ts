import { describe, expect, it } from "vitest";
import { decodeName, encodeName } from "../rootfs/names.ts";
import { chunksOf, concat, padded, rawHeader, tarEntry, tarOf, utf8 } from "./_testing.ts";
import { SourceReader, StreamReader } from "./byte_reader.ts";
import { MemorySource } from "./source.ts";
import { readTar } from "./tar_reader.ts";

const end = new Uint8Array(1024);

async function entriesOf(tar: Uint8Array, chunkLength = 1000) {
  const entries = [];
  for await (const entry of readTar(new StreamReader(chunksOf(tar, chunkLength)), "t.tar")) {
    const { read, ...facts } = entry;
    entries.push({ ...facts, content: decodeName(await read()) });
  }
  return entries;
}

const failing = (tar: Uint8Array) => expect(entriesOf(tar)).rejects;

/** Pax records, whose length counts itself. */
function paxHeader(flag: "x" | "g", ...records: (readonly [key: string, value: string])[]): Uint8Array {
  const body = concat(...records.map(([key, value]) => {
    const rest = encodeName(` ${key}=${value}\n`);
    let length = rest.length + 1;
    while (String(length).length + rest.length !== length) length++;
    return concat(utf8(String(length)), rest);
  }));
  return concat(rawHeader([[156, flag], [124, body.length.toString(8).padStart(11, "0")]]), padded(body));
}

function gnuLong(flag: "L" | "K", name: string): Uint8Array {
  const body = concat(utf8(name), Uint8Array.of(0));
  return concat(rawHeader([[156, flag], [124, body.length.toString(8).padStart(11, "0")]]), padded(body));
}

describe("tar entries", () => {
  it("of all types are read as node-tar writes them, whatever the chunks", async () => {
    const tar = tarOf([
      { path: "d", type: "directory", mode: 0o1777 },
      { path: "d/f", content: "hello", mode: 0o4755, uid: 1000, gid: 1001, mtime: 1_700_000_000 },
      { path: "s", type: "symlink", linkPath: "d/f" },
      { path: "h", type: "hardlink", linkPath: "d/f" },
      { path: "p", type: "fifo" },
      { path: "c", type: "character device" },
      { path: "b", type: "block device" },
      { path: "x".repeat(150) + "/" + "é".repeat(120), content: "long" },
      { path: "l", type: "symlink", linkPath: "y".repeat(300) },
    ]);
    const entries = await entriesOf(tar);
    expect(entries.map(({ path, type, linkPath, content }) => [path, type, linkPath, content])).toEqual([
      ["d", "directory", "", ""],
      ["d/f", "file", "", "hello"],
      ["s", "symlink", "d/f", ""],
      ["h", "hardlink", "d/f", ""],
      ["p", "fifo", "", ""],
      ["c", "character device", "", ""],
      ["b", "block device", "", ""],
      ["x".repeat(150) + "/" + "é".repeat(120), "file", "", "long"],
      ["l", "symlink", "y".repeat(300), ""],
    ]);
    expect(entries[0].mode).toBe(0o1777);
    expect(entries[1]).toMatchObject({
      mode: 0o4755,
      uid: 1000,
      gid: 1001,
      mtime: 1_700_000_000,
      mtimeNs: 0,
      size: 5,
      offset: 512,
      contentOffset: 1024,
    });
    for (const chunkLength of [1, 511, 513, 100_000]) expect(await entriesOf(tar, chunkLength)).toEqual(entries);
  });

  it("are the same from a source with random access, where unread content costs nothing", async () => {
    const tar = tarOf([{ path: "a", content: "x".repeat(200_000) }, { path: "b", content: "tail" }]);
    const found: (string | number)[] = [];
    for await (const entry of readTar(new SourceReader(new MemorySource("t", [...splitBytes(tar)])), "t")) {
      found.push(entry.path, entry.contentOffset);
      if (entry.path === "b") found.push(decodeName(await entry.read()));
    }
    expect(found).toEqual(["a", 512, "b", 512 + 200_192 + 512, "tail"]);
  });

  it("take path, link path, size, owner and time from pax records", async () => {
    const pax = paxHeader(
      "x",
      ["path", "päx\n=name"],
      ["linkpath", "to"],
      ["uid", "100000"],
      ["gid", "3000000000"],
      ["mtime", "1350244992.023960108"],
      ["SCHILY.xattr.user.x", "\n\0\n"],
      ["size", "5"],
    );
    expect(await entriesOf(concat(pax, rawHeader([]), padded(utf8("12345")), end))).toMatchObject([
      {
        path: "päx\n=name",
        linkPath: "",
        uid: 100000,
        gid: 3_000_000_000,
        mtime: 1350244992,
        mtimeNs: 23960108,
        size: 5,
        content: "12345",
      },
    ]);
  });

  it("count negative times down from the second below", async () => {
    const tar = concat(paxHeader("x", ["mtime", "-1.25"]), tarEntry({ path: "a" }), end);
    expect(await entriesOf(tar)).toMatchObject([{ mtime: -2, mtimeNs: 750_000_000 }]);
  });

  it("forget pax records after one entry and ignore global ones", async () => {
    const tar = concat(
      paxHeader("g", ["path", "all"], ["comment", "git"]),
      paxHeader("x", ["path", "one"]),
      tarEntry({ path: "a" }),
      tarEntry({ path: "b" }),
      end,
    );
    expect((await entriesOf(tar)).map(({ path }) => path)).toEqual(["one", "b"]);
  });

  it("take long names and link names in GNU's way", async () => {
    const tar = concat(gnuLong("L", "n".repeat(500)), gnuLong("K", "t".repeat(500)), rawHeader([[156, "2"]]), end);
    expect(await entriesOf(tar)).toMatchObject([{ path: "n".repeat(500), linkPath: "t".repeat(500), type: "symlink" }]);
  });

  it("join a ustar prefix, but not what GNU keeps in its place", async () => {
    const tar = concat(
      rawHeader([[345, "some/prefix"]]),
      rawHeader([[257, "ustar  \0"], [345, "12345670123"]]),
      end,
    );
    expect((await entriesOf(tar)).map(({ path }) => path)).toEqual(["some/prefix/raw", "raw"]);
  });

  it("read base-256 numbers, negative ones too", async () => {
    const uid = Uint8Array.of(0x80, 0, 0, 0, 0x12, 0x34, 0x56, 0x78);
    const mtime = new Uint8Array(12).fill(0xff);
    expect(await entriesOf(concat(rawHeader([[108, uid], [136, mtime]]), end))).toMatchObject([{
      uid: 0x12345678,
      mtime: -1,
    }]);
  });

  it("keep names that are not UTF-8, in headers and in pax records", async () => {
    const tar = concat(
      rawHeader([[0, Uint8Array.of(0x61, 0xff, 0)]]),
      paxHeader("x", ["path", "\udcfe"]),
      rawHeader([]),
      end,
    );
    expect((await entriesOf(tar)).map(({ path }) => path)).toEqual(["a\udcff", "\udcfe"]);
  });

  it("treat a V7 file with a slash at its end as a directory", async () => {
    expect(await entriesOf(concat(rawHeader([[0, "d/\0\0"], [156, "\0"], [257, new Uint8Array(8)]]), end)))
      .toMatchObject([{ path: "d/", type: "directory" }]);
  });

  it("may end without zero blocks, and be followed by anything after them", async () => {
    expect(await entriesOf(tarEntry({ path: "a" }))).toHaveLength(1);
    expect(await entriesOf(concat(tarEntry({ path: "a" }), end, utf8("padding of whatever kind")))).toHaveLength(1);
    expect(await entriesOf(new Uint8Array(0))).toEqual([]);
  });
});

describe("a bad tar is refused in one line with its offset", () => {
  it("when it is not a tar at all", async () => {
    await failing(utf8("hello")).toThrow("t.tar, offset 0: not a tar archive");
    await failing(utf8("hello".repeat(500))).toThrow("t.tar, offset 0: not a tar archive");
  });

  it("when it is cut off within content or a header", async () => {
    const tar = tarOf([{ path: "a", content: "x".repeat(2000) }, { path: "b" }]);
    await failing(tar.subarray(0, 1500)).toThrow(
      "t.tar, offset 0: tar archive is cut off within an entry of 2000 bytes",
    );
    await failing(tar.subarray(0, 512 + 2048 + 100)).toThrow(
      "t.tar, offset 2560: tar archive is cut off within a header",
    );
  });

  it("when a header's checksum is wrong", async () => {
    const tar = tarOf([{ path: "a" }, { path: "b" }]);
    tar[512 + 3] ^= 1;
    await failing(tar).toThrow("t.tar, offset 512: tar header has a wrong checksum");
  });

  it("when a header claims a hostile size", async () => {
    const huge = Uint8Array.of(0x80, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0);
    await failing(concat(rawHeader([[124, huge]]), end)).toThrow(
      "offset 0: tar header claims about 1152921504606847000 bytes",
    );
    await failing(concat(rawHeader([[124, new Uint8Array(12).fill(0xff)]]), end)).toThrow(
      "tar size -1 is out of range",
    );
    await failing(concat(paxHeader("x", ["size", "1" + "0".repeat(20)]), rawHeader([]), end)).toThrow(
      "claims about 100000000000000000000 bytes",
    );
  });

  it("when a size below all limits is a lie", async () => {
    const reading = readTar(new StreamReader(chunksOf(concat(rawHeader([[124, "7777777777\0"]]), end))), "t.tar");
    const { value } = await reading.next();
    expect(value!.size).toBe(0o7777777777);
    // Not read, only skipped: no gigabyte is asked of the host.
    await expect(reading.next()).rejects.toThrow("cut off within an entry of 1073741823 bytes");
  });

  it("when an extended header is too large or damaged", async () => {
    await failing(rawHeader([[156, "x"], [124, "77777777777"]])).toThrow(
      "tar extended header of 8589934591 bytes, the limit is 1048576",
    );
    await failing(concat(rawHeader([[156, "x"], [124, "00000000005"]]), padded(utf8("9 a=b")), rawHeader([]))).toThrow(
      "pax extended header is damaged",
    );
    await failing(concat(paxHeader("x", ["uid", "12x"]), rawHeader([]))).toThrow("pax uid is not a number");
    await failing(concat(paxHeader("x", ["path", "a\0b"]), rawHeader([]))).toThrow("tar entry's path holds a NUL");
  });

  it("when it holds sparse files or other types that nobody writes into images", async () => {
    await failing(rawHeader([[156, "S"]])).toThrow('sparse file "raw" in a tar archive');
    await failing(concat(paxHeader("x", ["GNU.sparse.major", "1"]), rawHeader([]))).toThrow("sparse file");
    await failing(rawHeader([[156, "M"]])).toThrow('tar entry of type "M"');
  });

  it("when a number is no number or an owner is out of range", async () => {
    await failing(rawHeader([[108, "abc"]])).toThrow("tar uid is not a number");
    await failing(rawHeader([[116, Uint8Array.of(0x80, 0, 0, 1, 0, 0, 0, 0)]])).toThrow(
      "tar gid 4294967296 is out of range",
    );
  });

  it("when it has no name, or goes on after a zero block", async () => {
    await failing(rawHeader([[0, new Uint8Array(100)]])).toThrow("tar entry has no path");
    await failing(concat(new Uint8Array(512), rawHeader([]))).toThrow("tar archive goes on after a zero block");
  });
});

function* splitBytes(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
}
