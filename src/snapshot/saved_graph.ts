/**
 * A saved graph, which can be built any number of times. It is read once, into an example of each object with all of its values
 * but other objects; each time after that examples are copied, and copies put in each other's fields. So a request that gets an
 * instance of its own waits for neither bytes nor fields by name.
 *
 * A class says what is saved in `static savedFields`. Instances are made without a constructor: fields that are not saved are set
 * in an optional afterRestore(), which runs once the whole graph is there, parts before wholes where the graph is a tree.
 */
import { badInput } from "../errors.ts";
import { type ClassRegistry, savedFieldsOf } from "./class_registry.ts";
import { GraphReader } from "./graph_bytes.ts";
import {
  ARRAY,
  BIGINT,
  DOUBLE,
  EXTERNAL,
  FALSE,
  GRAPH_VERSION,
  INSTANCE,
  MAGIC,
  MAP,
  NEGATIVE,
  NULL,
  PLAIN,
  POSITIVE,
  REFERENCE,
  SET,
  STRING,
  TRUE,
  TYPED,
  TYPED_ARRAYS,
  type TypedArrayClass,
  UNDEFINED,
} from "./graph_format.ts";

/** Builds a graph. Throws a TranslatorError for bytes that are damaged or of another version. */
export function restoreGraph(bytes: Uint8Array, registry: ClassRegistry): unknown {
  return new SavedGraph(bytes, registry).restore();
}

export class SavedGraph {
  readonly #root: unknown;
  readonly #objects: readonly SavedObject[];

  constructor(bytes: Uint8Array, registry: ClassRegistry) {
    const reader = new Reader(bytes, registry);
    this.#objects = reader.objects;
    this.#root = reader.root;
  }

  restore(): unknown {
    const saved = this.#objects, objects = saved.map((object) => object.make());
    for (let i = 0; i < saved.length; i++) saved[i].fill(objects[i], objects);
    for (let i = saved.length - 1; i >= 0; i--) {
      if (saved[i].hasAfterRestore) (objects[i] as { afterRestore(): void }).afterRestore();
    }
    return resolved(this.#root, objects);
  }
}

/** A value that is an object of the graph, by its number. */
class Reference {
  constructor(readonly index: number) {}
}

function resolved(value: unknown, objects: readonly object[]): unknown {
  return value instanceof Reference ? objects[value.index] : value;
}

/** An object of the graph. */
interface SavedObject {
  readonly hasAfterRestore: boolean;
  /** Reads its contents. */
  read(reader: Reader): void;
  /** A copy without other objects in it. */
  make(): object;
  /** Puts them in. */
  fill(object: object, objects: readonly object[]): void;
}

/** An instance of a class, or a plain object. */
class SavedFields implements SavedObject {
  readonly hasAfterRestore: boolean;
  readonly #prototype: object;
  readonly #saved: SavedClass | null;
  #example: Record<string, unknown>;
  /** Fields that hold objects, and which. */
  readonly #fields: string[] = [];
  readonly #targets: number[] = [];

  constructor(saved: SavedClass | null) {
    this.#saved = saved;
    this.#prototype = saved?.prototype ?? Object.prototype;
    this.hasAfterRestore = "afterRestore" in this.#prototype;
    this.#example = saved === null ? {} : exampleOf(saved);
  }

  read(reader: Reader): void {
    if (this.#saved !== null) { for (const field of this.#saved.fields) this.#set(field, reader.value()); }
    else for (let n = reader.input.uint(); n > 0; n--) this.#set(reader.text(), reader.value());
  }

  #set(field: string, value: unknown): void {
    this.#example[field] = value instanceof Reference ? null : value;
    if (!(value instanceof Reference)) return;
    this.#fields.push(field);
    this.#targets.push(value.index);
  }

