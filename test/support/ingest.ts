/** Ingests over a rotation's bench. */
import type { Dataset } from '../../src/domain/dataset.ts';
import type { IngestReading } from '../../src/domain/ingest/reading.ts';
import type { IngestPlan } from '../../src/domain/plan/ingest.ts';
import { type IngestOutcome, ingestFiles, planIngestOf } from '../../src/jobs/ingest.ts';
import { findFiles } from '../../src/jobs/ingestion/find-files.ts';
import type { IngestEvent, IngestRequest } from '../../src/jobs/ingestion/rooms.ts';
import type { JobRooms } from '../../src/jobs/rotation/rooms.ts';

export interface IngestWishes
  extends Partial<IngestReading>,
    Partial<Pick<IngestRequest, 'onConflict' | 'force'>> {
  readonly tell?: (event: IngestEvent) => void;
}

export async function requestOf(
  paths: readonly string[],
  { onConflict = 'error', force = false, tell: _, ...reading }: IngestWishes = {},
): Promise<IngestRequest> {
  const { files } = await findFiles(paths, '/');
  const plain = { columns: null, map: {}, ignore: [], set: {}, timeUnit: null, timeZone: null };
  return { files, reading: { ...plain, ...reading }, onConflict, force };
}

interface With {
  readonly rooms: JobRooms;
}

export async function ingest(
  { rooms }: With,
  dataset: Dataset,
  paths: readonly string[],
  wishes: IngestWishes = {},
): Promise<IngestOutcome> {
  const all = { ...rooms, tell: wishes.tell ?? (() => undefined) };
  return ingestFiles(all, dataset, await requestOf(paths, wishes));
}

/** Of the first batch, which in tests is the only one. */
export async function planIngest(
  { rooms }: With,
  dataset: Dataset,
  paths: readonly string[],
  wishes: IngestWishes = {},
): Promise<IngestPlan> {
  const all = { ...rooms, tell: wishes.tell ?? (() => undefined) };
  const [plan] = await planIngestOf(all, dataset, await requestOf(paths, wishes));
  if (plan === undefined) throw new Error('no plan');
  return plan;
}
