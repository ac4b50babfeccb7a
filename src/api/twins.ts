/**
 * Finds what is named twice in one object of a JSON text. JSON.parse takes the last one without a word, a proxy may have gone by the first: so
 * that such a text means nothing for sure.
 */

const TOKEN = /[{}]|("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?/gs;

/**
 * The first such name, or undefined.
 * @param json a text that JSON.parse has taken
 */
export function namedTwice(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, text, colon] of json.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    if (text === undefined || colon === undefined) continue;
    // The same name may be written with escapes and without.
    const name = String(JSON.parse(text));
    const names = open.at(-1);
    if (names?.has(name)) return name;
    names?.add(name);
  }
  return undefined;
}
