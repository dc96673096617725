/** The unit of the translate station's work: one file of the image for one place. It depends on nothing but what the task says. */
import type { CodePointer } from "../discover/entries.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import { fileMemory } from "./file_memory.ts";
import type { RegionSharing } from "./region_sharing.ts";
import { translateProgram, type Translation } from "./translate.ts";

/** Plain data, so that it can be sent to another thread. */
export interface FileTask {
  /** The whole file. */
  bytes: Uint8Array;
  /** For messages. */
  path: string;
  /** Where its executable segment is mapped. */
  start: number;
  level: CpuLevel;
  /** See FileHints. Sorted, since they are part of what a translation is known by. */
  profile: number[];
  pointers: CodePointer[];
  imports: string[];
}

/** Makes translations, perhaps while the caller does something else. */
export interface FileTranslator {
  /** Has a translation made: at once, or when there is a thread for it. What is not urgent comes after everything that is. */
  begin(task: FileTask, isUrgent?: boolean): Ticket;
}

/** A translation that is being made. */
export interface Ticket {
  /** Waits for the end, blocking the thread. Throws what the translation threw. */
  wait(): Translation;
}

/** All translations are made under this name and for the first slots: place_module.ts gives them others. */
const NAME = "code";

/** The same task gives the same translation, whoever helps with it, but for its times. Throws a TranslatorError if the file is not for the place. */
export function translateFile({ bytes, path, start, level, ...hints }: FileTask, sharing?: RegionSharing): Translation {
  const memory = fileMemory(bytes, path, start, hints);
  return translateProgram(memory, { name: NAME, level, ...(sharing === undefined ? {} : { sharing }) });
}

/** Translates when it is waited for, in the thread that waits. */
export class OwnThreadTranslator implements FileTranslator {
  begin(task: FileTask): Ticket {
    let translation: Translation | undefined;
    return { wait: () => translation ??= translateFile(task) };
  }
}
