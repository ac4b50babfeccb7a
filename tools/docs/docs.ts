/** Writes the generated parts of docs/ anew; scripts/docs starts it. It says which documents it has changed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DOCUMENTS, generated } from './documents.ts';

const ROOT = join(import.meta.dirname, '../..');

for (const path of DOCUMENTS) {
  const file = join(ROOT, path);
  const before = readFileSync(file, 'utf8');
  const now = generated(before, path);
  if (now === before) continue;
  writeFileSync(file, now);
  console.log(`${path} has changed`);
}
