/**
 * From which mirror, and with which keys, the machine's own apt takes Debian: read from its configuration, so that a
 * site's mirror or proxy is used without being named anywhere in this repository. Reads only; never changes the machine's apt.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface DebianArchive {
  readonly uri: string;
  /** Keyring files that may sign; apt's own trusted keys when empty. */
  readonly keyrings: readonly string[];
}

interface Source {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly signedBy: readonly string[];
}

const DEFAULT_URI = 'http://deb.debian.org/debian';
const DEBIAN_KEYRINGS = [
  '/usr/share/keyrings/debian-archive-keyring.gpg',
  '/usr/share/keyrings/debian-archive-keyring.pgp',
];
const DEBIAN_SUITES = new Set([
  ...['buster', 'bullseye', 'bookworm', 'trixie', 'forky', 'duke', 'sid'],
  ...['oldoldstable', 'oldstable', 'stable', 'testing', 'unstable'],
]);

/** One-line style (`deb [options] uri suite components`). */
export function parseSourcesList(text: string): Source[] {
  const found: Source[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (match === null) continue;
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1] ?? '';
    found.push({
      uri,
      suites: [suite],
      components: components.split(/\s+/).filter(Boolean),
      signedBy: signedBy.split(',').filter(Boolean),
    });
  }
  return found;
}

/** deb822 style (`Types: deb` ... stanzas apart by an empty line). */
export function parseSourcesStanzas(text: string): Source[] {
  const plain = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
  const found: Source[] = [];
  for (const stanza of plain.split(/\n\s*\n/)) {
    const field = (name: string): string[] =>
      (new RegExp(`^${name}:((?:.*\\n?)(?:[ \\t]+.*\\n?)*)`, 'im').exec(stanza)?.[1] ?? '')
        .split(/[\s,]+/)
        .filter(Boolean);
    if (!field('Types').includes('deb') || field('Enabled')[0]?.toLowerCase() === 'no') continue;
    for (const uri of field('URIs')) {
      found.push({ uri, suites: field('Suites'), components: field('Components'), signedBy: field('Signed-By') });
    }
  }
  return found;
}

async function readSources(aptFolder: string): Promise<Source[]> {
  const folder = join(aptFolder, 'sources.list.d');
  const names = await readdir(folder).catch(() => []);
  const files = [join(aptFolder, 'sources.list'), ...names.sort().map((name) => join(folder, name))];
  const found: Source[] = [];
  for (const file of files) {
    if (!/\.(list|sources)$/.test(file)) continue;
    const text = await readFile(file, 'utf8').catch(() => '');
    found.push(...(file.endsWith('.sources') ? parseSourcesStanzas(text) : parseSourcesList(text)));
  }
  return found;
}

/** The Debian archive as the machine's own apt knows it; Debian's usual address where it knows none. */
export async function findDebianArchive(aptFolder = '/etc/apt'): Promise<DebianArchive> {
  const sources = await readSources(aptFolder);
  const source = sources.find(
    ({ suites, components }) => components.includes('main') && suites.some((suite) => DEBIAN_SUITES.has(suite)),
  );
  const own = (source?.signedBy ?? []).filter((file) => file.startsWith('/') && existsSync(file));
  const keyrings = new Set([...own, ...DEBIAN_KEYRINGS.filter((file) => existsSync(file)).slice(0, 1)]);
  return { uri: source?.uri ?? DEFAULT_URI, keyrings: [...keyrings] };
}
