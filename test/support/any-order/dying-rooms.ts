/**
 * Rooms of a job that dies at one of its effects: nothing that it does afterwards reaches the disk or the server, and
 * its connections are cut, as when its process is killed. That it is another process is what test/crash has.
 */
import type pg from 'pg';
import { expect } from 'vitest';
import { connect } from '../../../src/hot/server/connect.ts';
import type { Rooms } from '../../../src/jobs/rotation/rooms.ts';
import { openLocalStore } from '../../../src/lake/local-store.ts';
import type { ObjectStore } from '../../../src/lake/object-store.ts';
import { type EffectObserver, observeConnect, observeFileSystem } from '../../crash/effects.ts';
import type { Bench } from '../rotation.ts';

export interface Dying {
  readonly rooms: Rooms;
  /** Another lake in a directory, whose effects count as well. */
  open(directory: string): Promise<ObjectStore>;
  hasDied(): boolean;
}

const VICTIM = 'victim';

export async function dyingRooms(
  { rooms, lake }: Bench,
  url: string,
  { at, moment }: { readonly at: number; readonly moment: 'before' | 'sent' },
): Promise<Dying> {
  const cuts: (() => void)[] = [];
  let met = 0;
  let isDead = false;
  const die = (): void => {
    isDead = true;
    for (const cut of cuts) cut();
  };
  const observer: EffectObserver = {
    before(): void {
      met += 1;
      if (met === at && moment === 'before') die();
      if (isDead) throw new Error('the process was killed');
    },
    sent(): void {
      if (met === at && moment === 'sent') die();
    },
  };
  const fileSystem = observeFileSystem(rooms.fileSystem, observer);
  const open: Rooms['connect'] = async () => {
    if (isDead) throw new Error('the process was killed');
    const client = await connect({ url, job: VICTIM });
    const { connection } = client as unknown as {
      readonly connection: { readonly stream: { destroy(): void } };
    };
    cuts.push(() => connection.stream.destroy());
    return client;
  };
  return {
    rooms: {
      ...rooms,
      connect: observeConnect(open, observer),
      store: await openLocalStore(lake, fileSystem),
      fileSystem,
    },
    open: (directory) => openLocalStore(directory, fileSystem),
    hasDied: () => isDead,
  };
}

/** What the dead had sent is done by then, or undone. */
export async function untilDead(client: pg.Client): Promise<void> {
  await expect.poll(() => countVictims(client), { timeout: 60_000 }).toBe(0);
}

async function countVictims(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ victims: number }>(
    `select count(*)::int as victims from pg_stat_activity
     where datname = current_database() and application_name = $1`,
    [`tierd/${VICTIM}`],
  );
  return rows[0]?.victims ?? 0;
}
