/** How many bytes objects take in the heap, counted after collections of garbage: for tests of what something holds, which are about bytes and never about time. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** What is held by what `make` gives, in bytes, with whatever else it has left in this process. */
export async function bytesHeld(make: () => unknown): Promise<number> {
  const before = used();
  const held = await make();
  const after = used();
  // It must live until here.
  return held === undefined ? 0 : after - before;
}

function used(): number {
  // What finalizers and weak references let go in one collection goes in the next.
  for (let turn = 0; turn < 3; turn += 1) collect();
  return process.memoryUsage().heapUsed;
}
