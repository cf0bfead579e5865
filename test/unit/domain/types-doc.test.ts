import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  BUILT_IN_TYPES,
  TYPE_CLASSES,
  type TypeRule,
} from '../../../src/domain/columns/type-table.ts';

const text = readFileSync(new URL('../../../docs/types.md', import.meta.url), 'utf8');

function documented(heading: string): Record<string, string> {
  const section = text.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.includes('---'));
  return Object.fromEntries(
    rows.slice(1).map((row) => {
      const [, name = '', held = ''] = row.split('|').map((cell) => cell.trim());
      return [name.replaceAll('`', ''), held];
    }),
  );
}

function inWords(rules: Readonly<Record<string, TypeRule>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(rules).map(([name, { held }]) => [
      name,
      held === 'numeric' ? 'native or text' : held,
    ]),
  );
}

it('I6: docs/types.md says of every built-in type what the code does with it', () => {
  expect(documented('Base types')).toEqual(inWords(BUILT_IN_TYPES));
});

it('I6: docs/types.md says of every class of types what the code does with it', () => {
  expect(documented('Classes of types')).toEqual(inWords(TYPE_CLASSES));
});
