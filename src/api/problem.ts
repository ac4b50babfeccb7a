/**
 * What goes wrong with a request, as RFC 9457 problem details. `type` tells the kinds apart for programs, `detail` says what to do for people.
 * It must never carry a token, a key or the innards of a fault of ours.
 */

/** One thing that is wrong with the input. `pointer` is a JSON pointer into the body. */
export interface InputFault {
  readonly in: 'body' | 'path' | 'query';
  readonly name: string;
  readonly pointer?: string;
  readonly detail: string;
}

const kinds = {
  'bad-request': [400, 'Bad request'],
  'malformed-json': [400, 'Malformed JSON'],
  unauthorized: [401, 'Key missing or wrong'],
  forbidden: [403, 'Key may only read'],
  'not-found': [404, 'Not found'],
  'unknown-user': [404, 'Unknown user'],
  'unknown-device': [404, 'Unknown device'],
  'unknown-call': [404, 'Unknown call'],
  'method-not-allowed': [405, 'Method not allowed'],
  'request-timeout': [408, 'Request took too long'],
  'too-many-devices': [409, 'Too many devices'],
  'body-too-large': [413, 'Body too large'],
  'unsupported-media-type': [415, 'Unsupported media type'],
  'invalid-input': [422, 'Invalid input'],
  'too-many-requests': [429, 'Too many requests'],
  'headers-too-large': [431, 'Headers too large'],
  'internal-error': [500, 'Internal error'],
  'store-unavailable': [503, 'Store unavailable'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemKind = keyof typeof kinds;

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly kind: ProblemKind;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly faults: readonly InputFault[];

  constructor(
    kind: ProblemKind,
    detail: string,
    more: { readonly headers?: Readonly<Record<string, string>>; readonly faults?: readonly InputFault[] } = {},
  ) {
    super(detail);
    this.kind = kind;
    this.status = kinds[kind][0];
    this.headers = more.headers ?? {};
    this.faults = more.faults ?? [];
  }

  /** The body of the answer. */
  toJSON(): Readonly<Record<string, unknown>> {
    return {
      type: `urn:xivo-mapp:problem:${this.kind}`,
      title: kinds[this.kind][1],
      status: this.status,
      detail: this.message,
      ...(this.faults.length > 0 ? { errors: this.faults } : {}),
    };
  }
}

/** 422 with every fault. */
export function invalidInput(faults: readonly InputFault[]): Problem {
  const names = [...new Set(faults.map(({ name }) => name))].join(', ');
  return new Problem('invalid-input', `Wrong in the ${faults[0]?.in ?? 'body'}: ${names}. See errors.`, { faults });
}
