/** The unit of the translate station's work: one file of the image for one place. It depends on nothing but what the task says. */
import { type CodeEntries, type CodePointer, findEntries } from "../discover/entries.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import { fileMemory } from "./file_memory.ts";
import { MadeBefore, type MadeRegion, type RegionSharing } from "./region_sharing.ts";
import { makesSameRegions } from "./region_maker.ts";
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
  /**
   * Has a translation made: at once, or when there is a thread for it. What is not urgent comes after everything that is. `first` is
   * the task that a guest began with, if it is another one: next time it will find this translation for it.
   */
  begin(task: FileTask, isUrgent?: boolean, begun?: BegunFile, first?: FileTask): Ticket;
  /** What is there already, from another time. */
  kept?(task: FileTask): KeptTranslation | undefined;
  /** There are processors that a guest, and the engine that compiles for it, have no use for. */
  readonly hasSpareProcessors?: boolean;
}

/** What has been done of a file already, for the translation not to do it again. */
export interface BegunFile {
  /** What was found of the code: for the task, or for one with other hints. */
  found: CodeEntries;
  isOfTask: boolean;
  /** Functions' regions that have been made. */
  made: readonly MadeRegion[];
}

export interface KeptTranslation {
  translation: Translation;
  /** Of this task; else of one for the same file with other imports, which does for a guest to run on. */
  isOfTask: boolean;
}

/** A translation that is being made. */
export interface Ticket {
  /** Waits for the end, blocking the thread. Throws what the translation threw. */
  wait(): Translation;
}

/** All translations are made under this name and for the first slots: place_module.ts gives them others. */
const NAME = "code";

/**
 * The same task gives the same translation, whoever helps with it or has begun with it, but for its times. Throws a TranslatorError
 * if the file is not for the place.
 */
export function translateFile(task: FileTask, others?: RegionSharing, begun?: BegunFile): Translation {
  const { bytes, path, start, level, ...hints } = task, memory = fileMemory(bytes, path, start, hints);
  const found = begun === undefined || begun.isOfTask ? begun?.found : findEntries(memory);
  const isUseful = begun !== undefined && (begun.isOfTask || makesSameRegions(found!, begun.found));
  const sharing = isUseful ? new MadeBefore(begun.made, others) : others;
  return translateProgram(memory, {
    name: NAME,
    level,
    ...(found === undefined ? {} : { found }),
    ...(sharing === undefined ? {} : { sharing }),
  });
}

/** Translates when it is waited for, in the thread that waits. */
export class OwnThreadTranslator implements FileTranslator {
  begin(task: FileTask, _isUrgent = true, begun?: BegunFile): Ticket {
    let translation: Translation | undefined;
    return { wait: () => translation ??= translateFile(task, undefined, begun) };
  }
}
