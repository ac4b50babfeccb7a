/**
 * Looks up the addresses of the push services, so that a name server that fails harms nothing else. A look-up that hangs holds one of the few threads
 * on which Node works for the whole router: so there is never more than one under way. A name that does not resolve any more keeps the address that it
 * had: whose server stands there, TLS finds out. It must never let a push wait longer than it would for the service itself.
 */
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Log } from '../call/ports.ts';
import { wireFault } from './push-service.ts';

/** After this long, in ms, the address of before will do; and where there is none, a look-up has failed. */
const longMs = 300;
const tooLongMs = 1000;

/** How long one address is tried before the next, in ms: sites that are far need 0.6 s, and five that are dead still leave time for the sixth. */
const tryMs = 1000;

/** The name server says nothing. */
const silent = 'EAI_SILENT';

class NameFault extends Error {
  readonly code = silent;
  readonly hostname: string;
  constructor(hostname: string) {
    super(`no answer for ${hostname}`);
    this.hostname = hostname;
  }
}

type Found = readonly LookupAddress[];

export class Addresses {
  private readonly log: Log;
  private readonly lastKnown = new Map<string, Found>();
  private readonly underWay = new Map<string, Promise<Found>>();
  /** Names that go by the address of before. */
  private readonly failing = new Set<string>();
  /** Look-ups wait for the one before: this is the last of them. */
  private queue: Promise<unknown> = Promise.resolve();

  constructor(log: Log) {
    this.log = log;
  }

  /** In place of dns.lookup for a socket. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.find(hostname).then(
      (found) => answer(found, options, callback),
      (fault: NodeJS.ErrnoException) => callback(fault, '', 0),
    );
  };

  /** What a socket is to be told besides host and port. */
  get connecting() {
    return { lookup: this.lookup, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: tryMs };
  }

  private async find(hostname: string): Promise<Found> {
    const known = this.lastKnown.get(hostname);
    if (known !== undefined && this.failing.has(hostname)) {
      this.ask(hostname).catch(() => undefined);
      return known;
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new NameFault(hostname)), known === undefined ? tooLongMs : longMs);
    });
    try {
      return await Promise.race([this.ask(hostname), late]);
    } catch (error) {
      if (known === undefined) throw error;
      this.goOnWithout(hostname, error);
      return known;
    } finally {
      clearTimeout(timer);
    }
  }

  private goOnWithout(hostname: string, error: unknown): void {
    if (this.failing.has(hostname)) return;
    this.failing.add(hostname);
    const words = `the name ${hostname} does not resolve any more; pushes go to the address that it had`;
    this.log.warn(`${words}: look at the name server of this machine`, { reason: wireFault(error)?.code });
  }

  /** One look-up for all who ask for the same name at the same time. */
  private ask(hostname: string): Promise<Found> {
    const going = this.underWay.get(hostname);
    if (going !== undefined) return going;
    const turn = this.queue.then(() => resolved(hostname));
    const asking = turn
      .then((found) => {
        this.lastKnown.set(hostname, found);
        if (this.failing.delete(hostname)) this.log.info(`the name ${hostname} resolves again`);
        return found;
      })
      .finally(() => this.underWay.delete(hostname));
    this.queue = asking.catch(() => undefined);
    this.underWay.set(hostname, asking);
    return asking;
  }
}

function resolved(hostname: string): Promise<Found> {
  return new Promise((resolve, reject) => {
    // IPv4 first: an IPv6 that leads nowhere then costs nothing.
    const sorted = (found: Found) => found.toSorted((one, other) => one.family - other.family);
    lookup(hostname, { all: true }, (fault, found) => (fault === null ? resolve(sorted(found)) : reject(fault)));
  });
}

/** As the socket has asked: for one address or for all, of one family or of any. */
function answer(found: Found, { all, family }: LookupOptions, callback: Parameters<LookupFunction>[2]): void {
  const wanted = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
  const fitting = found.filter((one) => !wanted || one.family === wanted);
  const [first] = fitting;
  if (first === undefined) {
    callback(Object.assign(new Error('no address of this family'), { code: 'ENOTFOUND' }), '', 0);
  } else if (all) callback(null, [...fitting]);
  else callback(null, first.address, first.family);
}
