/** Asterisk has no HTTP session left: it accepts new connections and closes them at once. What that is told from, what is sent all the same, and when we are of no use any more. */

import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VirtualClock } from '../../lab/fakes/clock.ts';
import { readAddress } from '../../src/asterisk/ari/address.ts';
import { AriRequests } from '../../src/asterisk/ari/client.ts';
import { DeadEnd } from '../../src/asterisk/ari/session-shortage.ts';
import { toldLog } from './told-log.ts';

/** Speaks just enough of HTTP, and allows so many connections as a test says, as Asterisk does. */
class Limited {
  readonly server: Server;
  readonly sockets = new Set<Socket>();
  readonly asked: string[] = [];
  limit = 100;
  /** Closes the connection instead of answering. */
  breaks: RegExp | undefined;

  constructor() {
    this.server = createServer((socket) => {
      socket.on('error', () => undefined);
      if (this.sockets.size >= this.limit) {
        socket.destroy();
        return;
      }
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('data', (data) => {
        const line = data.toString('latin1').split(' HTTP/')[0] ?? '';
        this.asked.push(line);
        if (this.breaks?.test(line) === true) socket.destroy();
        else socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}');
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
}

describe('where Asterisk has no session left', () => {
  let pbx: Limited;
  let requests: AriRequests;
  let log: ReturnType<typeof toldLog>;
  let turnedAway: number;
  const failed: string[] = [];

  beforeEach(async () => {
    pbx = new Limited();
    await new Promise<void>((resolve) => pbx.server.listen(0, '127.0.0.1', resolve));
    log = toldLog();
    turnedAway = 0;
    failed.length = 0;
    const witness = {
      answered() {},
      failed: (words: string) => failed.push(words),
      turnedAway: () => {
        turnedAway += 1;
      },
    };
    requests = new AriRequests(readAddress(pbx.url, 'u', 'p'), witness, log);
  });
  afterEach(async () => {
    requests.close();
    for (const socket of pbx.sockets) socket.destroy();
    await new Promise((resolve) => pbx.server.close(resolve));
  });

  const order = (n: number, once = false) => requests.send({ method: 'POST', path: `/channels/${n}/continue`, once });
  const told = () => log.told.map(({ level, message }) => `${level} ${message}`);

  it('what is asked goes over the kept connections, once, and it is said once when it begins and when it ends', async () => {
    await requests.keep();
    pbx.limit = 0;
    await Promise.all(Array.from({ length: 30 }, (_, n) => order(n, n % 2 === 0)));
    expect(pbx.asked.filter((line) => line.startsWith('POST'))).toHaveLength(30);
    expect(requests.trouble?.words).toMatch(/raise sessionlimit in http.conf/);
    expect([told().length, turnedAway, failed]).toEqual([1, 0, []]);
    await requests.keep();
    pbx.limit = 100;
    await requests.keep();
    expect(requests.trouble).toBeUndefined();
    expect(told()).toMatchObject([
      expect.stringContaining('error Asterisk at 127.0.0.1'),
      'info Asterisk has HTTP sessions again',
    ]);
  });

  it('and no connection of ours stands: the request fails, whoever watches is told, and what comes free is kept', async () => {
    pbx.limit = 0;
    await expect(order(1, true)).rejects.toThrow('does not answer or breaks off');
    expect([turnedAway, failed]).toEqual([1, []]);
    pbx.limit = 1;
    await vi.waitFor(async () => {
      await requests.keep();
      expect(pbx.sockets.size).toBe(1);
      await order(2, true);
    });
  });

  it('connections that are kept and broke are made anew', async () => {
    await requests.keep();
    for (const socket of [...pbx.sockets].slice(0, 3)) socket.destroy();
    await vi.waitFor(async () => {
      await requests.keep();
      expect(pbx.sockets.size).toBe(4);
    });
  });

  it('is not told from one connection that breaks, nor is anything sent again then', async () => {
    await requests.keep();
    pbx.breaks = /^POST/;
    await expect(order(1, true)).rejects.toThrow('does not answer or breaks off');
    expect(pbx.asked.filter((line) => line.startsWith('POST'))).toHaveLength(1);
    expect([requests.trouble, turnedAway, failed.length]).toEqual([undefined, 0, 1]);
  });
});

describe('no way for any request', () => {
  it('is so when for a second every one was turned away, and not when one has passed', async () => {
    const clock = new VirtualClock();
    const found = vi.fn();
    const dead = new DeadEnd(clock, found);
    dead.refused();
    await clock.advance(900);
    dead.passed();
    await clock.advance(5_000);
    expect(found).not.toHaveBeenCalled();
    dead.refused();
    dead.refused();
    await clock.advance(1_000);
    expect(found).toHaveBeenCalledTimes(1);
    dead.refused();
    dead.close();
    expect(clock.pendingSleeps).toBe(0);
  });
});
