/**
 * A look inside the running router, by Node's own inspector on loopback: its heap after a collection, its timers and sockets, how late its event loop is, and where its time goes. For
 * measuring only: it must never change what the router does. The router has to be started with `INSPECTED` in its environment.
 */
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { LabRouter } from '../router.ts';

/** For the router's environment. */
export const INSPECTED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' } as const;

const LISTENING = /Debugger listening on (ws:\/\/127\.0\.0\.1:\S+)/;
const ANSWER_MS = 60_000;
const DELAY = 'globalThis.labEventLoopDelay';
/** Of the event loop's delay, in ms: a finer one would itself be a load. */
const RESOLUTION_MS = 5;

const answerSchema = z.object({
  id: z.number(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
});
const evaluatedSchema = z.object({
  result: z.object({ value: z.unknown() }),
  exceptionDetails: z.unknown().optional(),
});
const spacesSchema = z.array(z.object({ space_name: z.string(), space_used_size: z.number() }));
const OBJECT_SPACES = new Set(['new_space', 'old_space', 'large_object_space', 'new_large_object_space']);
const delaySchema = z.object({ p50: z.number(), p99: z.number(), max: z.number() });
const countsSchema = z.record(z.string(), z.number());

/** How much later than due the event loop comes to things, in ms. */
export type LoopDelay = z.infer<typeof delaySchema>;

export class RouterInside implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#take(String(data)));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the inspector has closed the connection')));
  }

  /** Of the router's present life. Throws where it was started without INSPECTED. */
  static async open(router: LabRouter): Promise<RouterInside> {
    const { text } = await router.log.waitFor(LISTENING);
    const url = LISTENING.exec(router.log.find(LISTENING).at(-1)?.text ?? text)?.[1] ?? '';
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const inside = new RouterInside(socket);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('open', () => resolve());
    socket.once('error', reject);
    await promise;
    return inside;
  }

  /**
   * Bytes of objects in the heap after everything that can be collected has been. Without compiled code, which grows for thousands of calls as V8 finds ever more worth compiling, and which no call owns.
   */
  async heapBytes(): Promise<number> {
    // What finalizers and weak references let go in one collection goes in the next.
    for (let turn = 0; turn < 3; turn += 1) await this.ask('HeapProfiler.collectGarbage');
    const spaces = spacesSchema.parse(
      await this.#evaluate("process.getBuiltinModule('node:v8').getHeapSpaceStatistics()"),
    );
    const ofObjects = spaces.filter(({ space_name }) => OBJECT_SPACES.has(space_name));
    return ofObjects.reduce((sum, { space_used_size }) => sum + space_used_size, 0);
  }

  /** What keeps the process alive, by kind (`Timeout`, `TCPSocketWrap`, …), the inspector's own excepted: it is not Node's. */
  async resources(): Promise<Readonly<Record<string, number>>> {
    const expression =
      'Object.fromEntries(Object.entries(Object.groupBy(process.getActiveResourcesInfo(), (kind) => kind)).map(([kind, all]) => [kind, all.length]))';
    return countsSchema.parse(await this.#evaluate(expression));
  }

  /** Begins to measure the event loop's delay anew. */
  async watchLoop(): Promise<void> {
    await this.#evaluate(
      `${DELAY}?.disable(); ${DELAY} = process.getBuiltinModule('node:perf_hooks').monitorEventLoopDelay({ resolution: ${RESOLUTION_MS} }); ${DELAY}.enable()`,
    );
  }

  /** The delay since watchLoop(). */
  async loopDelay(): Promise<LoopDelay> {
    // Node counts the timer's own period in.
    const ms = (what: string): string => `Math.max(0, (${what}) / 1e6 - ${RESOLUTION_MS})`;
    const percentile = (percent: number): string => ms(`${DELAY}.percentile(${percent})`);
    return delaySchema.parse(
      await this.#evaluate(`({ p50: ${percentile(50)}, p99: ${percentile(99)}, max: ${ms(`${DELAY}.max`)} })`),
    );
  }

  /** One order of the inspector's own protocol: `Profiler.start`, … */
  async ask(method: string, params: object = {}): Promise<unknown> {
    this.#last += 1;
    const id = this.#last;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    const late = setTimeout(
      () => waiting.reject(new Error(`the inspector did not answer ${method} within ${ANSWER_MS} ms`)),
      ANSWER_MS,
    );
    try {
      this.#socket.send(JSON.stringify({ id, method, params }));
      return await waiting.promise;
    } finally {
      clearTimeout(late);
      this.#waiting.delete(id);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    this.#socket.once('close', () => resolve());
    this.#socket.terminate();
    await promise;
  }

  async #evaluate(expression: string): Promise<unknown> {
    const answer = evaluatedSchema.parse(await this.ask('Runtime.evaluate', { expression, returnByValue: true }));
    if (answer.exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(answer)}`);
    return answer.result.value;
  }

  #take(text: string): void {
    const { data } = answerSchema.safeParse(JSON.parse(text));
    // Events of the inspector have no id, and nobody here waits for one.
    if (data === undefined) return;
    if (data.error === undefined) this.#waiting.get(data.id)?.resolve(data.result);
    else this.#waiting.get(data.id)?.reject(new Error(data.error.message));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}
