/**
 * Tells the operator of addresses that ask too much, in few lines however much they ask and however many they are. It must never say what was asked:
 * a key could be in it.
 */
import type { Log } from '../call/ports.ts';
import { Pace } from './pace.ts';
import type { Excess } from './visitors.ts';

/** The same again for one address, ms. */
const againMs = 10 * 60 * 1_000;
/** For all addresses together; what is beyond is not told. */
const lines = { perSecond: 1 / 60, atOnce: 5 } as const;
const mostTold = 100;

export function slowdownTeller(log: Log): (address: string, excess: Excess) => void {
  const toldMs = new Map<string, number>();
  const pace = new Pace(lines);
  return (address, excess) => {
    const nowMs = performance.now();
    const lastMs = toldMs.get(address);
    if (lastMs !== undefined && nowMs - lastMs < againMs) return;
    if (pace.turn(nowMs) === undefined) return;
    toldMs.delete(address);
    toldMs.set(address, nowMs);
    for (const oldest of toldMs.keys()) {
      if (toldMs.size <= mostTold) break;
      toldMs.delete(oldest);
    }
    log.warn(`HTTP: ${address} asks too much and is slowed down: ${does[excess]}`);
  };
}

const does: Readonly<Record<Excess, string>> = {
  keyed: 'too many requests at once with a right key',
  open: 'too many of /healthz',
  keyless: 'too many requests without a right key',
  connections: 'too many connections',
};
