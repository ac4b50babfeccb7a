/** The control socket of baresip: commands to it and events from it, as JSON in netstrings. It must never know what they mean. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { z } from 'zod';

const eventSchema = z.looseObject({ event: z.literal(true), type: z.string() });
export type BaresipEvent = z.infer<typeof eventSchema>;

export class BaresipControl {
  readonly #socket: Socket;
  readonly #onEvent: (event: BaresipEvent) => void;
  #bytes = Buffer.alloc(0);

  private constructor(socket: Socket, onEvent: (event: BaresipEvent) => void) {
    this.#socket = socket;
    this.#onEvent = onEvent;
    // It ends with baresip.
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  /** undefined while nobody listens there. */
  static async open(port: number, onEvent: (event: BaresipEvent) => void): Promise<BaresipControl | undefined> {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
    } catch {
      return undefined;
    }
    return new BaresipControl(socket, onEvent);
  }

  send(command: string, params: string): void {
    const text = JSON.stringify({ command, params });
    this.#socket.write(`${Buffer.byteLength(text)}:${text},`);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (;;) {
      const colon = this.#bytes.indexOf(':');
      const end = colon + 1 + Number(this.#bytes.subarray(0, colon).toString());
      if (colon < 0 || this.#bytes.length <= end) return;
      // What is no event answers a command.
      const { data: event } = eventSchema.safeParse(JSON.parse(this.#bytes.subarray(colon + 1, end).toString()));
      if (event !== undefined) this.#onEvent(event);
      this.#bytes = this.#bytes.subarray(end + 1);
    }
  }
}
