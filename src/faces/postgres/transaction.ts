/** The transaction of a session: nothing is written in it, so what it keeps are settings, and that it has failed. */

import type { HeldSnapshot } from '../../query/held-snapshot.ts';
import { FaceError } from './face-error.ts';
import type { ReportedSetting, Settings } from './settings.ts';
import type { TransactionStatus } from './wire/backend.ts';

interface Savepoint {
  readonly name: string;
  readonly settings: ReadonlyMap<string, string>;
}

const HOLDING: ReadonlySet<string> = new Set(['repeatable read', 'serializable']);

export class Transaction {
  readonly #settings: Settings;
  #state: TransactionStatus = 'I';
  #before: ReadonlyMap<string, string> = new Map();
  #locals = new Set<string>();
  #savepoints: Savepoint[] = [];
  #held: Promise<HeldSnapshot> | null = null;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  get status(): TransactionStatus {
    return this.#state;
  }

  /** @returns whether there was none */
  begin(isolation: string | null): boolean {
    if (this.#state !== 'I') return false;
    this.#state = 'T';
    this.#before = this.#settings.copy();
    this.#savepoints = [];
    const level = isolation ?? this.#settings.get('default_transaction_isolation');
    this.setLocal('transaction_isolation', level);
    return true;
  }

  /** Without a transaction it holds for nothing, and PostgreSQL only warns. */
  setIsolation(level: string | null): void {
    if (level !== null && this.#state === 'T') this.setLocal('transaction_isolation', level);
  }

  /** What SET LOCAL gives is taken back at its end. */
  setLocal(name: string, value: string): ReportedSetting | null {
    const key = name.toLowerCase();
    this.#locals.add(key);
    return this.#settings.set(name, value);
  }

  /** A failed one ends as a rollback does. @returns its tag, and what the client has to be told */
  async commit(): Promise<{
    readonly tag: string;
    readonly news: readonly ReportedSetting[];
  }> {
    if (this.#state === 'E') return { tag: 'ROLLBACK', news: await this.rollback() };
    const kept = new Map(this.#settings.copy());
    for (const key of this.#locals) {
      const before = this.#before.get(key);
      if (before === undefined) kept.delete(key);
      else kept.set(key, before);
    }
    return { tag: 'COMMIT', news: await this.#end(kept) };
  }

  async rollback(): Promise<readonly ReportedSetting[]> {
    return this.#state === 'I' ? [] : this.#end(this.#before);
  }

  /**
   * The one snapshot of a transaction that is REPEATABLE READ or SERIALIZABLE: taken with its first question, held to its
   * end. Null for others, whose statements have each their own.
   *
   * @throws what `hold` throws
   */
  async snapshotOf(hold: () => Promise<HeldSnapshot>): Promise<HeldSnapshot | null> {
    const level = this.#settings.get('transaction_isolation');
    if (this.#state === 'I' || !HOLDING.has(level)) return null;
    this.#held ??= hold();
    return this.#held;
  }

  /** What it held. Never rejects. */
  async #release(): Promise<void> {
    const held = this.#held;
    this.#held = null;
    // One that could not be taken is held by nobody.
    await held?.then((one) => one.release()).catch(() => undefined);
  }

  fail(): void {
    if (this.#state === 'T') this.#state = 'E';
  }

  savepoint(name: string): void {
    this.#assertIn('SAVEPOINT');
    this.#savepoints.push({ name, settings: this.#settings.copy() });
  }

  release(name: string): void {
    this.#assertIn('RELEASE SAVEPOINT');
    this.#savepoints = this.#savepoints.slice(0, this.#find(name));
  }

  /** It goes on from there, also where it had failed. */
  rollbackTo(name: string): readonly ReportedSetting[] {
    this.#assertIn('ROLLBACK TO SAVEPOINT');
    const at = this.#find(name);
    const news = this.#settings.restore(this.#savepoints[at]?.settings ?? new Map());
    this.#savepoints = this.#savepoints.slice(0, at + 1);
    this.#state = 'T';
    return news;
  }

  /** @throws FaceError 25P02 in one that has failed */
  assertSound(): void {
    if (this.#state !== 'E') return;
    throw new FaceError({
      sqlstate: '25P02',
      message: 'current transaction is aborted, commands ignored until end of transaction block',
    });
  }

  async #end(settings: ReadonlyMap<string, string>): Promise<readonly ReportedSetting[]> {
    await this.#release();
    this.#state = 'I';
    this.#locals = new Set();
    this.#savepoints = [];
    return this.#settings.restore(settings);
  }

  #find(name: string): number {
    const at = this.#savepoints.findLastIndex((one) => one.name === name);
    if (at >= 0) return at;
    throw new FaceError({ sqlstate: '3B001', message: `savepoint "${name}" does not exist` });
  }

  #assertIn(what: string): void {
    if (this.#state !== 'I') return;
    throw new FaceError({
      sqlstate: '25P01',
      message: `${what} can only be used in transaction blocks`,
    });
  }
}
