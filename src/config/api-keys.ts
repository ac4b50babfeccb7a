/**
 * The file of further API keys, as an administrator writes it: one key a line, `<name> <read|write> <key>`; blank lines and lines that begin with #
 * are nothing. It must never put a key, or any other piece of a line, into a message.
 */

export interface NamedKey {
  readonly name: string;
  readonly scope: 'read' | 'write';
  readonly key: string;
}

/** @param line counted from 1 */
export interface LineFault {
  readonly line: number;
  readonly wrong: string;
  readonly cure: string;
}

/** Each request is compared with all of them. */
const mostKeys = 100;
const makeOne = 'Make one with `openssl rand -hex 32`';

/** All that is right, and all that is wrong. @param taken keys that are known from elsewhere */
export function readKeys(
  text: string,
  taken: readonly string[],
): { readonly keys: readonly NamedKey[]; readonly faults: readonly LineFault[] } {
  const keys: NamedKey[] = [];
  const faults: LineFault[] = [];
  for (const [index, content] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(content)) continue;
    const fault = (wrong: string, cure: string): void => void faults.push({ line: index + 1, wrong, cure });
    const [name = '', scope = '', key = '', ...more] = content.trim().split(/[ \t]+/);
    if (key === '' || more.length > 0) fault('is not three words', 'Write <name> <read|write> <key>');
    else if (!/^[A-Za-z0-9._-]{1,64}$/.test(name))
      fault('has a wrong name', 'Use 1 to 64 letters, digits, dots, underscores or hyphens');
    else if (scope !== 'read' && scope !== 'write') fault('has a wrong scope', 'Write read or write');
    else if (!/^[\x21-\x7e]{16,256}$/.test(key))
      fault('has a key that is not 16 to 256 visible ASCII characters', makeOne);
    else if (keys.some((one) => one.name === name))
      fault('has the name of a line before', 'Give each key its own name');
    else if (taken.includes(key) || keys.some((one) => one.key === key))
      fault('has a key that is there already, in a line before or as API_KEY', makeOne);
    else if (keys.length >= mostKeys) fault(`has a key too many: ${mostKeys} may be there`, 'Remove some');
    else keys.push({ name, scope, key });
  }
  return { keys, faults };
}
