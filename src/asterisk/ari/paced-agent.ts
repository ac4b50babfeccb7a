/**
 * HTTP agents that open few connections at the same moment. Asterisk keeps ten connections at most that it has not yet accepted; the kernel drops
 * what comes beyond, and tries it again after a second, so that a burst of calls after a quiet time would have some of them wait that second. A
 * connection counts until Asterisk shows that it has accepted it. Must never hold up a connection for long because another one's answer takes long.
 */
import { lookup } from 'node:dns';
import { type AgentOptions, Agent as PlainAgent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';

/** For each agent; there are a few of them, and others use the same Asterisk. */
const AT_ONCE = 2;
/** After so long a connection has been accepted, or is not about to be. */
const ACCEPTED_MS = 100;
/** A host that is an address is connected to without a lookup, and so without waiting for its turn. */
const LOOKED_UP = 'in-its-turn.invalid';

class Door {
  private readonly waiting: (() => void)[] = [];
  private opening = 0;

  /** Opens a connection whose lookup, and so everything after it, waits for its turn. */
  open(host: string, connect: (host: string, lookup: LookupFunction) => Duplex | null | undefined) {
    const stream = connect(isIP(host) === 0 ? host : LOOKED_UP, (_, options, found) => {
      // The stream is there once this turn of the event loop's is over.
      queueMicrotask(() => this.take(stream, () => lookup(host, options, found)));
    });
    return stream;
  }

  private take(stream: Duplex | null | undefined, goOn: () => void): void {
    if (this.opening >= AT_ONCE) {
      this.waiting.push(() => this.take(stream, goOn));
      return;
    }
    // Given up while it waited.
    if (stream?.destroyed === true) {
      this.waiting.shift()?.();
      return;
    }
    this.opening += 1;
    let isOpening = true;
    const leave = (): void => {
      if (!isOpening) return;
      isOpening = false;
      clearTimeout(late);
      this.opening -= 1;
      this.waiting.shift()?.();
    };
    const late = setTimeout(leave, ACCEPTED_MS);
    stream?.once('data', leave).once('close', leave);
    goOn();
  }
}

class PlainDoorAgent extends PlainAgent {
  private readonly door = new Door();

  override createConnection(...[options]: Parameters<PlainAgent['createConnection']>) {
    return this.door.open(options.host ?? '', (host, lookup) => super.createConnection({ ...options, host, lookup }));
  }
}

class TlsDoorAgent extends TlsAgent {
  private readonly door = new Door();

  override createConnection(...[options]: Parameters<TlsAgent['createConnection']>) {
    return this.door.open(options.host ?? '', (host, lookup) => super.createConnection({ ...options, host, lookup }));
  }
}

export function makeAgent(secure: boolean, settings: AgentOptions): PlainAgent | TlsAgent {
  return secure ? new TlsDoorAgent(settings) : new PlainDoorAgent(settings);
}
