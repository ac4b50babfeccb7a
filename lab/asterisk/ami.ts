/**
 * A client of Asterisk's manager interface, for tests: one connection, actions with their answers, events as they come. It must never be left open: `await using`
 * closes it.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { MANAGER } from './site-conf.ts';

/** Headers of an answer or an event, by the name that Asterisk gives them. */
export type AmiMessage = ReadonlyMap<string, string>;

export class AmiRefused extends Error {
  override readonly name = 'AmiRefused';
}

const WITHIN_MS = 30_000;

export class Ami implements AsyncDisposable {
  /** All events so far, oldest first. */
  readonly events: AmiMessage[] = [];
  readonly #socket: Socket;
  readonly #looking = new Set<() => void>();
  readonly #answers = new Map<string, AmiMessage>();
  #text = '';
  #asked = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#read(chunk));
    socket.on('error', () => undefined);
  }

  /** Connects and logs in. */
  static async open(port: number): Promise<Ami> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const ami = new Ami(socket);
    await ami.ask('Login', { Username: MANAGER.username, Secret: MANAGER.secret });
    return ami;
  }

  /** Sends an action; resolves with the answer. Throws AmiRefused when that is an error. */
  async ask(action: string, fields: Readonly<Record<string, string>> = {}): Promise<AmiMessage> {
    this.#asked += 1;
    const id = String(this.#asked);
    const lines = Object.entries({ Action: action, ActionID: id, ...fields }).map(([key, value]) => `${key}: ${value}`);
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    const answer = await this.#until(() => this.#answers.get(id), WITHIN_MS, `answer to ${action}`);
    if (answer.get('Response') === 'Error') throw new AmiRefused(`${action}: ${answer.get('Message')}`);
    return answer;
  }

  /** The first event with these headers, also one that has come already. */
  waitForEvent(headers: Readonly<Record<string, string>>, withinMs = WITHIN_MS): Promise<AmiMessage> {
    const fits = (event: AmiMessage) => Object.entries(headers).every(([key, value]) => event.get(key) === value);
    return this.#until(() => this.events.find(fits), withinMs, `event ${JSON.stringify(headers)}`);
  }

  async close(): Promise<void> {
    this.#socket.end('Action: Logoff\r\n\r\n');
    if (!this.#socket.closed) await once(this.#socket, 'close');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #read(chunk: string): void {
    this.#text += chunk;
    const blocks = this.#text.split('\r\n\r\n');
    this.#text = blocks.pop() ?? '';
    for (const block of blocks) this.#take(messageOf(block));
    for (const look of [...this.#looking]) look();
  }

  #take(message: AmiMessage): void {
    if (message.has('Event')) this.events.push(message);
    else this.#answers.set(message.get('ActionID') ?? '', message);
  }

  #until<T>(find: () => T | undefined, withinMs: number, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.#looking.delete(look);
        this.#socket.off('close', closed);
        act();
      };
      const look = () => {
        const found = find();
        if (found !== undefined) settle(() => resolve(found));
      };
      const fail = (why: string) => settle(() => reject(new Error(`AMI: no ${what} ${why}`)));
      const closed = () => fail('before the connection was closed');
      const timer = setTimeout(() => fail(`within ${withinMs} ms`), withinMs);
      this.#looking.add(look);
      this.#socket.once('close', closed);
      look();
    });
  }
}

function messageOf(block: string): AmiMessage {
  const found = block.split('\r\n').flatMap((line): [string, string][] => {
    const header = /^([^:\s]+): ?(.*)$/.exec(line);
    return header === null ? [] : [[header[1] ?? '', header[2] ?? '']];
  });
  return new Map(found);
}
