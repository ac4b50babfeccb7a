/**
 * A client that sends bytes as they are, and reads answers with a parser of its own that knows no mercy: whatever is not an answer of HTTP/1.1 from its first
 * byte to its last is a fault of the server's.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface WireAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

const HEAD = /^HTTP\/1\.1 (\d{3}) [ -~]*\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t -~]*\r\n)*)\r\n/;
const PATIENCE_MS = 20_000;

/** The first answer in the bytes and what is left behind it; undefined while it is not there wholly. Throws where there can be none. */
function readAnswer(bytes: Buffer, toHead: boolean): { answer: WireAnswer; left: Buffer } | undefined {
  const text = bytes.toString('latin1');
  const head = HEAD.exec(text);
  if (head === null) {
    if (text.includes('\r\n\r\n') || !'HTTP/1.1 '.startsWith(text.slice(0, 9))) {
      throw new Error(`no answer of HTTP/1.1: ${JSON.stringify(text.slice(0, 300))}`);
    }
    return undefined;
  }
  const lines = (head[2] ?? '').split('\r\n').filter((line) => line !== '');
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.replace(/^.*?: /, '')]),
  );
  if (headers.size !== lines.length) throw new Error(`a header is there twice: ${head[0]}`);
  const status = Number(head[1]);
  const left = bytes.subarray(head[0].length);
  if (status < 200) return readAnswer(left, toHead);
  // What was no request at all has its answer whole, and the end of the connection.
  const isBare = status === 204 || (toHead && headers.get('connection') !== 'close');
  const length = isBare ? 0 : Number(headers.get('content-length') ?? Number.NaN);
  if (!Number.isSafeInteger(length)) throw new Error(`an answer of unknown length: ${head[0]}`);
  if (left.length < length) return undefined;
  return { answer: { status, headers, body: left.toString('utf8', 0, length) }, left: left.subarray(length) };
}

/** One connection after another; the next is opened when the server has closed the one before. */
export class Wire {
  readonly #port: number;
  #socket: Socket | undefined;
  #bytes: Buffer = Buffer.alloc(0);
  #news: () => void = () => undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** Sends one request and gives its answer. Rejects when the connection is closed without one, or there is more than one. */
  async ask(request: Buffer, toHead = false): Promise<WireAnswer> {
    const socket = this.#socket ?? this.#open();
    socket.write(request);
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    try {
      for (;;) {
        const read = readAnswer(this.#bytes, toHead);
        if (read !== undefined) return this.#one(read);
        if (socket.destroyed) throw new Error(`closed without an answer: ${request.toString('latin1').slice(0, 300)}`);
        await new Promise<void>((resolve) => {
          this.#news = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #one({ answer, left }: { readonly answer: WireAnswer; readonly left: Buffer }): WireAnswer {
    if (left.length > 0) throw new Error(`more than one answer: ${left.toString('latin1').slice(0, 300)}`);
    this.#bytes = left;
    if (answer.headers.get('connection') === 'close') this.close();
    return answer;
  }

  #open(): Socket {
    const socket = connect(this.#port, '127.0.0.1');
    this.#socket = socket;
    this.#bytes = Buffer.alloc(0);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      if (this.#socket !== socket) return;
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#news();
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#news();
    });
    return socket;
  }
}

/** Sends bytes over a connection of their own, ends it if wanted, and gives all answers until the server has closed it. */
export async function shoot(port: number, bytes: Buffer, ends: boolean): Promise<readonly WireAnswer[]> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A server that has answered may close before it has read everything.
  socket.on('end', () => socket.end());
  if (ends) socket.end(bytes);
  else socket.write(bytes);
  let patient = true;
  const timer = setTimeout(() => {
    patient = false;
    socket.destroy();
  }, PATIENCE_MS);
  await once(socket, 'close');
  clearTimeout(timer);
  if (!patient) throw new Error('the server leaves the connection open');
  const answers: WireAnswer[] = [];
  let left: Buffer = Buffer.concat(chunks);
  while (left.length > 0) {
    const read = readAnswer(left, false);
    if (read === undefined) throw new Error(`half an answer: ${left.toString('latin1').slice(0, 300)}`);
    answers.push(read.answer);
    left = read.left;
  }
  return answers;
}
