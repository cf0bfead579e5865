/** Datasets that are paused: what nobody asked for by name leaves them out, and says so. */
import type { TierdError } from '../../domain/errors.ts';
import type { Pause } from '../../domain/pause.ts';
import type { DatasetResult } from '../../jobs/rotate-all.ts';
import type { Style } from '../terminal/style.ts';

export interface LeftOut {
  /** The dataset, or the source whose dataset it is. */
  readonly name: string;
  readonly pause: Pause;
}

export interface Separated<Outcome> {
  readonly results: readonly DatasetResult<Outcome>[];
  readonly leftOut: readonly LeftOut[];
}

/** Takes the refusals of paused datasets out of the results: they are no failure. */
export function separatePaused<Outcome>(
  all: readonly DatasetResult<Outcome>[],
): Separated<Outcome> {
  const results: DatasetResult<Outcome>[] = [];
  const leftOut: LeftOut[] = [];
  for (const result of all) {
    const pause = 'error' in result ? pauseIn(result.error) : null;
    if (pause === null) results.push(result);
    else leftOut.push({ name: result.dataset, pause });
  }
  return { results, leftOut };
}

/** Where the refusal is what a person is to be told. */
export function keepAll<Outcome>(results: readonly DatasetResult<Outcome>[]): Separated<Outcome> {
  return { results, leftOut: [] };
}

function pauseIn({ code, context }: TierdError): Pause | null {
  const { since, by } = context;
  const isPause = code === 'DATASET_PAUSED' && typeof since === 'string' && typeof by === 'string';
  return isPause ? { since, by } : null;
}

export function leftOutDocument(leftOut: readonly LeftOut[]): unknown {
  return leftOut.map(({ name, pause }) => ({ name, ...pause }));
}

export function renderLeftOut(leftOut: readonly LeftOut[], { colour }: Style): string[] {
  return leftOut.map(
    ({ name, pause }) =>
      `${colour.yellow('paused')} ${name}: left out, since ${pause.since} by ${pause.by}`,
  );
}
