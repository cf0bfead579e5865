/** A dataset whose name is new in the configuration, though the lake knows its table or its name. */
import { countOf } from '../count.ts';
import { TierdError } from '../errors.ts';
import { type Refusal, unforceable } from './refusal.ts';

export interface NamesInLake {
  /** A dataset of which the lake has segments, taken from the very same table. */
  readonly ofSameTable: { readonly dataset: string; readonly segments: number } | null;
  /** A dataset that had this name before. */
  readonly formerly: string | null;
}

/** Rows of one table would be cold under two names, and no query would find both. */
export function refuseNewName(
  dataset: string,
  { ofSameTable, formerly }: NamesInLake,
): readonly Refusal[] {
  if (formerly !== null && formerly === ofSameTable?.dataset) {
    return [
      unforceable(
        'former_name',
        `${dataset} was renamed to ${formerly}, and the configuration has the name before`,
        `call it ${formerly} in the configuration, and reload the daemon; to have it called ${dataset} again, run \`tierd lake rename ${formerly} ${dataset}\``,
      ),
    ];
  }
  return [
    ...(formerly === null
      ? []
      : [
          unforceable(
            'former_name',
            `${dataset} is the former name of ${formerly}, whose older segments lie in the folder of that name`,
            'give the dataset a name that none had before',
          ),
        ]),
    ...(ofSameTable === null
      ? []
      : [
          {
            guard: 'renamed_dataset',
            message: `the lake has ${countOf(ofSameTable.segments, 'segment')} of this table as the dataset ${ofSameTable.dataset}, and none as ${dataset}`,
            hint: `if ${ofSameTable.dataset} has another name now, run \`tierd lake rename ${ofSameTable.dataset} ${dataset}\`; --force begins a dataset without those rows`,
            forceable: true,
          },
        ]),
  ];
}

/** Whoever asks by a name that a dataset had before would be told of nothing. */
export function datasetRenamed(name: string, now: string): TierdError {
  return new TierdError({
    code: 'DATASET_NOT_FOUND',
    message: `${name} was renamed to ${now}, by which the lake has its rows; nothing was done`,
    hint: `ask for ${now}, call it so in the configuration, and reload the daemon`,
    context: { dataset: name, renamed_to: now },
  });
}

/** Whoever asks by a name that the lake does not have yet would be told of hot rows alone. */
export function notYetRenamed(
  name: string,
  { dataset, segments }: NonNullable<NamesInLake['ofSameTable']>,
): TierdError {
  return new TierdError({
    code: 'DATASET_NOT_FOUND',
    message: `the lake has ${countOf(segments, 'segment')} of the table of ${name} as the dataset ${dataset}, and none as ${name}; nothing was done`,
    hint: `if ${dataset} has another name now, run \`tierd lake rename ${dataset} ${name}\`; else \`tierd rotate ${name} --force\` begins a dataset without those rows`,
    context: { dataset: name, in_lake_as: dataset },
  });
}
