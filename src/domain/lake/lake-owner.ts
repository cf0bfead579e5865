/**
 * Whose a lake is (I12). A ledger that was copied names the same lake and the same segments as the
 * original, so the name alone does not tell them apart: where the ledger lies does as well.
 */

/** Where a ledger lies. Each part changes when a database is copied, restored or upgraded. */
export interface LedgerPlace {
  /** PostgreSQL's own, in decimal: a standby has its primary's, `initdb` makes a new one. */
  readonly systemIdentifier: string;
  readonly databaseOid: string;
  /** For people. */
  readonly database: string;
}

/** Who the lake says it belongs to. */
export interface LakeOwner extends LedgerPlace {
  readonly ledgerId: string;
  /** One more with each owner; the lake keeps them all, and the highest counts. */
  readonly epoch: number;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** What the ledger remembers of its lake. */
export interface RememberedLake {
  readonly lakeId: string;
  readonly ledgerId: string;
  /** The epoch at which this ledger became the owner; 0 before it did. */
  readonly epoch: number;
  /** The lake's marker is known to be there: its absence is a lake that went away. */
  readonly isMarked: boolean;
  /** The server was promoted since; null also where the ledger is to follow promotions. */
  readonly promotion: Promotion | null;
  /** Its tables were made anew from a dump, in the database that it was made of. */
  readonly isRestored: boolean;
  /** Where it lay when it was last used; null: not noted yet. */
  readonly usedAt: string | null;
  /** The far place that was claimed for it, as it was last used; null: all of it lies in one place. */
  readonly farPlace: string | null;
}

/** What this ledger published into its lake, and the lake does not have. */
export interface LakeLack {
  /** The first of them. */
  readonly key: string;
  /** Where the lake lay when it was last used; null: here, or not noted. */
  readonly usedAt: string | null;
  /** Null: only what was published last was looked for. */
  readonly count: { readonly missing: number; readonly all: number } | null;
}

/** What a job of this very ledger wrote down in the lake, and the ledger does not know of. */
export interface LakeAhead {
  readonly dataset: string;
  /** Of the dataset's audit log. */
  readonly entry: bigint;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** From one of PostgreSQL's timelines to another: the end of a failover, a restore or a physical copy. */
export interface Promotion {
  readonly from: number;
  readonly to: number;
}

export type Ownership =
  | { readonly kind: 'owned' }
  /** Nobody's so far: this ledger may claim it. */
  | { readonly kind: 'unclaimed' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** It bears this ledger's mark, and a copy of the lake does so as well. */
  | { readonly kind: 'lacking'; readonly reason: string };

export interface OwnershipFacts {
  readonly place: LedgerPlace;
  /** Null: this ledger never had a lake. */
  readonly remembered: RememberedLake | null;
  readonly owner: LakeOwner | null;
  /** A lake that was marked before owners were written down, with files that this ledger can't know. */
  readonly holdsStrangeFiles: boolean;
  /** Null: nothing, as far as was looked. */
  readonly lack: LakeLack | null;
  /** Null: nothing, as far as was looked. */
  readonly ahead: LakeAhead | null;
}

export function judgeOwnership(facts: OwnershipFacts): Ownership {
  const { place, remembered, owner, holdsStrangeFiles } = facts;
  if (owner === null) {
    if ((remembered?.epoch ?? 0) > 0) {
      return refused('its record of owners is gone, as in a lake restored from an older backup');
    }
    return holdsStrangeFiles && remembered?.isMarked !== true
      ? refused('it holds files of another ledger, and this one has never had a lake')
      : { kind: 'unclaimed' };
  }
  if (owner.ledgerId !== remembered?.ledgerId) {
    return refused(`it belongs to another ledger, ${describeOwner(owner)}`);
  }
  if (owner.systemIdentifier !== place.systemIdentifier) {
    return refused(
      `it belongs to the ledger in ${describeOwner(owner)}; this one lies on the server ${place.systemIdentifier}, as a copy by pg_dump or an upgraded server does`,
    );
  }
  if (owner.databaseOid !== place.databaseOid) {
    return refused(
      `it belongs to the ledger in ${describeOwner(owner)}; this one is a copy in the database ${place.database} (oid ${place.databaseOid})`,
    );
  }
  if (owner.epoch === remembered.epoch) return judgeReturn(remembered, facts);
  // Killed between writing the first claim into the lake and noting it in the ledger.
  if (owner.epoch === 1 && remembered.epoch === 0) return { kind: 'unclaimed' };
  return refused(
    `it is at epoch ${String(owner.epoch)} and this ledger at ${String(remembered.epoch)}: one of the two was restored from a backup, or a take-over was cut off`,
  );
}

function judgeReturn(
  { promotion, isRestored }: RememberedLake,
  { lack, ahead }: Pick<OwnershipFacts, 'lack' | 'ahead'>,
): Ownership {
  if (isRestored) {
    return refused(
      'this ledger was restored from a dump into its own database since it last used the lake: what was moved after the dump lies in the lake, and this ledger does not know of it',
    );
  }
  if (promotion !== null) {
    const { from, to } = promotion;
    return refused(
      `this server was promoted since it last used the lake (timeline ${String(to)}, then ${String(from)}): it is the successor of one that is gone, or a copy of one that still runs`,
    );
  }
  if (ahead !== null) {
    const { dataset, entry, at } = ahead;
    return refused(
      `it remembers entry ${String(entry)} of the audit log of ${dataset}, written at ${at}, and this ledger has no such entry: its database was set back to an earlier time, as by a snapshot of its disk, or it is a copy of one that still runs`,
    );
  }
  return lack === null ? { kind: 'owned' } : { kind: 'lacking', reason: describeLack(lack) };
}

function describeLack({ key, usedAt, count }: LakeLack): string {
  const what =
    count === null
      ? `it lacks the segment that was published last, ${key}`
      : `it lacks ${String(count.missing)} of the ${String(count.all)} segments that this ledger published, ${key} among them`;
  const where = usedAt === null ? '' : `. The lake was last used at ${usedAt}`;
  return `${what}: it is an older copy, as from a backup, or one that is not finished, or files were removed${where}`;
}

/** `database app (oid 16384) of the server 7381…, since 2026-01-01T00:00:00.000Z (epoch 1)` */
export function describeOwner(owner: LakeOwner): string {
  return `database ${owner.database} (oid ${owner.databaseOid}) of the server ${owner.systemIdentifier}, since ${owner.since} (epoch ${String(owner.epoch)})`;
}

function refused(reason: string): Ownership {
  return { kind: 'refused', reason };
}
