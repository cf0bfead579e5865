import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { type DeadLetter, deadLetter } from '../../../src/domain/drain/dead-letter.ts';
import {
  advanceClaim,
  markClaimsRemoved,
  pruneClaims,
  readClaim,
} from '../../../src/ledger/claims.ts';
import {
  addDeadLetters,
  countDeadLetters,
  discardLetters,
  listDeadLetters,
  lockWaitingLetters,
  markRefusedAgain,
  markRetried,
  readDeadLetter,
} from '../../../src/ledger/dead-letters.ts';
import {
  findDelivered,
  markAcknowledged,
  pruneDeliveries,
  recordDelivery,
} from '../../../src/ledger/deliveries.ts';
import { listSources, lockSource, recordBatch } from '../../../src/ledger/drain-sources.ts';
import { migrate } from '../../../src/ledger/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { backendOf, untilBlocked } from '../../support/hot.ts';

let database: TestDatabase;
let db: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  db = await database.connect();
  await migrate(db);
});

describe('a source', () => {
  const nothing = {
    entries: 0,
    rows: 0,
    deadLetters: 0,
    flagged: 0,
    repeated: 0,
    sameKey: 0,
    lost: 0,
    oldestTimeUs: null,
    isUnsettled: false,
  };

  it('adds up its batches, and its watermark never goes back', async () => {
    await lockSource(db, 'ticks', 'market');
    await recordBatch(db, 'ticks', {
      ...nothing,
      entries: 5,
      rows: 3,
      deadLetters: 1,
      repeated: 1,
      newestTimeUs: 9_007_199_254_740_991,
      problem: 'x is a list',
    });
    await recordBatch(db, 'ticks', {
      ...nothing,
      entries: 2,
      flagged: 1,
      lost: 2,
      newestTimeUs: 5,
      problem: null,
    });
    expect(await listSources(db)).toMatchObject([
      {
        source: 'ticks',
        batches: 2,
        entries: 7,
        rows: 3,
        deadLetters: 1,
        flagged: 1,
        repeated: 1,
        lost: 2,
        newestTimeUs: 9_007_199_254_740_991,
        lastProblem: 'x is a list',
        waitingLetters: 0,
      },
    ]);
  });

  it('waits for a transaction of its own that has not ended (I9)', async () => {
    const zombie = await database.connect();
    await zombie.query('begin');
    await lockSource(zombie, 'held', 'market');
    const pid = await backendOf(db);
    const next = lockSource(db, 'held', 'market');
    await untilBlocked(database, pid);
    await zombie.query('commit');
    await next;
  });
});

describe('a claim', () => {
  it('goes forward only, and is forgotten a while after Redis removed it', async () => {
    const claim = { claim: 'tierd:claim:a\0\\b', source: 's', key: 'k\0' };
    expect(await readClaim(db, claim.claim)).toBeNull();
    await advanceClaim(db, { ...claim, position: 10, done: false });
    await advanceClaim(db, { ...claim, position: 5, done: false });
    expect(await readClaim(db, claim.claim)).toEqual({ position: 10, done: false });
    await markClaimsRemoved(db, [claim.claim]);
    expect(await pruneClaims(db, Date.now() + 1_000)).toBe(0);
    await advanceClaim(db, { ...claim, position: 12, done: true });
    await markClaimsRemoved(db, [claim.claim]);
    expect(await pruneClaims(db, Date.now() - 60_000)).toBe(0);
    expect(await readClaim(db, claim.claim)).toEqual({ position: 12, done: true });
    expect(await pruneClaims(db, Date.now() + 1_000)).toBe(1);
  });
});

