/** What a person has paused, and what is said to those who meet it. */
import { TierdError } from './errors.ts';

export interface Pause {
  /** ISO 8601, UTC. */
  readonly since: string;
  /** Whoever paused it, as they called themselves. */
  readonly by: string;
}

export interface Pauses {
  /** Job → its pause, of one owner's daemons. */
  readonly jobs: Readonly<Record<string, Pause>>;
  /** Dataset → its pause, for every tierd on this database. */
  readonly datasets: Readonly<Record<string, Pause>>;
}

export const NOTHING_PAUSED: Pauses = { jobs: {}, datasets: {} };

export function datasetPaused(dataset: string, pause: Pause): TierdError {
  return new TierdError({
    code: 'DATASET_PAUSED',
    message: `${dataset} is paused since ${pause.since} by ${pause.by}; it is left as it is`,
    hint: `resume it with \`tierd jobs resume --dataset ${dataset}\`, or move it all the same: name it, with --force`,
    context: { dataset, since: pause.since, by: pause.by },
  });
}
