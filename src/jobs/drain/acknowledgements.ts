/**
 * What Redis has been told of and the ledger not yet: marked a little later, in one go. Only what is
 * marked may be forgotten, so that to lose these marks costs nothing but room in the ledger.
 */
import type pg from 'pg';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { markClaimsRemoved, pruneClaims } from '../../ledger/claims.ts';
import { markAcknowledged, pruneDeliveries } from '../../ledger/deliveries.ts';

export interface Told {
  /** Records of deliveries whose entries are acknowledged. */
  readonly deliveries: readonly string[];
  /** Claims that are unlinked. */
  readonly claims: readonly string[];
}

/** Few enough for one statement, many enough not to be noticed. */
const MARK_AT = 50;

export class Acknowledgements {
  #deliveries: string[] = [];
  #claims: string[] = [];

  /** Call it once Redis has answered. */
  add({ deliveries, claims }: Told): void {
    this.#deliveries.push(...deliveries);
    this.#claims.push(...claims);
  }

  async mark(db: pg.Client): Promise<void> {
    const [deliveries, claims] = [this.#deliveries, this.#claims];
    if (deliveries.length > 0) await markAcknowledged(db, deliveries);
    if (claims.length > 0) await markClaimsRemoved(db, claims);
    // Only now: a connection that broke leaves them for the next session.
    this.#deliveries = [];
    this.#claims = [];
  }

  async markWhenMany(db: pg.Client): Promise<void> {
    if (this.#deliveries.length + this.#claims.length >= MARK_AT) await this.mark(db);
  }
}

/** Forgets what was delivered, and told to Redis, before that; also of sources that are configured no more. */
export async function forgetOld(db: pg.Client, before: EpochMs): Promise<void> {
  await pruneDeliveries(db, before);
  await pruneClaims(db, before);
}
