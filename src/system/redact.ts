/**
 * What a log field may show. A net under the care of those who write log lines: names of fields decide, at any depth. Secrets are never
 * shown; phone numbers are cut to their end. It must never throw, whatever it is given.
 */

const secretName = /(token|password|passwd|secret|apikey|api_key|authorization|credential|privatekey)s?$/i;
const numberName = /(number|callerid|calledid|exten(sion)?|msisdn)$/i;
/** Where a number often stands in place of a name. */
const personName = /name$/i;
const looksLikeNumber = /^\+?[\d\s().-]{4,}$/;
const deepest = 6;
/** Characters that are shown of a text; what comes from outside may have any length. */
const longest = 1_000;
const longestStack = 8_000;

/** The last 3 digits of a number, or the last 2 of a short one. What is no number is shown as no more than its length. */
export function maskNumber(number: string): string {
  const digits = number.replace(/\D/g, '');
  if (number === '') return '';
  if (digits.length < 3) return '…';
  return `…${digits.slice(digits.length < 7 ? -2 : -3)}`;
}

export interface RedactOptions {
  /** Whether phone numbers are cut: at info level and above. */
  readonly maskNumbers: boolean;
}

/** A copy that may be logged: plain data, errors with message and stack, no secrets. */
export function redact(value: unknown, options: RedactOptions): unknown {
  return shown('', value, options, []);
}

function shown(name: string, value: unknown, options: RedactOptions, above: readonly object[]): unknown {
  if (secretName.test(name) && value !== undefined && value !== null && typeof value !== 'boolean') return '(hidden)';
  switch (typeof value) {
    case 'string':
      if (!options.maskNumbers) return cut(value);
      if (numberName.test(name) || (personName.test(name) && looksLikeNumber.test(value))) return maskNumber(value);
      return cut(value);
    case 'number':
      return options.maskNumbers && numberName.test(name) && value >= 1_000 ? maskNumber(String(value)) : value;
    case 'bigint':
    case 'symbol':
      return String(value);
    case 'function':
      return '(function)';
    case 'object':
      return value === null ? null : ofObject(value, options, above);
    default:
      return value;
  }
}

/** A text of a length that can be read. */
export function cut(text: string, most = longest): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length} characters)`;
}

function ofObject(value: object, options: RedactOptions, above: readonly object[]): unknown {
  if (above.includes(value)) return '(circular)';
  if (above.length >= deepest) return '(too deep)';
  const inside = [...above, value];
  const each = (entries: Iterable<readonly [string, unknown]>): Record<string, unknown> =>
    Object.fromEntries([...entries].map(([name, one]) => [name, shown(name, one, options, inside)]));
  try {
    if (value instanceof Error) {
      const { name, message, stack, cause } = value;
      const own = each(Object.entries(value).filter(([key]) => !['name', 'message', 'stack', 'cause'].includes(key)));
      return {
        name,
        message: cut(message),
        ...own,
        stack: stack === undefined ? undefined : cut(stack, longestStack),
        ...(cause === undefined ? {} : { cause: shown('', cause, options, inside) }),
      };
    }
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? '(no date)' : value.toISOString();
    if (value instanceof URL) return `${value.origin}${value.pathname}`;
    if (value instanceof Map) return each([...value].map(([name, one]) => [String(name), one] as const));
    if (value instanceof Set || Array.isArray(value)) return [...value].map((one) => shown('', one, options, inside));
    if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
    return each(Object.entries(value));
  } catch {
    return '(unreadable)';
  }
}
