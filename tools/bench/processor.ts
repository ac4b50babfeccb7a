/**
 * Processor time that a process has spent so far, its ended threads included, as Linux counts it.
 */
import { readFile } from 'node:fs/promises';

/** Of times in /proc/<pid>/stat. */
const TICK_MS = 10;
/** Where they stand behind the process's name. */
const USER_TIME = 11;

/** In ms, in steps of 10. */
export async function processorMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name, in brackets, may hold anything.
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(USER_TIME);
  return (Number(user) + Number(system)) * TICK_MS;
}
