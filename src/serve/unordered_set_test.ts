import { expect, test } from "vitest";
import { UnorderedSet } from "./unordered_set.ts";

test("holds what was added and not deleted, whatever the order", () => {
  const set = new UnorderedSet<{ place: number; name: string }>();
  const all = ["a", "b", "c", "d"].map((name) => ({ place: -1, name }));
  const held = () => all.filter((member) => set.has(member)).map(({ name }) => name).join("");
  for (const member of all) set.add(member);
  set.add(all[1]);
  expect([set.size, held()]).toEqual([4, "abcd"]);
  set.delete(all[1]);
  set.delete(all[1]);
  expect([set.size, held()]).toEqual([3, "acd"]);
  set.delete(all[3]);
  set.delete(all[0]);
  set.add(all[1]);
  expect([set.size, held()]).toEqual([2, "bc"]);
  expect(set.takeAll().map(({ name }) => name).sort()).toEqual(["b", "c"]);
  expect([set.size, held()]).toEqual([0, ""]);
  set.add(all[2]);
  expect([set.size, held()]).toEqual([1, "c"]);
});