  make(): object {
    return Object.assign(Object.create(this.#prototype), this.#example);
  }

  fill(object: object, objects: readonly object[]): void {
    for (let i = 0; i < this.#fields.length; i++) {
      (object as Record<string, unknown>)[this.#fields[i]] = objects[this.#targets[i]];
    }
  }
}

interface SavedClass {
  readonly prototype: object;
  readonly fields: readonly string[];
  /** With all fields, once there is one. */
  example: object | null;
}

/**
 * An instance with all fields, to be filled and copied. V8 takes an object that gets more than sixteen fields by computed names
 * for a dictionary, which makes each later access to them slow: tasks and processes are such. Not if they are defined, which
 * takes long, or if it is a copy of another, which does not.
 */
function exampleOf(saved: SavedClass): Record<string, unknown> {
  const example = Object.create(saved.prototype);
  if (saved.example !== null) return Object.assign(example, saved.example);
  for (const field of saved.fields) {
    Object.defineProperty(example, field, { value: null, writable: true, enumerable: true, configurable: true });
  }
  return saved.example = example;
}

class SavedArray implements SavedObject {
  readonly hasAfterRestore = false;
  #example: unknown[] = [];
  readonly #places: number[] = [];
  readonly #targets: number[] = [];

  constructor(private readonly length: number) {}

  read(reader: Reader): void {
    for (let i = 0; i < this.length; i++) {
      const value = reader.value();
      this.#example.push(value instanceof Reference ? null : value);
      if (!(value instanceof Reference)) continue;
      this.#places.push(i);
      this.#targets.push(value.index);
    }
  }

  make(): object {
    return this.#example.slice();
  }

  fill(object: object, objects: readonly object[]): void {
    for (let i = 0; i < this.#places.length; i++) (object as unknown[])[this.#places[i]] = objects[this.#targets[i]];
  }
}

class SavedMap implements SavedObject {
  readonly hasAfterRestore = false;
  readonly #entries: [key: unknown, value: unknown][] = [];

  read(reader: Reader): void {
    for (let n = reader.input.uint(); n > 0; n--) this.#entries.push([reader.value(), reader.value()]);
  }

  make(): object {
    return new Map();
  }

  fill(object: object, objects: readonly object[]): void {
    const map = object as Map<unknown, unknown>;
    for (const [key, value] of this.#entries) map.set(resolved(key, objects), resolved(value, objects));
  }
}

class SavedSet implements SavedObject {
  readonly hasAfterRestore = false;
  readonly #members: unknown[] = [];

  read(reader: Reader): void {
    for (let n = reader.input.uint(); n > 0; n--) this.#members.push(reader.value());
  }

  make(): object {
    return new Set();
  }

  fill(object: object, objects: readonly object[]): void {
    for (const member of this.#members) (object as Set<unknown>).add(resolved(member, objects));
  }
}

class SavedTypedArray implements SavedObject {
  readonly hasAfterRestore = false;

  /** `bytes`: of the graph's, wherever they lie there. */
  constructor(private readonly type: TypedArrayClass, private readonly bytes: Uint8Array) {}

  read(): void {}

  make(): object {
    return new this.type(this.bytes.slice().buffer as ArrayBuffer);
  }

  fill(): void {}
}

/** An object that is not saved but found again. */
class External implements SavedObject {
  readonly hasAfterRestore = false;

  constructor(private readonly object: object) {}

  read(): void {}

  make(): object {
    return this.object;
  }

  fill(): void {}
}

/** Reads a graph's bytes. */
class Reader {
  readonly input: GraphReader;
  readonly root: unknown;
  readonly objects: SavedObject[] = [];
  readonly #strings: string[];
  readonly #classes: SavedClass[];
  readonly #references: Reference[] = [];

  constructor(bytes: Uint8Array, private readonly registry: ClassRegistry) {
    const input = this.input = new GraphReader(bytes);
    for (const byte of MAGIC) if (input.u8() !== byte) throw badInput("not a snapshot");
    const version = input.uint();
    if (version !== GRAPH_VERSION) {
      throw badInput(`snapshot has version ${version}, this program reads ${GRAPH_VERSION}: build it again`);
    }
    this.#strings = this.#list(() => input.text());
    this.#classes = this.#list(() => this.#class());
    for (let n = input.uint(); n > 0; n--) {
      this.objects.push(this.#object());
      this.#references.push(new Reference(this.#references.length));
    }
    this.root = this.value();
    for (const object of this.objects) object.read(this);
  }

  /** As many as the next number says; their bytes are asked for one by one, so that a damaged number cannot ask for memory. */
  #list<T>(next: () => T): T[] {
    const items: T[] = [];
    for (let n = this.input.uint(); n > 0; n--) items.push(next());
    return items;
  }

  #class(): SavedClass {
    const name = this.input.text(), fields = this.#list(() => this.input.text());
    const savable = this.registry.classOf(name);
    if (savable === undefined) throw badInput(`snapshot contains class ${name}, which this program does not know`);
    const expected = savedFieldsOf(savable);
    if (expected.join() !== fields.join()) {
      throw badInput(`snapshot was made by another version: class ${name} has fields ${fields.join(", ")} there`);
    }
    return { prototype: savable.prototype, fields, example: null };
  }

  #object(): SavedObject {
    const { input } = this, kind = input.u8();
    switch (kind) {
      case INSTANCE:
        return new SavedFields(this.#at(this.#classes, "class"));
      case PLAIN:
        return new SavedFields(null);
      case ARRAY:
        return new SavedArray(input.uint());
      case MAP:
        return new SavedMap();
      case SET:
        return new SavedSet();
      case TYPED: {
        const type = this.#at(TYPED_ARRAYS, "typed array"), length = input.uint();
        return new SavedTypedArray(type, input.raw(length * type.BYTES_PER_ELEMENT));
      }
      case EXTERNAL: {
        const name = input.text(), found = this.registry.external(name);
        if (found === undefined) throw badInput(`snapshot refers to ${name}, which is not here`);
        return new External(found);
      }
      default:
        throw badInput(`snapshot is damaged: object of kind ${kind}`, { offset: input.at });
    }
  }

  /** What the next number names. */
  #at<T>(list: readonly T[], what: string): T {
    const index = this.input.uint();
    if (index >= list.length) throw badInput(`snapshot is damaged: ${what} ${index}`, { offset: this.input.at });
    return list[index];
  }

  text(): string {
    return this.#at(this.#strings, "string");
  }

  /** A primitive value or a reference. */
  value(): unknown {
    const { input } = this, tag = input.u8();
    switch (tag) {
      case UNDEFINED:
        return undefined;
      case NULL:
        return null;
      case FALSE:
        return false;
      case TRUE:
        return true;
      case POSITIVE:
        return input.uint();
      case NEGATIVE:
        return -input.uint();
      case DOUBLE:
        return input.f64();
      case STRING:
        return this.text();
      case BIGINT: {
        const text = this.text();
        return text.startsWith("-") ? -BigInt(`0x${text.slice(1)}`) : BigInt(`0x${text}`);
      }
      case REFERENCE:
        return this.#at(this.#references, "object");
      default:
        throw badInput(`snapshot is damaged: value of kind ${tag}`, { offset: input.at });
    }
  }
}
