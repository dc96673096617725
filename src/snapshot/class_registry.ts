import { bug } from "../errors.ts";

/** A class whose instances can be saved: it says which fields make up its state, its parents theirs. */
// deno-lint-ignore no-explicit-any
export type SavableClass = abstract new (...args: any[]) => object;

/**
 * Names of the classes in a graph, and of objects that are not saved but found again (the host, the image's file tree). Names
 * go into snapshots: a class may be moved or renamed in the source, its name here stays.
 */
export class ClassRegistry {
  private readonly names = new Map<object, string>();
  private readonly classes = new Map<string, SavableClass>();
  private readonly externalNames = new Map<object, string>();
  private readonly externals = new Map<string, object>();

  constructor(classes: Iterable<readonly [name: string, savable: SavableClass]> = []) {
    for (const [name, savable] of classes) this.add(name, savable);
  }

  add(name: string, savable: SavableClass): void {
    if (this.classes.has(name) || this.names.has(savable.prototype)) throw bug(`class ${name} is registered twice`);
    this.names.set(savable.prototype, name);
    this.classes.set(name, savable);
  }

  /** An object that snapshots name instead of containing. */
  addExternal(name: string, object: object): void {
    this.externalNames.set(object, name);
    this.externals.set(name, object);
  }

  nameOf(instance: object): string | undefined {
    return this.names.get(Object.getPrototypeOf(instance));
  }

  classOf(name: string): SavableClass | undefined {
    return this.classes.get(name);
  }

  externalName(object: object): string | undefined {
    return this.externalNames.get(object);
  }

  external(name: string): object | undefined {
    return this.externals.get(name);
  }
}

/** Fields of a class: `static savedFields` of its ancestors and its own, the most distant ancestor's first. */
export function savedFieldsOf(savable: SavableClass): string[] {
  const fields: string[] = [];
  for (let c: unknown = savable; typeof c === "function" && c !== Function.prototype; c = Object.getPrototypeOf(c)) {
    if (Object.hasOwn(c, "savedFields")) {
      fields.unshift(...(c as unknown as { savedFields: readonly string[] }).savedFields);
    }
  }
  return [...new Set(fields)];
}
