/**
 * A vitest reporter that closes a run with one plain line, `N passed, N failed, N skipped`, for whoever reads only the end of a log.
 * A run in which no test was executed counts as failed.
 */
import type { Reporter, TestModule } from 'vitest/node';

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    let broken = 0;
    for (const module of modules) {
      if (module.errors().length > 0) broken += 1;
      for (const test of module.children.allTests()) count[test.result().state] += 1;
    }
    if (count.passed + count.failed === 0) process.exitCode = 1;
    console.log(`\n${count.passed} passed, ${count.failed + broken} failed, ${count.skipped + count.pending} skipped`);
  }
}
