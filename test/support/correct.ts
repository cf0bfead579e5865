/** Corrections over a rotation's bench. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../../src/domain/dataset.ts';
import type { CorrectionPlan } from '../../src/domain/plan/correction.ts';
import { type CorrectionOutcome, correctRows, planCorrectionOf } from '../../src/jobs/correct.ts';
import type { CorrectionRequest } from '../../src/jobs/correction/rooms.ts';
import type { JobRooms } from '../../src/jobs/rotation/rooms.ts';
import type { Bench } from './rotation.ts';

type Wishes = Partial<Omit<CorrectionRequest, 'file'>> & { readonly force?: boolean };

export function correct(
  { rooms }: { readonly rooms: JobRooms },
  dataset: Dataset,
  file: string,
  { force = false, reason = 'a test', onlyKnown = false }: Wishes = {},
): Promise<CorrectionOutcome> {
  const all = { ...rooms, tell: () => undefined };
  return correctRows(all, dataset, { file, reason, onlyKnown }, { force });
}

export function planCorrect(
  { rooms }: { readonly rooms: JobRooms },
  dataset: Dataset,
  file: string,
  { reason = 'a test', onlyKnown = false }: Wishes = {},
): Promise<CorrectionPlan> {
  return planCorrectionOf(rooms, dataset, { file, reason, onlyKnown });
}

/** @returns the path of a file with that text */
export async function fileOf(
  { directory }: Pick<Bench, 'directory'>,
  name: string,
  text: string,
): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}
