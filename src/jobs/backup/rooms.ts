/** What backups are given to work with. Composed in `cli`. */
import type pg from 'pg';
import type { TableRef } from '../../domain/table.ts';
import type { PgPrograms } from '../../hot/dump/pg-tools.ts';
import type { BackupPlace } from '../../lake/backup/backup-place.ts';
import type { FileSystem } from '../../lake/file-system.ts';
import type { LedgerRooms, LocalRooms } from '../rotation/rooms.ts';

export interface BackupRooms extends LedgerRooms {
  readonly place: BackupPlace;
  /** Whether files of the lake may come by a second name, where they lie on the disk of the place. */
  readonly mayLink: boolean;
  readonly programs: PgPrograms;
  /** Of the database: past any pooler, with its password. */
  readonly url: string;
  readonly datasets: readonly { readonly name: string; readonly table: TableRef }[];
  /** A fresh UUID. */
  readonly newId: () => string;
  /** tierd's own. */
  readonly version: string;
  readonly signal: AbortSignal;
}

export interface RestoreRooms {
  readonly place: BackupPlace;
  readonly programs: PgPrograms;
  /** By which files of a lake are made: with the rights that its readers need. */
  readonly lakeFileSystem: FileSystem;
  readonly connectTo: (url: string) => Promise<pg.Client>;
  readonly signal: AbortSignal;
}

export type DrillRooms = BackupRooms & LocalRooms & RestoreRooms;

/** How far it is: bytes of what, of how many. */
export type TellProgress = (label: string, doneBytes: number, ofBytes: number | null) => void;
