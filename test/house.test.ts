/** The rules of the house that a compiler does not know: who may import whom, and who may read the process. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const ADAPTERS = ['asterisk', 'push', 'store', 'api', 'system', 'config'];

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = globSync('src/**/*.ts', { cwd: ROOT }).map((path) => {
  const text = readFileSync(join(ROOT, path), 'utf8');
  return { path: relative('.', path), text, imports: importsOf(path, text) };
});

function importsOf(path: string, text: string): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name = '']) =>
    name.startsWith('.') ? normalize(join(dirname(path), name)) : name,
  );
}

const folderOf = (path: string) => /^src\/([^/]+)\//.exec(path)?.[1];

describe('the house', () => {
  it('has source files to look at', () => {
    expect(files.length).toBeGreaterThan(10);
  });

  it('the domain imports nothing outside itself', () => {
    const strays = files
      .filter(({ path }) => folderOf(path) === 'call')
      .flatMap(({ path, imports }) =>
        imports.filter((name) => folderOf(name) !== 'call').map((name) => `${path} → ${name}`),
      );
    expect(strays).toEqual([]);
  });

  it('the domain knows no clock, no timer, no process and no console', () => {
    const strays = files
      .filter(({ path }) => folderOf(path) === 'call')
      .filter(({ text }) =>
        /\b(Date\.now|new Date|setTimeout|setInterval|setImmediate|process\.|console\.|performance\.)/.test(text),
      )
      .map(({ path }) => path);
    expect(strays).toEqual([]);
  });

  it('adapters import the domain and themselves, never one another', () => {
    const strays = files
      .filter(({ path }) => ADAPTERS.includes(folderOf(path) ?? ''))
      .flatMap(({ path, imports }) =>
        imports
          .filter((name) => name.startsWith('src/') && ![folderOf(path), 'call'].includes(folderOf(name)))
          .map((name) => `${path} → ${name}`),
      );
    expect(strays).toEqual([]);
  });

  it('the floors of src/asterisk import downwards only', () => {
    const FLOORS = ['ari', 'app', 'registrations', 'channels', 'resync'];
    const floorOf = (path: string) => FLOORS.indexOf(/^src\/asterisk\/([^/]+)\//.exec(path)?.[1] ?? '');
    const strays = files
      .filter(({ path }) => floorOf(path) >= 0)
      .flatMap(({ path, imports }) =>
        imports
          .filter((name) => name.startsWith('src/asterisk/') && (floorOf(name) < 0 || floorOf(name) > floorOf(path)))
          .map((name) => `${path} → ${name}`),
      );
    expect(strays).toEqual([]);
  });

  it('the client of ARI knows no call but by its errors, its clock and its log', () => {
    const KNOWN = ['src/call/errors.ts', 'src/call/ports.ts'];
    const strays = files
      .filter(({ path }) => path.startsWith('src/asterisk/ari/'))
      .flatMap(({ path, imports }) =>
        imports
          .filter((name) => name.startsWith('src/call/') && !KNOWN.includes(name))
          .map((name) => `${path} → ${name}`),
      );
    expect(strays).toEqual([]);
  });

  it('what runs, what it is tried on and what measures it never import a test', () => {
    const strays = globSync('{src,lab,tools}/**/*.ts', { cwd: ROOT }).flatMap((path) =>
      importsOf(path, readFileSync(join(ROOT, path), 'utf8'))
        .filter((name) => name.startsWith('test/') || (path.startsWith('src/') && /^(lab|tools)\//.test(name)))
        .map((name) => `${path} → ${name}`),
    );
    expect(strays).toEqual([]);
  });

  it('no channel’s variable is set by an order of ARI’s own: Asterisk would refuse DB() and its like to the dialplan afterwards', () => {
    const askers = files.filter(({ text }) => /Path\(\w+, '\/variable'\)/.test(text));
    expect(askers.map(({ path }) => path).sort()).toEqual([
      'src/asterisk/app/expressions.ts',
      'src/asterisk/app/variable-order.ts',
    ]);
    expect(askers.filter(({ text }) => /'(POST|PUT)'/.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('nobody asks a channel for its application: Asterisk ends itself where the channel leaves it in that moment', () => {
    const everywhere = globSync('{src,dialplan,lab,test,tools}/**/*.{ts,conf}', { cwd: ROOT })
      // What a log's row shows is read from a copy.
      .filter((path) => !path.endsWith('site-conf.ts') && !path.endsWith('house.test.ts'));
    const asked = everywhere.filter((path) =>
      /['"`{]CHANNEL\(app(name|data)\)/.test(readFileSync(join(ROOT, path), 'utf8')),
    );
    expect(asked).toEqual([]);
  });

  it('main.ts and cli.ts alone read the process', () => {
    const strays = files
      .filter(({ path }) => path !== 'src/main.ts' && path !== 'src/cli.ts')
      .filter(
        ({ text, imports }) =>
          /\bprocess\.(?!hrtime|memoryUsage)/.test(withoutComments(text)) || imports.includes('node:process'),
      )
      .map(({ path }) => path);
    expect(strays).toEqual([]);
  });

  it('each file says at its head what it is for', () => {
    expect(files.filter(({ text }) => !text.startsWith('/**')).map(({ path }) => path)).toEqual([]);
  });

  it('no file has grown past two rooms', () => {
    const long = files.filter(({ text }) => text.split('\n').length > 320).map(({ path }) => path);
    expect(long).toEqual([]);
  });

  it('types are not silenced', () => {
    const silenced = files.filter(({ text }) =>
      /\bas unknown as\b|: any(?=[\s;,)\]>|]*$)|\bas any\b|@ts-(ignore|expect-error)/m.test(text),
    );
    expect(silenced.map(({ path }) => path)).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}
