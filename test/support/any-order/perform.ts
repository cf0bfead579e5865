/** A step, done to the table and its lake as a person, a program or tierd does it. */
import type pg from 'pg';
import { expect } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { TierdError } from '../../../src/domain/errors.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import type { Rooms } from '../../../src/jobs/rotation/rooms.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { scrubVerdict } from '../../../src/jobs/scrub-result.ts';
import { unpinDataset } from '../../../src/jobs/unpin.ts';
import { isNamed } from '../../../src/ledger/former-names.ts';
import { compact } from '../compact.ts';
import { correct, fileOf } from '../correct.ts';
import type { TestDatabase } from '../database.ts';
import { deleteFrom } from '../delete.ts';
import { ageLake, expire } from '../expire.ts';
import { rename } from '../rename.ts';
import { days, restore } from '../restore.ts';
import type { Bench } from '../rotation.ts';
import { dyingRooms, untilDead } from './dying-rooms.ts';
import { heldByPins } from './held-by-pins.ts';
import { COLD_DAYS, type Model, type Row, SPANS, timeOf } from './model.ts';
import { applyJob, type Job, type Step } from './steps.ts';

export interface Scene {
  readonly database: TestDatabase;
  readonly client: pg.Client;
  readonly bench: Bench;
  /** As it is configured now. */
  dataset: Dataset;
}

/** `either`: each row is as it was before, or as the step would have it. */
export type Certainty = 'done' | 'either';

/** Does it, and to the model what it should do. */
export async function perform(scene: Scene, model: Model, step: Step): Promise<Certainty> {
  const { bench, client, database, dataset } = scene;
  const table = dataset.table.name;
  switch (step.do) {
    case 'write':
      for (const id of step.ids) {
        const row = model.rowOf(id, step.value);
        await upsert(scene, model, row);
        model.hot.set(id, row);
      }
      return 'done';
    case 'update':
      await database.query(`update ${table} set value = $1 where id = any($2)`, [
        step.value,
        step.ids,
      ]);
      for (const id of step.ids) {
        const row = model.hot.get(id);
        if (row !== undefined) model.hot.set(id, { ...row, value: step.value });
      }
      return 'done';
    case 'remove':
      await database.query(`delete from ${table} where id = any($1)`, [step.ids]);
      for (const id of step.ids) model.hot.delete(id);
      return 'done';
    case 'unpin':
      await unpinDataset(bench.rooms, dataset.name, null);
      return 'done';
    case 'gc':
      await collect(scene);
      return 'done';
    case 'scrub':
      await assertSound(scene);
      return 'done';
    case 'widen':
      await database.query(`alter table ${table} alter column value type bigint`);
      model.hasChanged = true;
      return 'done';
    case 'add column':
    case 'drop column':
    case 'rename column':
      await changeColumns(scene, model, step.do);
      return 'done';
    case 'add label':
      await database.query(`alter type ${firstName(scene)}_kind add value '${model.addLabel()}'`);
      return 'done';
    case 'rename label': {
      const { from, to } = model.renameLabel();
      await database.query(`alter type ${firstName(scene)}_kind rename value '${from}' to '${to}'`);
      return 'done';
    }
    case 'rename table': {
      const name = otherName(table);
      await database.query(`alter table ${table} rename to ${name}`);
      scene.dataset = { ...dataset, table: { ...dataset.table, name } };
      return 'done';
    }
    case 'rename dataset': {
      const to = { ...dataset, name: otherName(dataset.name) };
      // Of a dataset with which nothing was done yet the ledger has nothing to rename.
      if (await isNamed(client, dataset.name)) {
        await rename(bench, { from: dataset.name, to, configured: [to.name] });
      }
      scene.dataset = to;
      return 'done';
    }
    case 'slice by':
      scene.dataset = { ...dataset, slice: step.unit };
      return 'done';
    case 'sort by':
      scene.dataset = { ...dataset, sortBy: step.columns };
      return 'done';
    case 'crash':
      return crash(scene, model, step);
    default:
      return withModel(scene, model, step, () => runJob(scene, bench.rooms, model, step));
  }
}

/** There are two, which are had by turns. */
const otherName = (name: string): string =>
  name.endsWith(RENAMED) ? name.slice(0, -RENAMED.length) : `${name}${RENAMED}`;

const RENAMED = '_renamed';

/** That the table was made by. */
const firstName = ({ dataset: { table } }: Scene): string =>
  table.name.endsWith(RENAMED) ? otherName(table.name) : table.name;

async function upsert({ database, dataset }: Scene, { columns }: Model, row: Row): Promise<void> {
  const more = columns.map(({ name, number }) => [name, row.more[number]] as const);
  const given = [['value', row.value] as const, ['kind', row.kind] as const, ...more];
  const names = given.map(([name]) => name);
  await database.query(
    `insert into ${dataset.table.name} (time, id, ${names.join(', ')})
     values ($1, $2, ${names.map((_, index) => `$${String(index + 3)}`).join(', ')})
     on conflict (id, time) do update set ${names.map((name) => `${name} = excluded.${name}`).join(', ')}`,
    [timeOf(row.id), row.id, ...given.map(([, value]) => value)],
  );
}