describe('deliveries', () => {
  const stream = { key: 'st\0ream', group: 'tierd' };

  it('are known again, in whatever batches they come again', async () => {
    const first = await recordDelivery(db, 's', stream, ['5-1', '5-0', '7-0']);
    const second = await recordDelivery(db, 's', stream, ['6-0', '10-0']);
    const found = await findDelivered(db, stream, ['5-0', '5-1', '5-2', '6-0', '7-0']);
    expect([...found.ids].sort()).toEqual(['5-0', '5-1', '6-0', '7-0']);
    // Of the second record '10-0' is still to come.
    expect(found.deliveries).toEqual([first]);
    expect((await findDelivered(db, stream, ['6-0', '10-0'])).deliveries).toEqual([second]);
    expect((await findDelivered(db, stream, ['11-0'])).ids.size).toBe(0);
    expect((await findDelivered(db, { ...stream, group: 'b' }, ['5-1'])).ids.size).toBe(0);
  });

  it('are forgotten only once Redis was told of them', async () => {
    const told = await recordDelivery(db, 'p', stream, ['20-0']);
    await recordDelivery(db, 'p', stream, ['21-0']);
    await markAcknowledged(db, [told]);
    expect(await pruneDeliveries(db, Date.now() - 60_000)).toBe(0);
    expect(await pruneDeliveries(db, Date.now() + 1_000)).toBe(1);
    const left = await findDelivered(db, stream, ['20-0', '21-0']);
    expect([...left.ids]).toEqual(['21-0']);
  });
});

describe('dead letters (I10)', () => {
  const moved = { name: 'moved', dataset: 'market', stays: false };
  const letter = (key: string, value = 'x'): DeadLetter =>
    deadLetter(
      { key, id: null, payload: { kind: 'value', value: Buffer.from(value) } },
      { kind: 'keys' },
      { code: 'missing', text: 'price: no value' },
    );

  it('are kept once, whatever their bytes', async () => {
    const odd = letter('k\0\\0', '\0\u{1f600}');
    expect(await addDeadLetters(db, moved, [odd, odd, letter('b')])).toBe(2);
    expect(await addDeadLetters(db, moved, [odd])).toBe(0);
    const [newest, oldest] = await listDeadLetters(db, {
      source: 'moved',
      state: 'waiting',
      reasonCode: 'missing',
      limit: 5,
    });
    expect(newest).toMatchObject({ key: 'b', state: 'waiting', timesSeen: 1 });
    expect(oldest).toMatchObject({ key: 'k\0\\0', payload: odd.payload });
    expect(await readDeadLetter(db, oldest?.id ?? '')).toEqual(oldest);
  });

  it('that were discarded wait again when they come again, unless they never left', async () => {
    const stays = { name: 'sampled', dataset: 'market', stays: true };
    for (const source of [{ ...moved, name: 'again' }, stays]) {
      await addDeadLetters(db, source, [letter('a')]);
      expect(await discardLetters(db, { source: source.name, ids: null })).toHaveLength(1);
      expect(await addDeadLetters(db, source, [letter('a')])).toBe(source.stays ? 0 : 1);
    }
  });

  it('are locked while they are tried again, and told what came of it', async () => {
    const source = { ...moved, name: 'tried' };
    await addDeadLetters(db, source, [letter('a'), letter('b'), letter('c')]);
    await db.query('begin');
    const locked = await lockWaitingLetters(db, {
      source: 'tried',
      ids: null,
      afterId: '0',
      limit: 2,
    });
    expect(locked.map(({ key }) => key)).toEqual(['a', 'b']);
    await markRetried(db, [locked[0]?.id ?? '']);
    await markRefusedAgain(db, [{ id: locked[1]?.id ?? '', reasonCode: 'ohlc', reason: 'a bar' }]);
    await db.query('commit');
    const counts = (await countDeadLetters(db)).filter((count) => count.source === 'tried');
    expect(counts).toEqual([
      { source: 'tried', state: 'retried', reasonCode: 'missing', count: 1 },
      { source: 'tried', state: 'waiting', reasonCode: 'missing', count: 1 },
      { source: 'tried', state: 'waiting', reasonCode: 'ohlc', count: 1 },
    ]);
  });
});
