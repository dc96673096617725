/**
 * Where the ELF files of the image are mapped. A file that the guest maps without a wish (as ld.so does with libraries) gets
 * the same place in every process, and nothing else is put there: code that was compiled ahead for that place then fits
 * wherever the file is loaded.
 *
 * Programs go low, all to the same address, where they need no place. One that would cover libraries of programs before it
 * goes elsewhere, and that is its place; libraries are put behind the largest program that went low.
 */
import type { MappedRange } from "../../machine/machine.ts";

/** A file of the image by its inode number in the tree. */
export type ImageFile = number;

export class CodePlaces {
  static readonly savedFields: readonly string[] = ["places", "programs", "programsEnd"];
  /** Sorted by start; they do not overlap. */
  private places: { file: ImageFile; start: number; end: number }[] = [];
  /** Those that were loaded without a place of their own. */
  private programs: ImageFile[] = [];
  /** Where the largest program ended that was loaded without a place of its own. */
  private programsEnd = 0;

  /** The least address for the place of a library. */
  get librariesFrom(): number {
    return this.programsEnd;
  }

  /**
   * A program lies where it has no place, and never gets one: when it maps its own file to read it (as Rust's runtime does for
   * names in a backtrace), it has to go on going low, where its code fits.
   */
  noteProgram(file: ImageFile, end: number): void {
    if (file !== 0 && !this.programs.includes(file)) this.programs.push(file);
    this.programsEnd = Math.max(this.programsEnd, end);
  }

  /** A dynamic linker that was also run by itself, as ldd does: what needs it wants it in one place. */
  noteInterpreter(file: ImageFile): void {
    this.programs = this.programs.filter((program) => program !== file);
  }

  /** The place of a file, if it has one. */
  of(file: ImageFile): MappedRange | undefined {
    return this.places.find((p) => p.file === file);
  }

  /** Gives a file its place, unless it has one, is a program that goes low, or the range is another's. */
  add(file: ImageFile, start: number, end: number): void {
    if (this.programs.includes(file)) return;
    if (this.of(file) !== undefined || this.overlapping(start, end) !== undefined) return;
    this.places.push({ file, start, end });
    this.places.sort((a, b) => a.start - b.start);
  }

  /** Takes over the places of others, as far as they are free. */
  addAll(others: CodePlaces): void {
    for (const file of [0, ...others.programs]) this.noteProgram(file, others.programsEnd);
    for (const { file, start, end } of others.places) this.add(file, start, end);
  }

  /** The first place that touches [start, end), or undefined. */
  overlapping(start: number, end: number): MappedRange | undefined {
    return this.places.find((p) => p.start < end && start < p.end);
  }

  /** All places, ascending. */
  all(): readonly { file: ImageFile; start: number; end: number }[] {
    return this.places;
  }
}
