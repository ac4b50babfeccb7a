/** The check of the documents must see what it is there for. That the documents pass it is a step of scripts/test. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { brokenLinks } from '../../tools/docs/links.ts';
import { Speller } from '../../tools/docs/spelling.ts';
import { withoutCode } from '../../tools/docs/text.ts';

const ROOT = join(import.meta.dirname, '../..');
const speller = new Speller(join(ROOT, 'docs/words.txt'));

it('a misspelt word is told once, with its line', () => {
  expect(speller.faults('The caller\nrecieves a callr.\nrecieves')).toEqual([
    { line: 2, what: 'unknown word: recieves' },
    { line: 2, what: 'unknown word: callr' },
  ]);
});

it('names, code and addresses are no words', () => {
  const text =
    "WebApp, SIP, URLs, Alice's colours, `recieve`, [here](docs/recieve.md), recieve.conf, https://recieve.example";
  expect(speller.faults(`${text}\n\n\`\`\`sh\nrecieve\n\`\`\`\n`)).toEqual([]);
});

it('a link that leads nowhere is told', () => {
  const text = '[a](docs/nowhere.md) [b](docs/edge-cases.md#edges-16) [c](docs/edge-cases.md#edges-1600) [d](#heads)\n';
  expect(brokenLinks(ROOT, 'README.md', text).map(({ what }) => what)).toEqual([
    'link to docs/nowhere.md: there is no such file',
    'link to docs/edge-cases.md#edges-1600: no such place',
    'link to #heads: no such place',
  ]);
});

it('code leaves as many characters and lines as it had', () => {
  const text = 'a `b` c\n   ```sh\n   d\n   ```\ne\n';
  expect(withoutCode(text)).toBe(`a     c\n${' '.repeat(8)}\n${' '.repeat(4)}\n${' '.repeat(6)}\ne\n`);
});
