import { defineConfig } from 'vitest/config';

const results = process.env.TEST_RESULTS;
/** All stress tests, and not only those that CI has the time for. */
const ALL = process.env.STRESS === 'all';

// Five kinds of tests, told apart by the file name:
//   *.test.ts              unit: pure, or on files of this repository; no process, no socket. `npm run test:unit`
//   *.integration.test.ts  integration: real programs and sockets on 127.0.0.1 (API server, Envoy, kubectl, servers of our
//                          own). They share one API server (test/support/apiServer.ts) and get the programs that
//                          `npm run setup` provides.
//   *.fuzz.test.ts         fuzz: unit tests that make up their input; a few hundred cases with the unit tests, 10,000 and more
//                          (FUZZ_RUNS) with `npm run test:fuzz`, which is not a part of `npm test`.
//   *.stress.test.ts       stress: integration tests that kill and disturb many operators for minutes, one file after the
//                          other, because each needs the machine for itself. `npm run test:stress`; `npm test` runs three.
//   *.build.test.ts        build: builds the image with docker or buildah, which takes minutes; skipped, with the reason, where
//                          there is neither. `npm run test:image`; not a part of `npm test`.
// A test file that starts a process or listens on a port is an integration test.

// Modules are imported as Node imports them: a CommonJS module's default is its module.exports.
const deps = { interopDefault: false };

export default defineConfig({
  test: {
    // .ci/run names the file and counts what is in it.
    reporters: results ? ['default', ['json', { outputFile: results }]] : ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          deps,
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.integration.test.ts', 'test/**/*.stress.test.ts', 'test/**/*.build.test.ts'],
          sequence: { groupOrder: 0 },
          // Some simulate hours; on a busy machine that takes a while.
          testTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'fuzz',
          deps,
          include: ['test/**/*.fuzz.test.ts'],
          sequence: { groupOrder: 3 },
          env: { FUZZ_RUNS: process.env.FUZZ_RUNS ?? '10000' },
          testTimeout: 1_200_000,
        },
      },
      {
        test: {
          name: 'integration',
          deps,
          include: ['test/**/*.integration.test.ts'],
          globalSetup: ['test/support/sharedCluster.ts'],
          sequence: { groupOrder: 1 },
          // An API server, an Envoy and a load loop fill two cores.
          maxWorkers: 2,
          // Experiments take their time and little of the processor's.
          maxConcurrency: 16,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'build',
          deps,
          include: ['test/**/*.build.test.ts'],
          sequence: { groupOrder: 3 },
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'stress',
          deps,
          include: ALL ? ['test/**/*.stress.test.ts'] : ['test/operator/{apiFaults,deletion,soak}.stress.test.ts'],
          globalSetup: ['test/support/sharedCluster.ts'],
          sequence: { groupOrder: 2 },
          // Each starts many operators; one file at a time has the machine.
          maxWorkers: 1,
          // Experiments take their time and little of the processor's.
          maxConcurrency: 16,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
