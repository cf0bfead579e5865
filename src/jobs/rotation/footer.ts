/** What a file says of itself in its footer, for whoever finds it without the ledger. */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { SliceFingerprint } from '../../domain/fingerprint.ts';
import { formatTable } from '../../domain/table.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import type { RunContext } from './staged-move.ts';

export interface FooterFacts {
  readonly moveId: string;
  readonly range: TimeRange;
  readonly generation: number;
  readonly columns: readonly ColumnPlan[];
  readonly fingerprint: SliceFingerprint;
}

export function footerOf(
  version: string,
  { dataset, table }: Pick<RunContext, 'dataset' | 'table'>,
  { moveId, range, generation, columns, fingerprint }: FooterFacts,
): Record<string, string> {
  return {
    'tierd.version': version,
    'tierd.dataset': dataset.name,
    'tierd.table': formatTable(table.ref),
    'tierd.range': `${new Date(range.fromInclusive).toISOString()}/${new Date(range.toExclusive).toISOString()}`,
    'tierd.generation': String(generation),
    'tierd.move': moveId,
    'tierd.slice_rows': String(fingerprint.rows),
    'tierd.slice_fingerprint': JSON.stringify(fingerprint),
    'tierd.columns': JSON.stringify(
      columns.map(({ fieldId, name, postgresType }) => ({ id: fieldId, name, type: postgresType })),
    ),
    'tierd.plan': JSON.stringify(columns),
  };
}