async function changeColumns(
  {
    database,
    dataset: {
      table: { name: table },
    },
  }: Scene,
  model: Model,
  how: 'add column' | 'drop column' | 'rename column',
): Promise<void> {
  if (how === 'add column') {
    const column = model.addColumn();
    if (column !== null)
      await database.query(`alter table ${table} add column ${column.name} ${column.type}`);
  } else if (how === 'drop column') {
    const column = model.dropColumn();
    if (column !== null) await database.query(`alter table ${table} drop column ${column.name}`);
  } else {
    const renamed = model.renameColumn();
    if (renamed !== null)
      await database.query(`alter table ${table} rename ${renamed.from} to ${renamed.to}`);
  }
}

/** The model as the job leaves it; it is told of pins, which are the ledger's. */
async function withModel(
  scene: Scene,
  model: Model,
  job: Job,
  run: () => Promise<Certainty>,
): Promise<Certainty> {
  const { bench, client, database, dataset } = scene;
  if (job.do === 'expire') {
    await unpinDataset(bench.rooms, dataset.name, null);
    await ageLake(database);
  }
  const { isPinned, isBeside } = await heldByPins(client, dataset);
  const mayStay = job.do === 'rotate' && [...model.hot.keys()].some(isBeside);
  const after = model.copy();
  applyJob(after, job, isPinned);
  const certainty = await run();
  model.hot = after.hot;
  model.cold = after.cold;
  return mayStay ? 'either' : certainty;
}

/** For what a restore leaves a slice cold, or refuses all of them. */
const REFUSALS: ReadonlySet<string> = new Set(['MOVE_REFUSED', 'RESTORE_REJECTED', 'REFUSED']);

async function runJob(scene: Scene, rooms: Rooms, model: Model, job: Job): Promise<Certainty> {
  const { bench, dataset } = scene;
  const { name } = dataset;
  const own = { ...bench, rooms };
  switch (job.do) {
    case 'rotate': {
      const { totals } = await rotateDataset(rooms, dataset, { force: true });
      expect(totals.failed).toEqual([]);
      return 'done';
    }
    case 'compact': {
      const { totals } = await compact(own, dataset);
      expect(totals.failed).toEqual([]);
      return 'done';
    }
    case 'expire':
      await expire(own, { ...dataset, coldDays: COLD_DAYS }, { force: true, mayEmpty: true });
      return 'done';
    case 'delete': {
      const wishes = { coldOnly: true, force: true, mayEmpty: true, now: job.now };
      const { totals } = await deleteFrom(own, dataset, job.by.sql, wishes);
      expect(totals.failed).toEqual([]);
      return 'done';
    }
    case 'correct': {
      const lines = job.ids.map((id) => {
        const more = model.columns.map((column) => [column.name, job.value]);
        const { value, kind } = model.rowOf(id, job.value);
        return JSON.stringify({
          time: timeOf(id),
          id,
          value,
          kind,
          note: 'corrected',
          ...Object.fromEntries(more),
        });
      });
      const file = await fileOf(bench, `${name}.ndjson`, lines.join('\n'));
      await correct(own, dataset, file, { onlyKnown: true });
      return 'done';
    }
    case 'restore':
      return restoreSome(own, scene, model, job);
  }
}

async function restoreSome(
  bench: Pick<Bench, 'rooms'>,
  { dataset }: Scene,
  model: Model,
  { span, where }: Extract<Job, { do: 'restore' }>,
): Promise<Certainty> {
  // A hot row of the same key, or columns that are no more the slices', are reasons to leave slices where they are.
  const mayRefuse = model.hasChanged || [...model.cold.keys()].some((id) => model.hot.has(id));
  try {
    const chosen = where === null ? {} : { where: where.sql };
    const wish = { ...chosen, pinUntil: null, force: true };
    const { totals } = await restore(bench, dataset, days(...SPANS[span]), wish);
    if (totals.failed.length === 0) return 'done';
    const codes = totals.failed.map(({ error }) => error.code);
    expect(codes.filter((code) => !mayRefuse || !REFUSALS.has(code))).toEqual([]);
  } catch (error) {
    if (!(error instanceof TierdError && mayRefuse && REFUSALS.has(error.code))) throw error;
  }
  return 'either';
}

async function crash(
  scene: Scene,
  model: Model,
  { job, ...death }: Extract<Step, { do: 'crash' }>,
): Promise<Certainty> {
  const { bench, client, database, dataset } = scene;
  return withModel(scene, model, job, async () => {
    const dying = await dyingRooms(bench, database.url, death);
    try {
      const certainty = await runJob(scene, dying.rooms, model, job);
      // Dead, it may have come to its end all the same: what it had left to do it does without telling.
      if (!dying.hasDied()) return certainty;
    } catch (error) {
      if (!dying.hasDied()) throw error;
    }
    await untilDead(client);
    await client.query(
      'update tierd.leases set expires_at = clock_timestamp() where dataset = $1',
      [dataset.name],
    );
    return 'either';
  });
}

/** What an earlier run left is brought to an end, and files that no reader has any more go. */
export async function collect({ bench, dataset }: Scene): Promise<void> {
  const settings = { ...bench.rooms.settings, gracePeriodMs: 0 };
  // Nothing expires without `cold_days`.
  await expire({ rooms: { ...bench.rooms, settings } }, dataset);
}

/** A file that a killed job has published, and that recovery has not looked for yet, is known to the ledger. */
export async function assertSound({ bench, dataset }: Scene): Promise<void> {
  const result = await scrub(
    { ...bench.rooms, isByHand: false },
    { dataset: dataset.name, sample: null, prove: 'standard', onProgress: () => undefined },
  );
  expect([scrubVerdict(result), result.bytes.unknown]).toEqual(['sound', []]);
}
