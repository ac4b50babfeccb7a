/**
 * The program as few files that need no node_modules: what speaks to the push services stays apart, since it is loaded after the first calls. Names every package
 * that went in, for their licences. It must give the same bytes wherever the repository lies.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/**
 * @param root of the repository
 * @param into an empty folder; main.mjs is what starts
 * @returns folders in node_modules, in order
 */
export async function bundle(root: string, into: string): Promise<readonly string[]> {
  const faults: string[] = [];
  const bundled = await rolldown({
    cwd: root,
    input: 'src/main.ts',
    platform: 'node',
    onLog: (level, log) => {
      if (level === 'warn' && log.code === 'UNRESOLVED_IMPORT') faults.push(log.message);
    },
  });
  const { output } = await bundled.write({
    dir: into,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-[hash].mjs',
  });
  await bundled.close();
  if (faults.length > 0) throw new Error(faults.join('\n'));
  const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  const packages = modules.flatMap(
    (id) => /\/(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1] ?? [],
  );
  return [...new Set(packages)].sort();
}

/** Who made what is in the package, and under which terms. */
export function copyright(root: string, packages: readonly string[]): string {
  const parts = packages.map((folder) => {
    const { name, version, license }: { name: string; version: string; license?: string } = JSON.parse(
      readFileSync(join(root, folder, 'package.json'), 'utf8'),
    );
    const terms = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENCE', 'LICENSE-MIT', 'License']
      .map((file) => join(root, folder, file))
      .find((file) => existsSync(file));
    return `${name} ${version} (${license ?? 'see below'})\n\n${terms === undefined ? '' : readFileSync(terms, 'utf8')}`;
  });
  return ['xivo-mapp\n', readFileSync(join(root, 'LICENSE'), 'utf8'), ...parts].join(`\n${'='.repeat(80)}\n\n`);
}
