/** Whether what `tierd attach` made is what it would make now. */
import type pg from 'pg';
import type { Check } from '../domain/check.ts';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import { formatTable, type TableRef } from '../domain/table.ts';
import { listAttached } from '../hot/attach/attachable.ts';
import { listInPlace } from '../hot/attach/in-place-sql.ts';
import { whereTieredReadsAreOff } from '../hot/attach/refreshes-in-place.ts';
import type { FaceToReach } from '../hot/attach/schema-sql.ts';
import { type AttachPlan, type AttachRooms, lookOnly, planAttach } from './attach.ts';
import { planAttachInPlace } from './attachment/in-place.ts';

type Found = Omit<Check, 'name'>;

/** Of views, and of hypertables that reach into the lake themselves. None where nothing is attached. */
export async function checkAttached(
  rooms: Pick<AttachRooms, 'clock' | 'schema'>,
  db: pg.Client,
  datasets: readonly Dataset[],
  face: FaceToReach,
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const { dataset: name, view } of await listAttached(db, rooms.schema)) {
    const found = await lookAt(name, (dataset) => planAttach(rooms, db, [dataset], face), {
      found: `the view of ${name} in schema ${rooms.schema}, its readers or its way to tierd are not as they would be made now`,
      advice: `run \`tierd attach ${name}\``,
    });
    checks.push({
      name: `attached:${name}`,
      ...(found ?? { status: 'ok', found: `${rooms.schema}.${view}` }),
    });
  }
  const inPlace = await listInPlace(db);
  const off = inPlace.length === 0 ? [] : await whereTieredReadsAreOff(db);
  for (const { dataset: name, chunk, isThere } of inPlace) {
    const found = isThere
      ? await lookAt(name, (dataset) => planAttachInPlace(rooms, db, [dataset], face), {
          found: `the foreign chunk of ${name}, or its way to tierd, is not as it would be made now`,
          advice: `run \`tierd attach ${name} --in-place\``,
        })
      : chunkIsGone(name, chunk);
    checks.push({
      name: `in_place:${name}`,
      ...(found ??
        (off.length === 0 ? null : tieredReadsOff(name, off)) ?? {
          status: 'ok',
          found: formatTable(chunk),
        }),
    });
  }
  return checks;

  async function lookAt(
    name: string,
    plan: (dataset: Dataset) => Promise<AttachPlan>,
    drift: Pick<Found, 'found' | 'advice'>,
  ): Promise<Found | null> {
    const dataset = datasets.find((one) => one.name === name);
    if (dataset === undefined) return notConfigured(name);
    try {
      const { statements } = await lookOnly(db, `looking at what is attached of ${name}`, () =>
        plan(dataset),
      );
      return statements.length === 0 ? null : { status: 'warning', ...drift };
    } catch (error) {
      if (!(error instanceof TierdError)) throw error;
      const { message, hint } = error;
      return { status: 'error', found: message, ...(hint === undefined ? {} : { advice: hint }) };
    }
  }
}

function tieredReadsOff(name: string, where: readonly string[]): Found {
  return {
    status: 'warning',
    found: `timescaledb.enable_tiered_reads is off for ${where.join(', ')}: there ${name} is read without its cold rows, and a continuous aggregate that is refreshed so loses the buckets of rows that were moved`,
    advice: 'set it on, and refresh no aggregate over moved time before',
  };
}

function chunkIsGone(name: string, chunk: TableRef): Found {
  return {
    status: 'warning',
    found: `${formatTable(chunk)}, through which the hypertable of ${name} reached into the lake, was dropped or detached: its cold rows can't be read there`,
    advice: `run \`tierd attach ${name} --in-place\`, or \`tierd detach ${name}\` where it is to stay so`,
  };
}

function notConfigured(name: string): Found {
  return {
    status: 'warning',
    found: `${name} is attached and not configured any more: its cold rows can't be read there`,
    advice: `run \`tierd detach ${name}\``,
  };
}
