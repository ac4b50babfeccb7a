/**
 * The connections over which google-auth-library fetches the access token for FCM: one for each fetch, which comes once an hour. It leads the library to
 * another server where one is set, and ends what takes too long. It must never let an answer without end fill the memory.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, type RequestOptions } from 'node:https';
import type { Addresses } from '../dns-cache.ts';
import { answerMs, longestAnswer } from '../push-service.ts';
import { ended } from '../socket-end.ts';
import { hostOf, openMs } from '../sockets.ts';
import { WireError } from '../wire-error.ts';

declare module 'http' {
  interface Agent {
    /** What Node's http.request asks of any agent. */
    addRequest(request: ClientRequest, options: RequestOptions): void;
  }
}

export class TokenAgent extends Agent {
  private readonly server: URL | undefined;
  private closed = false;

  /** @param server in place of Google's. @param ca PEM: trusted in place of the well-known authorities */
  constructor(server: URL | undefined, ca: string | undefined, { connecting }: Pick<Addresses, 'connecting'>) {
    super({ keepAlive: false, ...connecting, ...(ca === undefined ? {} : { ca }) });
    this.server = server;
  }

  /** Where a request to this host of Google's goes. */
  hostInPlaceOf(host: string): string {
    return this.server === undefined ? host : hostOf(this.server);
  }

  override addRequest(request: ClientRequest, options: RequestOptions): void {
    if (this.closed) {
      // Only once the library listens.
      queueMicrotask(() => request.emit('error', new WireError('EWITHDRAWN')));
      return;
    }
    bound(request);
    if (this.server === undefined) {
      super.addRequest(request, options);
      return;
    }
    // The certificate is asked for and checked by the Host header and by host: both are the other server's from here on.
    const host = this.hostInPlaceOf(this.server.hostname);
    request.setHeader('host', this.server.host);
    super.addRequest(request, { ...options, host, hostname: host, port: this.server.port || 443 });
  }

  /** Ends every connection. Resolves when none is left. */
  async close(): Promise<void> {
    this.closed = true;
    const sockets = Object.values(this.sockets).flatMap((some) => some ?? []);
    const gone = sockets.map(ended);
    this.destroy();
    await Promise.all(gone);
  }
}

function bound(request: ClientRequest): void {
  let timer: NodeJS.Timeout | undefined;
  const within = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => request.destroy(new WireError('ESILENT')), ms);
  };
  request.once('socket', (socket) => {
    within(openMs);
    socket.once('secureConnect', () => within(answerMs));
  });
  request.prependOnceListener('response', defend);
  request.once('close', () => clearTimeout(timer));
}

/** Against what the library would wait for, or choke on. */
function defend(response: IncomingMessage): void {
  const { headers } = response;
  // What it takes for packed, or for several parts, it unpacks for ever, or throws where nobody catches. Neither was asked for: it is no answer.
  delete headers['content-encoding'];
  headers['content-type'] = 'application/json';
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > longestAnswer) response.destroy(new WireError('EFLOOD'));
  });
}
