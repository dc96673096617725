/** What a translated image's entry finds in its folder, and how it becomes an app. */
import { App, type AppParts } from "../src/serve/app.ts";
import type { ModuleSource } from "../src/serve/later_module.ts";
import type { HandlerOptions } from "../src/serve/mod.ts";
import { type GroupLoader, groupSource } from "../src/package/compressed_files.ts";
import type { Manifest } from "../src/package/manifest.ts";

/**
 * Set by the lines that translate puts at the top of each entry: how the host brings modules and data into a program differs,
 * and only the translated image knows how many there are.
 */
declare global {
  /**
   * The manifest, code modules by name, and the data file: compiled (Deno), or as bytes. Where modules come as bytes (Node) they
   * are read when they are compiled, and that is when the entry has told the engine how.
   */
  var LIGHTER: {
    manifest: Manifest;
    modules: Record<string, ModuleSource | (() => Uint8Array<ArrayBuffer>)>;
    data: WebAssembly.Module | ArrayBuffer | Uint8Array<ArrayBuffer>;
    /** The files of groups. */
    files: GroupLoader;
  };
}

/** The app of this folder. */
export function packagedApp(
  parts: Pick<AppParts, "host" | "compiler" | "interpreter" | "loadTranslator" | "poolBytes" | "keptFileBytes">,
): App {
  const { manifest, data, files } = LIGHTER;
  const waits = new Set(manifest.modules.filter((m) => !m.isRun).map((m) => m.name));
  const modules = Object.fromEntries(
    Object.entries(LIGHTER.modules).map(([name, module]): [string, ModuleSource] => {
      if (typeof module !== "function") return [name, module];
      const read = () => new WebAssembly.Module(module());
      return [name, waits.has(name) ? { read } : read()];
    }),
  );
  return new App({ manifest, modules, data: App.readData(data, manifest), groups: groupSource(files), ...parts });
}

/** What the manifest says about serving. */
export function packagedOptions(): HandlerOptions {
  return { port: LIGHTER.manifest.port };
}
