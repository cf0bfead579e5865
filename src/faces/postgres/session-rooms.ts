/** What the statements of a session work with. */
import type { Cursors } from './cursors.ts';
import type { FaceDesk } from './face-desk.ts';
import type { Settings } from './settings.ts';
import type { Transaction } from './transaction.ts';

export interface SessionRooms {
  readonly desk: FaceDesk;
  readonly settings: Settings;
  readonly transaction: Transaction;
  readonly cursors: Cursors;
  /** Forgets a prepared statement, or all of them. @throws FaceError 26000 where there is none */
  readonly deallocate: (name: string | null) => void;
  /** Closes portals, which live no longer than a transaction. */
  readonly endPortals: () => Promise<void>;
}
