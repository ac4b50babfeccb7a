/**
 * A client without a right key that asks the router's API as fast as its connections can, in a process of its own, so that it takes no turn from the phones. It opens again what is closed.
 * It dies with the process that started it, and must never touch anything but the port that it is given.
 *
 *     const flood = await keylessFlood(lab.router.url, { connections: 200, path: '/v1/calls', patient: true });
 *     await flood.until(2_000);                                            // requests or connections that were sent
 *     await flood.stop();                                                  // gives what was answered, by status
 */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { z } from 'zod';

export interface FloodShape {
  readonly connections: number;
  readonly path: string;
  /** Waits for each answer; else it resets each connection as soon as its request has left, and opens another. */
  readonly patient: boolean;
}

const told = z.object({ sent: z.number(), byStatus: z.record(z.string(), z.number()) });
type FloodFigures = z.infer<typeof told>;

export interface KeylessFlood extends AsyncDisposable {
  readonly figures: FloodFigures;
  /** Resolves once so many requests were sent in all. Rejects when the process ends before. */
  until(sent: number): Promise<void>;
  stop(): Promise<FloodFigures>;
}

/** Resolves once it has begun. */
export async function keylessFlood(url: string, shape: FloodShape): Promise<KeylessFlood> {
  const child = spawn(process.execPath, [import.meta.filename, new URL(url).port, JSON.stringify(shape)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // A stranger's processor would be another than ours.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let figures: FloodFigures = { sent: 0, byStatus: {} };
  let news = Promise.withResolvers<boolean>();
  const turn = (goesOn: boolean): void => {
    news.resolve(goesOn);
    if (goesOn) news = Promise.withResolvers<boolean>();
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    figures = told.parse(JSON.parse(line));
    turn(true);
  });
  void gone.then(() => turn(false));
  const until = async (sent: number): Promise<void> => {
    while (figures.sent < sent) {
      if (!(await news.promise)) throw new Error(`the flood has ended after ${figures.sent} requests`);
    }
  };
  const stop = async (): Promise<FloodFigures> => {
    child.stdin.end();
    await gone;
    return figures;
  };
  await until(1);
  return {
    get figures() {
      return figures;
    },
    until,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}

const TELL_MS = 100;

function pour(port: number, { connections, path, patient }: FloodShape): void {
  const request = `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer this-is-not-the-key\r\n\r\n`;
  const byStatus: Record<string, number> = {};
  let sent = 0;
  const open = (): void => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const ask = (): void => {
      sent += 1;
      socket.write(request, () => patient || socket.resetAndDestroy());
    };
    socket.on('error', () => undefined);
    socket.once('connect', ask).once('close', () => setImmediate(open));
    socket.on('data', (piece) => {
      const status = /^HTTP\/1\.1 (\d{3})/.exec(piece.toString('latin1'))?.[1];
      if (status === undefined) return;
      byStatus[status] = (byStatus[status] ?? 0) + 1;
      if (socket.writable) ask();
    });
  };
  for (let n = 0; n < connections; n += 1) open();
  const tell = (): boolean => process.stdout.write(`${JSON.stringify({ sent, byStatus } satisfies FloodFigures)}\n`);
  setInterval(() => sent > 0 && tell(), TELL_MS);
  const end = (): void => {
    tell();
    process.exit(0);
  };
  process.stdin.on('end', end).on('error', end).resume();
}

if (import.meta.main) {
  const [port = '', shape = ''] = process.argv.slice(2);
  const form = z.object({ connections: z.int(), path: z.string(), patient: z.boolean() });
  pour(Number(port), form.parse(JSON.parse(shape)));
}
