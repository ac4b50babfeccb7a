/**
 * Who is connected, and how much each address may ask, so that no client takes the turns of a call. Clients behind one address (all local ones, or
 * all behind a proxy) share its bounds, but nobody without a right key takes anything from one who has it: what has no key is counted apart, and its
 * connections are the first to make room. It must never do work that grows with what is asked.
 */
import type { Duplex } from 'node:stream';
import { Pace, type Rate } from './pace.ts';

/** Of a request: with a right key; for a route that is open to all; or neither. */
export type Standing = 'keyed' | 'open' | 'keyless';

/** What an address does too much: asks, or connects. */
export type Excess = Standing | 'connections';

export interface Limits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Requests of one connection that have not been answered. */
  readonly requestsPerConnection: number;
  /** For each address. */
  readonly rates: Readonly<Record<Standing, Rate>>;
  /** For all addresses together. */
  readonly allKeyless: Rate;
  /** How long a request with a key may have to wait for its turn, ms. Whoever would wait longer is refused. */
  readonly patienceMs: number;
  /** How long whoever asks too much without a key waits for its answer, ms: so long its connection asks nothing else. */
  readonly holdMs: number;
}

/** A script that puts 20,000 users one after another has its right key, and takes 40 s. Whoever mistypes the key, or looks at /healthz, comes nowhere near. */
export const usualLimits: Limits = {
  connections: 1_024,
  connectionsPerAddress: 768,
  requestsPerConnection: 16,
  rates: {
    keyed: { perSecond: 500, atOnce: 1_000 },
    open: { perSecond: 20, atOnce: 40 },
    keyless: { perSecond: 10, atOnce: 30 },
  },
  allKeyless: { perSecond: 100, atOnce: 300 },
  patienceMs: 2_000,
  holdMs: 1_000,
};

/** What becomes of a request: it is served or refused, now or in some ms; or nothing is to be done any more. */
export type Turn = { readonly be: 'served' | 'refused'; readonly inMs: number } | 'forgotten';

interface Visitor {
  readonly address: string;
  readonly paces: Readonly<Record<Standing, Pace>>;
  readonly connections: Set<Connection>;
}

interface Connection {
  readonly socket: Duplex;
  readonly visitor: Visitor;
  /** Asked too much: it is answered that, later, and closed. */
  held: boolean;
  hasShownKey: boolean;
  unanswered: number;
}

/** Addresses whose turns are remembered. */
const mostAddresses = 4_096;

export class Visitors {
  private readonly limits: Limits;
  private readonly nowMs: () => number;
  private readonly onExcess: (address: string, excess: Excess) => void;
  private readonly visitors = new Map<string, Visitor>();
  private readonly connections = new Map<Duplex, Connection>();
  private readonly allKeyless: Pace;

  /** @param onExcess called for each request that asks too much, and each connection that is one too many */
  constructor(limits: Limits, nowMs: () => number, onExcess: (address: string, excess: Excess) => void) {
    this.limits = limits;
    this.nowMs = nowMs;
    this.onExcess = onExcess;
    this.allKeyless = new Pace(limits.allKeyless);
  }

  /** A connection has come: it is taken, in another's place where there are too many, or it is ended. */
  welcome(socket: Duplex, remoteAddress: string | undefined): void {
    const visitor = this.visitor(networkOf(remoteAddress ?? ''));
    if (remoteAddress === undefined || !this.makeRoom(visitor)) {
      socket.destroy();
      return;
    }
    const connection = { socket, visitor, held: false, hasShownKey: false, unanswered: 0 };
    this.connections.set(socket, connection);
    visitor.connections.add(connection);
    socket.once('close', () => this.forget(connection));
  }

