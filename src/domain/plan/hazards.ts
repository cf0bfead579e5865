/** What stands around a table that a removal of rows could hurt, or that could hurt it. */
import type { TableRef } from '../table.ts';
import type { ContinuousAggregate, RefreshPolicy } from './aggregates.ts';

export type ForeignKeyAction = 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';

/** Facts of the catalogue, found by `hot/hazards/hazards`; `judge-hazards` decides what they mean. */
export type TableHazard =
  | {
      readonly kind: 'foreign_key';
      readonly constraint: string;
      /** The table that refers to this one. */
      readonly from: TableRef;
      /** The table itself, or one that inherits from it. */
      readonly to: TableRef;
      readonly onDelete: ForeignKeyAction;
    }
  | { readonly kind: 'row_security' }
  | {
      readonly kind: 'delete_trigger';
      readonly trigger: string;
      readonly on: TableRef;
      /** It fires before each row, and can say that the row stays. */
      readonly mayKeepRows: boolean;
    }
  | { readonly kind: 'event_trigger'; readonly trigger: string; readonly event: string }
  | { readonly kind: 'delete_rule'; readonly rule: string; readonly on: TableRef }
  | { readonly kind: 'inheritance'; readonly children: readonly TableRef[] }
  /** Columns that the table lacks: who moves its rows would leave their values behind. */
  | { readonly kind: 'heir_columns'; readonly heir: TableRef; readonly columns: readonly string[] }
  | { readonly kind: 'foreign_heir'; readonly heir: TableRef }
  /** Columns that may name large objects, in a database that has some. */
  | { readonly kind: 'large_objects'; readonly columns: readonly string[] }
  | { readonly kind: 'temporary' }
  /** The table, or partitions, chunks or children of it. */
  | { readonly kind: 'unlogged'; readonly tables: readonly TableRef[] }
  | { readonly kind: 'foreign_partition'; readonly partition: TableRef }
  | {
      readonly kind: 'publication';
      readonly publication: string;
      /** Whether it sends deletes, and whether the deleted rows can be named to the subscriber. */
      readonly sendsDeletes: boolean;
      readonly hasIdentity: boolean;
    }
  | {
      readonly kind: 'missing_privilege';
      /** `vacuum`: not even where it need not own the table for that. */
      readonly privilege: 'usage' | 'select' | 'delete' | 'ownership' | 'vacuum';
    }
  /** Of a hypertable in place, and owned by a role that this one is no member of. */
  | {
      readonly kind: 'foreign_chunk';
      readonly chunk: TableRef;
      readonly owner: string;
      readonly role: string;
    }
  | ContinuousAggregate
  | { readonly kind: 'hidden_aggregate'; readonly view: TableRef }
  | RefreshPolicy
  | { readonly kind: 'retention_policy'; readonly job: number; readonly dropAfter: string }
  /** Compressed chunks that no move can drop: cut by another column, or without an end. */
  | { readonly kind: 'compressed_chunks'; readonly count: number; readonly example: TableRef }
  | { readonly kind: 'no_default_partition' }
  | { readonly kind: 'no_time_index' };
