/** docs/postgres-face-sql.md says what the code does. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Catalogue } from '../../../src/faces/postgres/translate/catalogue.ts';
import { classifyStatement } from '../../../src/faces/postgres/translate/classify-statement.ts';
import { AGGREGATES } from '../../../src/faces/postgres/translate/functions/aggregates.ts';
import {
  FLOAT_FUNCTIONS,
  NUMBER_FUNCTIONS,
} from '../../../src/faces/postgres/translate/functions/number-functions.ts';
import { TEXT_FUNCTIONS } from '../../../src/faces/postgres/translate/functions/text-functions.ts';
import { TIME_FUNCTIONS } from '../../../src/faces/postgres/translate/functions/time-functions.ts';
import { loadParser } from '../../../src/faces/postgres/translate/parse-statements.ts';
import { SqlRefusal } from '../../../src/faces/postgres/translate/sql-refusal.ts';
import { translate } from '../../../src/faces/postgres/translate/translate.ts';
import { WINDOW_FUNCTIONS } from '../../../src/faces/postgres/translate/translate-window.ts';
import { catalogueOf } from '../../support/both-engines.ts';
import { REFUSED, TABLES } from '../../support/fragments-of-sql.ts';

const page = readFileSync('docs/postgres-face-sql.md', 'utf8');
const parser = await loadParser();

test('the functions that it names are those that are known', () => {
  const [, , functions = ''] = /(<!-- functions[^>]*>)([\s\S]*?)\n\nAnd/.exec(page) ?? [];
  const named = [...functions.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  const known = [
    TEXT_FUNCTIONS,
    FLOAT_FUNCTIONS,
    NUMBER_FUNCTIONS,
    TIME_FUNCTIONS,
    AGGREGATES,
  ].flatMap(Object.keys);
  expect(named.toSorted()).toEqual(
    [...known, 'concat', 'concat_ws', ...WINDOW_FUNCTIONS].toSorted(),
  );
});

test('what it says is refused is refused in these words', () => {
  const catalogue = catalogueOf(TABLES);
  const rows = REFUSED.map(([fragment]) => {
    const { sqlstate, message, hint } = refusalOf(`select ${fragment}`, catalogue);
    const said = `${message}${hint === null ? '' : `. ${hint}`}`;
    return `| \`${cell(fragment)}\` | ${sqlstate} | ${cell(said).replaceAll('<', '&lt;')} |`;
  });
  const table = ['| select … | SQLSTATE | |', '|---|---|---|', ...rows].join('\n');
  const [, written = ''] = /<!-- refused[^>]*-->\n\n([\s\S]*)$/.exec(page) ?? [];
  expect(written.trim()).toBe(table);
});

const cell = (text: string): string => text.replaceAll('|', '\\|');

function refusalOf(sql: string, catalogue: Catalogue): SqlRefusal {
  try {
    const [statement] = parser.statements(sql);
    if (statement === undefined) throw new Error('no statement');
    const isDataset = (_: string | null, name: string) =>
      TABLES.some((table) => table.name === name);
    const found = classifyStatement(statement, parser, isDataset);
    if (found.kind === 'select') translate(found.question, { catalogue });
  } catch (error) {
    if (error instanceof SqlRefusal) return error;
    throw error;
  }
  throw new Error(`not refused: ${sql}`);
}
