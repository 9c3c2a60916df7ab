// countTests.mjs EXIT_CODE FAILED_CHECKS RESULTS: prints "N passed, N failed[, N skipped]" for the exit code of `npm test`, the
// checks that failed before its tests (set-up, lint, types, unused code) and the results that vitest wrote, if it came to
// run. Exits 1 when anything failed or nothing passed.
import { existsSync, readFileSync } from 'node:fs';

const [exitCode, failedChecks, resultsFile] = process.argv.slice(2);
const results = existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, 'utf8')).testResults : [];

const tests = results.flatMap((file) => file.assertionResults);
const withStatus = (...statuses) => tests.filter((test) => statuses.includes(test.status)).length;
const passed = withStatus('passed');
const skipped = withStatus('skipped', 'pending', 'todo', 'disabled');
// A file that fails outside its tests (an import, a hook) is a failure although no test of it is.
const brokenFiles = results.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
).length;
const counted = tests.length - passed - skipped + brokenFiles + Number(failedChecks);
// What fails without a trace in the results, such as an error between tests.
const failed = exitCode !== '0' && counted === 0 ? 1 : counted;

console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
if (failed > 0 || passed === 0) process.exitCode = 1;
