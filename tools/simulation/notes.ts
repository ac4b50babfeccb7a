/** What is noted in Asterisk beyond the callers' channels: bridges with a name, in which nobody stands. */

export class NotesKept {
  readonly #names = new Map<string, string>();
  /** All that ever were, with when they were written and removed. */
  readonly all: { readonly id: string; readonly keptAtMs: number; goneAtMs: number | undefined }[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get ids(): readonly string[] {
    return [...this.#names.keys()];
  }

  nameOf(id: string): string {
    return this.#names.get(id) ?? '';
  }

  /** One that is there already gets the new name. */
  keep(id: string, name: string): void {
    if (!this.#names.has(id)) this.all.push({ id, keptAtMs: this.#nowMs(), goneAtMs: undefined });
    this.#names.set(id, name);
  }

  /** False where there is no such note. */
  remove(id: string): boolean {
    const note = this.all.findLast((one) => one.id === id);
    if (note !== undefined) note.goneAtMs ??= this.#nowMs();
    return this.#names.delete(id);
  }
}
