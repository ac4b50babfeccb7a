/**
 * Whether the process has come through: what nobody caught ends a router, so that here it fails the test that was running. It must never swallow anything: the
 * test runner hears of it as well.
 */
import { afterEach, beforeEach, expect } from 'vitest';

/** To be called once at the head of a test file. */
export function nothingUncaught(): void {
  const faults: unknown[] = [];
  const keep = (fault: unknown): void => {
    faults.push(fault);
  };
  beforeEach(() => {
    faults.length = 0;
    process.on('uncaughtExceptionMonitor', keep).on('unhandledRejection', keep);
  });
  afterEach(async () => {
    // What was rejected in this turn is told after it.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('uncaughtExceptionMonitor', keep).off('unhandledRejection', keep);
    expect(faults).toEqual([]);
  });
}
