/** What copying a lake, and switching to the copy, are given to work with. Composed in `cli`. */
import type { FileSystem } from '../../lake/file-system.ts';
import type { ObjectStore } from '../../lake/object-store.ts';
import type { LedgerRooms } from '../rotation/rooms.ts';

/** Where the lake is to lie. */
export interface CopyTarget {
  readonly store: ObjectStore;
  /** By which files are put into the store's staging area. */
  readonly fileSystem: FileSystem;
  /** What is copied stays on the disk that `freeBytes` is of; else it only waits there to be sent. */
  readonly isLocal: boolean;
  /** So much of that disk stays free. */
  readonly minFreeBytes: number;
}

/** Their store is the lake as it is. */
export interface CopyRooms extends LedgerRooms {
  /** A fresh UUID. */
  readonly newId: () => string;
  readonly signal: AbortSignal;
}
