/** Random numbers that a seed decides, and the few ways in which a world's plan needs them. The same seed must give the same numbers for ever. */

export class Dice {
  #state: number;

  constructor(seed: number) {
    // Neighbouring seeds shall not begin alike.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  }

  /** From 0 up to, not including, 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  whole(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(of1: number): boolean {
    return this.next() < of1;
  }

  pick<T>(first: T, ...others: readonly T[]): T {
    const index = this.whole(0, others.length);
    // By the index, since undefined may be among what is drawn from.
    return index === 0 ? first : (others[index - 1] as T);
  }

  /** So many, each drawn by itself. */
  list<T>(count: number, draw: (index: number) => T): T[] {
    return Array.from({ length: count }, (_, index) => draw(index));
  }
}
