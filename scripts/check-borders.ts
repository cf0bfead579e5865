/**
 * Checks the borders between the rooms (.dependency-cruiser.cjs), and that there was something to
 * check: a parser that doesn't understand our TypeScript finds no module, no violation, and exits 0.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

interface CruiseResult {
  readonly summary: {
    readonly totalCruised: number;
    readonly totalDependenciesCruised: number;
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string; readonly severity: string };
      readonly comment?: string;
    }[];
  };
}

const folders = ['src', 'test', 'bench', 'scripts'].filter((folder) => existsSync(folder));
const { summary } = cruise();
let errors = 0;
for (const { from, to, rule, comment } of summary.violations) {
  if (rule.severity === 'error') errors += 1;
  console.log(`${rule.severity}: ${rule.name}: ${from} → ${to}${comment ? `: ${comment}` : ''}`);
}
const { totalCruised, totalDependenciesCruised } = summary;
console.log(
  `${totalCruised} modules, ${totalDependenciesCruised} imports, ${errors} border errors`,
);
if (totalCruised < 10 || totalDependenciesCruised < 10) {
  console.log('The cruiser saw next to nothing: it does not understand this TypeScript.');
  errors += 1;
}
process.exitCode = errors === 0 ? 0 : 1;

function cruise(): CruiseResult {
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders];
  try {
    return parse(execFileSync('node_modules/.bin/depcruise', args, { maxBuffer: 2 ** 28 }));
  } catch (error) {
    // It exits with the number of violations, and prints them all the same.
    return parse((error as { stdout: Buffer }).stdout);
  }
}

function parse(json: Buffer): CruiseResult {
  return JSON.parse(json.toString()) as CruiseResult;
}
