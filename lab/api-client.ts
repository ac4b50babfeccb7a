/**
 * The router's HTTP API as a provisioning system or an administrator uses it, with the Bearer key. Answers are checked here: what has another shape
 * than the contract's is an error of the router's. It retries nothing.
 */
import { z } from 'zod';

const callSchema = z.object({
  callId: z.string(),
  userId: z.string(),
  startedAt: z.iso.datetime(),
  ended: z.boolean(),
  outcome: z.string().nullable(),
  reason: z.string().nullable(),
  durationMs: z.number().nullable(),
  stagesMs: z.record(z.string(), z.number()).nullable(),
});
const entrySchema = z.object({
  atMs: z.number(),
  what: z.string(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
const storySchema = callSchema.extend({ timeline: z.array(entrySchema) });

/** A call as GET /v1/calls lists it. */
export type ToldCall = z.infer<typeof callSchema>;
/** One entry of a timeline; `atMs` counts from the call's arrival at the router. */
export type ToldEntry = z.infer<typeof entrySchema>;
/** A call as GET /v1/calls/{id} tells it. */
export type Story = z.infer<typeof storySchema>;

export interface ApiAnswer {
  readonly status: number;
  /** The JSON of the body; its text when it is none, undefined when it is empty. */
  readonly body: unknown;
}

const ANSWER_MS = 30_000;

export class ApiClient {
  readonly url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.url = url;
    this.#key = key;
  }

  /** One request of any kind; does not throw for a status. */
  async ask(method: 'GET' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<ApiAnswer> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    }).catch((error: unknown) => {
      throw new Error(`The router's API does not answer ${method} ${this.url}${path}: is it running?`, {
        cause: error,
      });
    });
    const text = await answer.text();
    const json = answer.headers.get('content-type')?.includes('json') ?? false;
    return { status: answer.status, body: json ? JSON.parse(text) : text === '' ? undefined : text };
  }

  /** Throws when the router does not take it. */
  async put(path: string, body: unknown): Promise<void> {
    const { status, body: said } = await this.ask('PUT', path, body);
    if (status !== 200 && status !== 201)
      throw new Error(`PUT ${path} was answered ${status}: ${JSON.stringify(said)}`);
  }

  /** Throws when the router refuses; what is not there is no error. */
  async remove(path: string): Promise<void> {
    const { status, body: said } = await this.ask('DELETE', path);
    if (status !== 204 && status !== 404)
      throw new Error(`DELETE ${path} was answered ${status}: ${JSON.stringify(said)}`);
  }

  /** Newest first. */
  async calls(limit = 100): Promise<readonly ToldCall[]> {
    const { status, body } = await this.ask('GET', `/v1/calls?limit=${limit}`);
    if (status !== 200) throw new Error(`GET /v1/calls was answered ${status}: ${JSON.stringify(body)}`);
    return z.object({ calls: z.array(callSchema) }).parse(body).calls;
  }

  /** Undefined: no such call. */
  async story(callId: string): Promise<Story | undefined> {
    const { status, body } = await this.ask('GET', `/v1/calls/${encodeURIComponent(callId)}`);
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`GET /v1/calls/${callId} was answered ${status}: ${JSON.stringify(body)}`);
    return storySchema.parse(body);
  }

  /** The Prometheus page. */
  async metrics(): Promise<string> {
    const { body } = await this.ask('GET', '/metrics');
    return typeof body === 'string' ? body : '';
  }
}
