/**
 * Does something for each of very many, in their order and a few at a time, so that whatever else is asked of Asterisk meanwhile is not behind them.
 * It begins with no other once one has failed.
 */

/** Half of what a lane takes: lanes.ts. */
export const FEW = 8;

/** Resolves when all is done. Rejects as soon as one does. */
export async function fewAtOnce<T>(all: Iterable<T>, act: (one: T) => Promise<unknown>): Promise<void> {
  const rest = all[Symbol.iterator]();
  let hasFailed = false;
  const work = async (): Promise<void> => {
    while (!hasFailed) {
      const next = rest.next();
      if (next.done === true) return;
      await act(next.value).catch((error: unknown) => {
        hasFailed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: FEW }, work));
}
