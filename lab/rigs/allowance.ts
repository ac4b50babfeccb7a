/**
 * What a count may be: so many exactly, so many at most, or as many as the time that it lasted allows. It tells what is more, what is missing and what nobody has spoken of;
 * so that nothing can grow unseen, and a machine that is slow changes nothing.
 */

interface Allowance {
  readonly atMost: number;
  /** As many more in each stretch of so many ms, a begun one included: for what is asked on and on, as long as something lasts. */
  readonly more?: { readonly times: number; readonly eachMs: number };
}

/** A number: exactly so many. */
export type Allowed = Readonly<Record<string, number | Allowance>>;

/** For what two things that happen at once decide: as many, or fewer, or none. */
export function atMost(times: number): Allowance {
  return { atMost: times };
}

/** What is asked once in so many ms at most, and then so many times; and `besides` for other reasons. A slow machine asks less often. */
export function each(eachMs: number, times = 1, besides = 0): Allowance {
  return { atMost: besides, more: { times, eachMs } };
}

/** Kinds that are counted, and not bounded by the time that passed alone. */
export function untimed(allowed: Allowed): readonly string[] {
  return Object.entries(allowed).flatMap(([kind, may]) =>
    typeof may === 'number' || may.more === undefined ? [kind] : [],
  );
}

/** In words, one for each kind that is not as it may be. */
export function unlike(counted: ReadonlyMap<string, number>, allowed: Allowed, lastedMs: number): readonly string[] {
  const kinds = new Set([...Object.keys(allowed), ...counted.keys()]);
  return [...kinds].flatMap((kind) => {
    const times = counted.get(kind) ?? 0;
    const may = allowed[kind] ?? 0;
    if (typeof may === 'number') return times === may ? [] : [`${kind}: ${times} instead of ${may}`];
    const { times: more, eachMs } = may.more ?? { times: 0, eachMs: 1 };
    const most = may.atMost + more * (Math.floor(lastedMs / eachMs) + 1);
    return times <= most ? [] : [`${kind}: ${times}, at most ${most} in ${Math.round(lastedMs)} ms`];
  });
}
