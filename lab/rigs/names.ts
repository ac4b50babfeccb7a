/**
 * A name server for the router that answers, refuses, or keeps silent, as the test says. Nothing but root could change the system's own; so the router's
 * process takes names-inside.ts in place of the system's look-up. A silent one holds a thread of Node's pool for each look-up, as the system does.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RouterEnvironment } from '../router.ts';

export class Names {
  readonly #folder = mkdtempSync(join(tmpdir(), 'lab-names-'));

  constructor() {
    execFileSync('/usr/bin/mkfifo', [join(this.#folder, 'silence')]);
    this.answer();
  }

  /** For a router that shall take its names from here. */
  get environment(): RouterEnvironment {
    const inside = new URL('./names-inside.ts', import.meta.url);
    return { LAB_NAMES: this.#folder, NODE_OPTIONS: `--import=${inside.href}` };
  }

  /** Names resolve; look-ups that hung fail. */
  answer(): void {
    this.#be('answers');
    this.#endSilence();
  }

  /** No name resolves (ENOTFOUND), at once. */
  refuse(): void {
    this.#be('refuses');
    this.#endSilence();
  }

  /** Look-ups hang. */
  keepSilent(): void {
    writeFileSync(join(this.#folder, 'hanging'), '');
    this.#be('silent');
  }

  /** How many look-ups have begun to hang since keepSilent(). */
  get hanging(): number {
    return readFileSync(join(this.#folder, 'hanging'), 'utf8').length;
  }

  remove(): void {
    this.answer();
    rmSync(this.#folder, { recursive: true });
  }

  #be(mood: string): void {
    writeFileSync(join(this.#folder, 'mood'), mood);
  }

  /** A writer that comes and goes wakes all who wait for one. */
  #endSilence(): void {
    try {
      closeSync(openSync(join(this.#folder, 'silence'), constants.O_WRONLY | constants.O_NONBLOCK));
    } catch {
      // Nobody waits.
    }
  }
}
