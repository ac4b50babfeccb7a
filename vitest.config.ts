import { defineConfig } from 'vitest/config';

/** Two projects: `unit` needs nothing but Node; `lab` starts real Asterisks, phones and push services on loopback. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/lab/**'],
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          // Bounds a hang, not a speed.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          // The lab waits more than it works: two files at once use two cores less than fully.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
