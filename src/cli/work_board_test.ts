import { MessageChannel } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { CODE, programOf } from "../translate/_program.ts";
import { type CodeEntries, findEntries } from "../discover/entries.ts";
import { translateFile } from "../translate/file_task.ts";
import { digest, fixtureTask } from "../translate/_fixture_task.ts";
import { FileHelp } from "./file_help.ts";
import { claimJob, endBoard, HelpedWork, makeBoard, OfferedWork } from "./work_board.ts";

function sides(helpers: number) {
  const board = makeBoard(1 << 10), channels = Array.from({ length: helpers }, () => new MessageChannel());
  return {
    offered: new OfferedWork(board, channels.map(({ port1 }) => port1)),
    helped: channels.map(({ port2 }) => new HelpedWork(board, port2)),
  };
}

describe("the board", () => {
  it("gives each function to one, helpers the last that was offered", () => {
    const { offered, helped: [first, second] } = sides(2);
    for (const pc of [0x1000, 0x80002000, 0x3000, 0x4000, 0x5000]) offered.offer(pc);
    expect(offered.take(0x1000)).toBeNull();
    expect([first.next(), second.next()]).toEqual([0x5000, 0x4000]);
    offered.offer(0x6000);
    expect([first.next(), first.next(), second.next(), second.next()]).toEqual([0x6000, 0x3000, 0x80002000, -1]);
    first.close();
    second.close();
    offered.end();
  });

  it("hands over what was made, and leaves what could not be made", () => {
    const { offered, helped: [helper] } = sides(1);
    for (const pc of [0x1000, 0x2000, 0x3000]) offered.offer(pc);
    for (let pc; (pc = helper.next()) >= 0;) helper.answer({ pc, made: null });
    helper.flush();
    expect([0x1000, 0x3000, 0x2000].map((pc) => offered.take(pc))).toEqual([null, null, null]);
    expect(helper.isOver).toBe(false);
    offered.end();
    expect(helper.isOver).toBe(true);
    helper.close();
  });

  it("tells helpers what was found of the code", () => {
    const { offered, helped } = sides(2), program = programOf("main: e8 @f  cc   f: c3", { data: ["f"] });
    expect(helped.map((helper) => helper.found())).toEqual([undefined, undefined]);
    const found = findEntries(program);
    offered.begin(found);
    for (const helper of helped) {
      const { map, roots, starts, ends, labels, functions, endOf, mayBeTaken } = helper.found()!;
      expect([roots, starts, ends, labels, functions]).toEqual([
        found.roots,
        found.starts,
        found.ends,
        found.labels,
        found.functions,
      ]);
      const pcs = Array.from({ length: 10 }, (_, i) => CODE - 1 + i);
      const about = (of: CodeEntries) => pcs.map((pc) => [of.map.get(pc), of.endOf(pc), of.mayBeTaken(pc)]);
      expect(about({ ...found, map, endOf, mayBeTaken })).toEqual(about(found));
      expect(map.referenced).toEqual(found.map.referenced);
      helper.close();
    }
    offered.end();
  });

  it("has room for so many functions; others are the translation's", () => {
    const { offered, helped: [helper] } = sides(1);
    for (let i = 1; i <= 40; i++) offered.offer(i);
    expect(helper.next()).toBe(32);
    expect(offered.take(40)).toBeNull();
    helper.close();
    offered.end();
  });
});

describe("helping with a file", () => {
  const { bytes: file, ...task } = fixtureTask("net/unix_paths.elf"),
    whole = digest(translateFile({ ...task, bytes: file }));
  const bytes = new SharedArrayBuffer(file.length);
  new Uint8Array(bytes).set(file);

  it("makes the functions that are offered, until nothing will be", () => {
    const board = makeBoard(file.length), { port1, port2 } = new MessageChannel();
    const help = new FileHelp({ task, bytes, board, answers: port2 }), offered = new OfferedWork(board, [port1]);
    expect([help.makeOne(), help.isOver]).toEqual([false, false]);
    let made = 0;
    const take = (pc: number) => {
      while (help.makeOne()) made++;
      return offered.take(pc);
    };
    const sharing = {
      begin: (found: CodeEntries) => offered.begin(found),
      offer: (pc: number) => offered.offer(pc),
      take,
      end: () => {},
    };
    expect(digest(translateFile({ ...task, bytes: file }, sharing))).toEqual(whole);
    expect(made).toBeGreaterThan(10);
    endBoard(board);
    expect(help.isOver).toBe(true);
    help.close();
    offered.end();
  });
});

it("a job is the first one's who asks", () => {
  const word = new Int32Array(new SharedArrayBuffer(4));
  expect([claimJob(word), claimJob(word)]).toEqual([true, false]);
});
