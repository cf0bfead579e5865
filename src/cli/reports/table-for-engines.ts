/** The lines that open a dataset's Iceberg table in other engines, as docs/iceberg.md has them. */
import { NAMESPACE } from '../../domain/lake/catalogue-names.ts';
import type { Report } from '../context.ts';
import { type DescribedTable, engineLines } from './engine-lines.ts';

export interface TableForEngines extends DescribedTable {
  /** Columns that it lacks. */
  readonly leftOut: readonly { readonly column: string; readonly reason: string }[];
}

export function reportTableForEngines(table: TableForEngines): Report {
  const engines = engineLines(table);
  const { dataset, location, folder, rest, bucket, leftOut } = table;
  return {
    json: {
      dataset,
      table: `${NAMESPACE}.${dataset}`,
      metadata_location: location,
      folder,
      rest_catalogue: rest,
      left_out: leftOut,
      engines: Object.fromEntries(engines.map(({ engine, lines }) => [engine, lines])),
    },
    text: ({ colour }) =>
      [
        `${colour.bold(dataset)} is the Iceberg table ${NAMESPACE}.${dataset}; its newest document is ${location}`,
        ...leftOut.map(({ column, reason }) => `${colour.yellow('it lacks')} ${column}: ${reason}`),
        ...engines.map(
          ({ engine, lines }) =>
            `\n${colour.cyan(engine)}\n${lines.map((line) => `  ${line}`).join('\n')}`,
        ),
        `\n${colour.dim('A document is of its moment: ask the catalogue, or describe again, for the newest.')}`,
        colour.dim(
          rest === null
            ? 'With server.port and server.query_token the daemon is a REST catalogue.'
            : 'TOKEN is the query token of the daemon.',
        ),
        ...(bucket === null
          ? []
          : [colour.dim('KEY and SECRET are of somebody who may read the bucket.')]),
      ].join('\n'),
  };
}
