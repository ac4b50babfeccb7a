import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import LongestFirst from './tools/vitest/longest-first.ts';

/** They bound a hang and no speed: on a core that is shared with others everything takes many times as long. */
const BOUNDS = { testTimeout: 300_000, hookTimeout: 300_000, expect: { poll: { timeout: 30_000 } } };

/** Three projects: `unit` needs nothing but Node; `lab` starts real Asterisks, phones and push services on loopback; `package` installs the Debian package on real Debians. */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/lab/**', 'test/package/**'],
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          ...BOUNDS,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          // The lab waits more than it works: three files at once do not fill two cores. On one core phones and Asterisk get too little of it when there are two of everything.
          maxWorkers: availableParallelism() > 1 ? 3 : 1,
          sequence: { groupOrder: 2 },
          ...BOUNDS,
        },
      },
      {
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
          ...BOUNDS,
        },
      },
    ],
  },
});
