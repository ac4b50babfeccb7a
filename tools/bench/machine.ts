/**
 * On what was measured: processor, memory, versions. No names of machines, no dates.
 */
import { readFileSync } from 'node:fs';
import { arch, cpus, totalmem } from 'node:os';

export function machineWords(asteriskVersions: readonly string[]): string {
  const model = cpus()[0]?.model.trim() ?? arch();
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? process.platform;
  return `${cpus().length} cores (${model}), ${memoryGb} GB, ${system}, Node.js ${process.versions.node}, Asterisk ${asteriskVersions.join(' and ')}`;
}
