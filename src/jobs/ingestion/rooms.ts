/** What an ingest is given, and what it says of itself while it runs. */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { Dataset } from '../../domain/dataset.ts';
import type { IngestReading, OnConflict } from '../../domain/ingest/reading.ts';
import type { IngestPlan } from '../../domain/plan/ingest.ts';
import type { RowIdentity } from '../../domain/plan/row-identity.ts';
import type { TableDescription } from '../../domain/table.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import type { KeyOfRows } from '../../hot/write/ingest-conflicts.ts';
import type { FieldIds } from '../rotation/plan/field-ids.ts';
import type { JobRooms } from '../rotation/rooms.ts';
import type { FoundFile } from './find-files.ts';

export interface IngestRequest {
  readonly files: readonly FoundFile[];
  readonly reading: IngestReading;
  readonly onConflict: OnConflict;
  /** Overrules the guards that can be overruled, and a pause. */
  readonly force: boolean;
}

export interface IngestRooms extends JobRooms {
  readonly tell: (event: IngestEvent) => void;
}

export type IngestEvent = { readonly dataset: string } & (
  | {
      readonly kind: 'read';
      readonly path: string;
      readonly rows: number;
      readonly rejected: number;
    }
  | { readonly kind: 'planned'; readonly plan: IngestPlan }
  | {
      readonly kind: 'ingested';
      readonly range: TimeRange;
      readonly cold: number;
      readonly hot: number;
      readonly segments: number;
    }
);

/** What is known of the dataset before a file is read. */
export interface Known {
  readonly dataset: Dataset;
  readonly table: TableDescription;
  readonly columns: readonly ColumnPlan[];
  readonly fieldIds: FieldIds;
  /** Null where no key tells rows that the lake has. */
  readonly identity: RowIdentity | null;
  /** The columns of that key in PostgreSQL. */
  readonly key: KeyOfRows | null;
}
