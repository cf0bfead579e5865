import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig } from '../../../src/config/load.ts';
import { TierdError } from '../../../src/domain/errors.ts';
import { directoryWith, problemsOf } from '../../support/config-file.ts';

const GOOD = readFileSync(new URL('../../../config/unified_config.yaml', import.meta.url), 'utf8');
const SECRET = 'postgres://tierd:hunter2@localhost/market';

/** Seconds on a machine of one's own, more on a shared one. */
const SLOW = { timeout: 60_000 };

/** Loads, or says what is wrong in a way that a person can act on; nothing in between. */
function loadOrExplain(text: string): void {
  const directory = directoryWith({});
  const file = join(directory, 'unified_config.yaml');
  writeFileSync(file, text);
  try {
    const env = { TIERD_POSTGRES_URL: SECRET };
    expect(loadConfig({ file, env, workingDirectory: '/' }).datasets.length).toBeGreaterThan(0);
  } catch (error) {
    if (!(error instanceof TierdError)) throw error;
    expect(error.code).toBe('CONFIG_INVALID');
    expect(problemsOf(error).length).toBeGreaterThan(0);
    for (const problem of problemsOf(error)) {
      expect(problem.message ?? problem.expected).toBeTruthy();
    }
    expect(JSON.stringify(error.context)).not.toContain('hunter2');
  }
}

it('a file with any few characters lost, doubled or put in loads or is explained', SLOW, () => {
  const edit = fc.record({
    at: fc.nat(GOOD.length),
    remove: fc.nat(12),
    insert: fc.oneof(
      fc.constantFrom(
        '\t',
        '\n',
        '  ',
        ':',
        '- ',
        '{',
        ']',
        '"',
        '&a ',
        '*a',
        '${',
        '}',
        '#',
        '<<: ',
        '!!x ',
        '\0',
        '%',
        '|',
      ),
      fc.string({ maxLength: 3, unit: 'binary' }),
    ),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
      let text = GOOD;
      for (const { at, remove, insert } of edits) {
        text = text.slice(0, at) + insert + text.slice(at + remove);
      }
      loadOrExplain(text);
    }),
    { numRuns: 200 },
  );
});

it('a file of the right shape with any values at all loads or is explained', SLOW, () => {
  const value = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom('30s', '1GB', 'day', true, 1, 0, -1, null, '${X}', {}, []),
    },
    fc.jsonValue({ maxDepth: 2 }),
  );
  const keys = (...names: string[]) =>
    fc.oneof(
      { weight: 5, arbitrary: fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 4 }) },
      value,
    );
  const file = fc.record(
    {
      postgres: keys('url', 'host', 'port', 'password', 'url_file', 'ssl', 'lock_timeout'),
      lake: keys('type', 'path', 'min_free'),
      storage: fc.oneof(
        value,
        fc.record({ lifecycle: keys('hot_days', 'hot_intervals', 'guards', 'auto_rotation') }),
      ),
      datasets: fc.oneof(
        value,
        fc.dictionary(
          fc.constantFrom('a', 'b', '__proto__', 'Bad'),
          keys(
            'table',
            'time_column',
            'interval_column',
            'hot_intervals',
            'sort_by',
            'columns',
            'guards',
          ),
        ),
      ),
      maintenance: keys('vacuum', 'threads', 'memory_limit'),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(file, (content) => {
      loadOrExplain(stringify(content));
    }),
    { numRuns: 200 },
  );
});
