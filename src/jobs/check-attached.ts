/** Whether what `tierd attach` made is what it would make now. */
import type pg from 'pg';
import type { Check } from '../domain/check.ts';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import { listAttached } from '../hot/attach/attachable.ts';
import type { FaceToReach } from '../hot/attach/schema-sql.ts';
import { type AttachRooms, lookOnly, planAttach } from './attach.ts';

/** None where nothing is attached. */
export async function checkAttached(
  rooms: Pick<AttachRooms, 'clock' | 'schema'>,
  db: pg.Client,
  datasets: readonly Dataset[],
  face: FaceToReach,
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const { dataset: name, view } of await listAttached(db, rooms.schema)) {
    const dataset = datasets.find((one) => one.name === name);
    const found = dataset === undefined ? notConfigured(name) : await lookAt(dataset);
    checks.push({
      name: `attached:${name}`,
      ...(found ?? { status: 'ok', found: `${rooms.schema}.${view}` }),
    });
  }
  return checks;

  async function lookAt(dataset: Dataset): Promise<Omit<Check, 'name'> | null> {
    const { name } = dataset;
    try {
      const plan = await lookOnly(db, `looking at what is attached of ${name}`, () =>
        planAttach(rooms, db, [dataset], face),
      );
      if (plan.statements.length === 0) return null;
      return {
        status: 'warning',
        found: `the view of ${name} in schema ${rooms.schema}, its readers or its way to tierd are not as they would be made now`,
        advice: `run \`tierd attach ${name}\``,
      };
    } catch (error) {
      if (!(error instanceof TierdError)) throw error;
      const { message, hint } = error;
      return { status: 'error', found: message, ...(hint === undefined ? {} : { advice: hint }) };
    }
  }
}

function notConfigured(name: string): Omit<Check, 'name'> {
  return {
    status: 'warning',
    found: `${name} is attached and not configured any more: its cold rows can't be read there`,
    advice: `run \`tierd detach ${name}\``,
  };
}
