/** Prints `N passed, N failed, N skipped` from vitest's JSON report. */
import { readFileSync } from 'node:fs';

let passed = 0;
let failed = 0;
let skipped = 0;
try {
  const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
  passed = report.numPassedTests;
  failed = report.numFailedTests;
  skipped = report.numPendingTests + report.numTodoTests;
  // A file that could not even be loaded, or whose hooks failed, has no failed test to count.
  failed += report.testResults.filter(
    (file) =>
      file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
} catch (error) {
  console.log(`There is no report of the tests: ${error.message}`);
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