  /** A request has come on this connection. answered() must follow once it is, or its connection is gone. */
  turn(socket: Duplex, standing: Standing): Turn {
    const connection = this.connections.get(socket);
    if (connection === undefined || connection.held) return 'forgotten';
    connection.unanswered += 1;
    if (connection.unanswered > this.limits.requestsPerConnection) {
      socket.destroy();
      return 'forgotten';
    }
    if (standing === 'keyed') connection.hasShownKey = true;
    const nowMs = this.nowMs();
    const { patienceMs, holdMs } = this.limits;
    const pace = connection.visitor.paces[standing];
    const inMs = pace.turn(nowMs, standing === 'keyless' ? 0 : standing === 'open' ? holdMs : patienceMs);
    const isExcess = inMs === undefined || (standing === 'keyless' && this.allKeyless.turn(nowMs) === undefined);
    if (!isExcess) return { be: 'served', inMs };
    this.onExcess(connection.visitor.address, standing);
    // Who asks whether the router is well is told so, however many others ask.
    if (standing === 'open') return { be: 'served', inMs: holdMs };
    connection.held = true;
    return { be: 'refused', inMs: standing === 'keyed' ? 0 : holdMs };
  }

  answered(socket: Duplex): void {
    const connection = this.connections.get(socket);
    if (connection !== undefined) connection.unanswered -= 1;
  }

  private visitor(address: string): Visitor {
    const known = this.visitors.get(address);
    const { keyed, open, keyless } = this.limits.rates;
    const visitor = known ?? {
      address,
      paces: { keyed: new Pace(keyed), open: new Pace(open), keyless: new Pace(keyless) },
      connections: new Set<Connection>(),
    };
    // Whoever was here last stands last.
    this.visitors.delete(address);
    this.visitors.set(address, visitor);
    if (known === undefined && this.visitors.size > mostAddresses) this.forgetOldest();
    return visitor;
  }

  private forgetOldest(): void {
    for (const [address, { connections }] of this.visitors) {
      if (connections.size > 0) continue;
      this.visitors.delete(address);
      return;
    }
  }

  /** False: there is none. */
  private makeRoom(visitor: Visitor): boolean {
    const { connections, connectionsPerAddress } = this.limits;
    const isFull = this.connections.size >= connections;
    if (visitor.connections.size < connectionsPerAddress && !isFull) return true;
    const crowded = visitor.connections.size < connectionsPerAddress ? this.mostCrowded() : visitor;
    this.onExcess(crowded.address, 'connections');
    const leaving = leastNeeded(crowded.connections);
    if (leaving === undefined) return false;
    this.forget(leaving);
    leaving.socket.destroy();
    return true;
  }

  private mostCrowded(): Visitor {
    const all = [...this.connections.values()].map(({ visitor }) => visitor);
    return all.reduce((most, one) => (one.connections.size > most.connections.size ? one : most));
  }

  private forget(connection: Connection): void {
    this.connections.delete(connection.socket);
    connection.visitor.connections.delete(connection);
  }
}

/**
 * Who makes room: the oldest of those that are held, else of those without a key, else of those that ask nothing. Whoever has shown a key and is
 * being served never does.
 */
function leastNeeded(connections: Iterable<Connection>): Connection | undefined {
  let keyless: Connection | undefined;
  let idle: Connection | undefined;
  for (const connection of connections) {
    if (connection.held) return connection;
    if (!connection.hasShownKey) keyless ??= connection;
    else if (connection.unanswered === 0) idle ??= connection;
  }
  return keyless ?? idle;
}

/** What counts as one address: an IPv4 address, or the 64 bits of an IPv6 one that a single customer has at least. */
export function networkOf(address: string): string {
  const [bare = ''] = address.split('%');
  const ipv4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  if (ipv4 !== undefined || !bare.includes(':')) return ipv4 ?? bare;
  const [left = '', right] = bare.split('::').map((half) => half.split(':').filter((part) => part !== ''));
  const gap = Array<string>(Math.max(0, 8 - left.length - (right?.length ?? 0))).fill('0');
  return `${[...left, ...gap, ...(right ?? [])].slice(0, 4).join(':')}::/64`;
}
