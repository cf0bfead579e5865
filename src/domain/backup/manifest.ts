/** What a backup consists of. A manifest is written last: without one there is no backup. */
import type { SnapshotVersion } from '../lake/snapshot-version.ts';
import type { TableRef } from '../table.ts';
import type { EpochMs } from '../time/time-range.ts';

export type BackupKind = 'dump' | 'snapshot';

/** A file of the backup's place, named by its content. */
export interface BackedUpFile {
  readonly bytes: number;
  /** Of the whole file, 64 lower-case hex digits. */
  readonly sha256: string;
}

/** A file of the lake. */
export interface BackedUpObject extends BackedUpFile {
  /** Its key in the lake. */
  readonly key: string;
}

export interface BackedUpDump extends BackedUpFile {
  /** Of what it says, without what differs from one dump to the next of an unchanged database. */
  readonly fingerprint: string;
}

/** What a dataset had in the backup's snapshot, for comparing after a restore. */
export interface BackedUpDataset {
  readonly name: string;
  readonly table: TableRef;
  /** Null where the table was not there. */
  readonly hot: HotFacts | null;
  readonly segments: number;
  readonly coldRows: number;
}

export interface HotFacts {
  readonly rows: string;
  /** The sum of hashes of each row's text. */
  readonly digest: string;
}

export interface BackupManifest {
  readonly kind: BackupKind;
  readonly takenAt: EpochMs;
  readonly ledgerId: string;
  readonly lakeId: string;
  readonly database: string;
  /** Of the ledger, as of which dump and segments are. */
  readonly version: SnapshotVersion;
  /** The newest migration of the ledger. */
  readonly migration: string;
  readonly postgres: { readonly version: string; readonly timescale: string | null };
  readonly tools: { readonly tierd: string; readonly pgDump: string };
  readonly dump: BackedUpDump;
  /** None of a dump alone. */
  readonly segments: readonly BackedUpObject[];
  /** What the lake keeps beside segments: marker, owners, manifests, heads of the audit log. */
  readonly records: readonly BackedUpObject[];
  readonly datasets: readonly BackedUpDataset[];
}

/** A manifest by its id, which is the name of its file. */
export interface NamedBackup extends BackupManifest {
  readonly id: string;
}

/** All files of the backup, each once. */
export function filesOf(backup: BackupManifest): readonly BackedUpFile[] {
  const files = new Map<string, BackedUpFile>();
  for (const file of [backup.dump, ...backup.segments, ...backup.records]) {
    files.set(file.sha256, file);
  }
  return [...files.values()];
}

export function bytesOf(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

const ID = /^\d{8}T\d{6}Z-[0-9a-f]{12}$/;

/** `20261201T050102Z-0f3a…`: when it was taken, and what its manifest's text begins to hash to. */
export function backupId(takenAt: EpochMs, sha256: string): string {
  const stamp = new Date(takenAt)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:]/g, '');
  return `${stamp}-${sha256.slice(0, 12)}`;
}

export function isBackupId(text: string): boolean {
  return ID.test(text);
}

/** Whether the manifest's text is the one that the id was made of. */
export function isTextOf(id: string, sha256: string): boolean {
  return id.endsWith(`-${sha256.slice(0, 12)}`);
}
