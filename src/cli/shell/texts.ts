/** What the shell itself has to say. */

import { countOf } from '../../domain/count.ts';
import type { Dataset } from '../../domain/dataset.ts';
import type { DrainSource } from '../../domain/drain/source.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';
import { META_COMMANDS } from './meta-command.ts';
import type { Within } from './statements.ts';

export function greeting(datasets: readonly Dataset[]): string {
  return `${countOf(datasets.length, 'dataset')}. End a query with ; and see \\? for help.`;
}

export function helpText({ colour }: Style): string {
  const width = Math.max(...META_COMMANDS.map(({ name }) => name.length));
  return [
    'A query is one SELECT in the SQL of DuckDB, over as many lines as it needs, ended by ;',
    ...META_COMMANDS.map(({ name, does }) => `  ${colour.bold(name.padEnd(width))}  ${does}`),
    'Tab completes, Ctrl-C ends a query that runs or forgets what was begun.',
  ].join('\n');
}

/** Sources as the tables that they are: `live.<source>`. */
export function listOfDatasets(
  datasets: readonly Dataset[],
  sources: readonly DrainSource[],
  style: Style,
): string {
  const live = sources.map(({ name, dataset }) => ({ ...dataset, name: `live.${name}` }));
  return renderTable(
    [{ title: 'dataset' }, { title: 'table' }, { title: 'time column' }],
    [...datasets, ...live].map(({ name, table, timeColumn }) => [
      name,
      `${table.schema}.${table.name}`,
      timeColumn,
    ]),
    style,
  );
}

const SIDE = /^(hot|cold|live)\s*\.\s*/i;

/** The query for the columns of what `\d NAME` names: `column_name` and `column_type`. No row of it is read. */
export function describeSql(name: string): string {
  const side = SIDE.exec(name)?.[1];
  const bare = name.replace(SIDE, '').replace(/^"(.*)"$/, '$1');
  const quoted = `"${bare.replaceAll('"', '""')}"`;
  const table = `${side === undefined ? '' : `${side}.`}${quoted}`;
  return `select column_name, column_type from (describe ${table})`;
}

/** As wide as each other, so that the lines of a statement stand below each other. */
export function promptFor(isBegun: boolean, within: Within): string {
  return isBegun ? `${(within ?? '-').padStart(5)}> ` : 'tierd> ';
}
