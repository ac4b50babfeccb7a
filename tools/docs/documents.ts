/**
 * Which documents have generated parts, and what belongs into each. A part begins with a comment that names it, and ends with another; what stands
 * outside is written by hand. It must never write a file by itself.
 */
import { citationTable } from './edge-cases.ts';
import { endingTable, leftTable, ownReasonTable } from './endings.ts';
import { environmentTable } from './environment.ts';
import { globalTable } from './globals.ts';

export const DOCUMENTS = ['docs/configuration.md', 'docs/dialplan.md', 'docs/edge-cases.md'] as const;

const PARTS: Readonly<Record<string, () => string>> = {
  globals: globalTable,
  environment: environmentTable,
  endings: endingTable,
  'own-reasons': ownReasonTable,
  'caller-left': leftTable,
  citations: citationTable,
};

const PART = /^<!-- generated: ([a-z-]+) -->\n(.*?)^<!-- end -->$/gms;

/**
 * The text with its generated parts as the code has them now.
 * @param path names the document in what is thrown
 */
export function generated(text: string, path: string): string {
  let parts = 0;
  const now = text.replaceAll(PART, (_, name: string) => {
    const make = PARTS[name];
    if (make === undefined)
      throw new Error(`${path} has a part ${name}, which nobody writes: ${Object.keys(PARTS).join(', ')}`);
    parts += 1;
    return `<!-- generated: ${name} -->\n\n${make()}\n\n<!-- end -->`;
  });
  if (parts === 0) throw new Error(`${path} has no generated part: it wants <!-- generated: … --> and <!-- end -->`);
  return now;
}
