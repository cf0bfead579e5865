/** Statements about the session and not about rows: transactions, settings, what is to be forgotten. */
import { FaceError } from './face-error.ts';
import type { SessionRooms } from './session-rooms.ts';
import type { ReportedSetting } from './settings.ts';
import type { StatementKind } from './translate/statement-kinds.ts';

export type Command = Exclude<
  StatementKind,
  { readonly kind: 'select' | 'copy' | 'declare' | 'fetch' | 'show' | 'explain' }
>;

export interface Done {
  readonly tag: string;
  /** What the client has to be told. */
  readonly news?: readonly ReportedSetting[];
}

/** @param text as it was written: BEGIN and START TRANSACTION are answered with their own words */
export async function runCommand(
  command: Command,
  text: string,
  rooms: SessionRooms,
): Promise<Done> {
  const { settings, transaction, cursors, deallocate, endPortals } = rooms;
  switch (command.kind) {
    case 'begin':
      transaction.begin(command.isolation);
      return { tag: /^\s*start\b/i.test(text) ? 'START TRANSACTION' : 'BEGIN' };
    case 'commit':
    case 'rollback': {
      const isCommit = command.kind === 'commit';
      // First what reads in it, then what it holds.
      await endPortals();
      await cursors.end(isCommit && transaction.status !== 'E');
      const ended = isCommit
        ? await transaction.commit()
        : { tag: 'ROLLBACK', news: await transaction.rollback() };
      if (command.andChain) transaction.begin(null);
      return ended;
    }
    case 'savepoint':
      transaction.savepoint(command.name);
      return { tag: 'SAVEPOINT' };
    case 'release':
      transaction.release(command.name);
      return { tag: 'RELEASE' };
    case 'rollback to':
      return { tag: 'ROLLBACK', news: transaction.rollbackTo(command.name) };
    case 'set transaction':
      transaction.setIsolation(command.isolation);
      return { tag: 'SET' };
    case 'set session characteristics':
      if (command.isolation !== null)
        settings.set('default_transaction_isolation', command.isolation);
      return { tag: 'SET' };
    case 'set transaction snapshot':
      throw new FaceError({
        sqlstate: '0A000',
        message: 'SET TRANSACTION SNAPSHOT is not supported here',
      });
    case 'set': {
      const { name, value, isLocal } = command;
      if (value === null) return { tag: 'SET', news: settings.reset(name) };
      const told = isLocal ? transaction.setLocal(name, value) : settings.set(name, value);
      return { tag: 'SET', news: told === null ? [] : [told] };
    }
    case 'reset':
      return { tag: 'RESET', news: settings.reset(command.name) };
    case 'discard':
      return discard(command.what, rooms);
    case 'deallocate':
      deallocate(command.name);
      return { tag: command.name === null ? 'DEALLOCATE ALL' : 'DEALLOCATE' };
    case 'unlisten':
      // LISTEN is refused, so that there is nothing to end.
      return { tag: 'UNLISTEN' };
    case 'close':
      await cursors.close(command.name);
      return { tag: command.name === null ? 'CLOSE CURSOR ALL' : 'CLOSE CURSOR' };
  }
}

async function discard(what: string, rooms: SessionRooms): Promise<Done> {
  const { settings, transaction, cursors, deallocate, endPortals } = rooms;
  const tag = `DISCARD ${what.toUpperCase()}`;
  if (what !== 'all') return { tag };
  if (transaction.status !== 'I') {
    throw new FaceError({
      sqlstate: '25001',
      message: 'DISCARD ALL cannot run inside a transaction block',
    });
  }
  deallocate(null);
  await endPortals();
  await cursors.end(false);
  return { tag, news: settings.reset(null) };
}
