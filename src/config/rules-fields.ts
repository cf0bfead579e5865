/** Validation rules, as they are written for a dataset or for one source. */
import { z } from 'zod';
import { NO_RULES, type Rules } from '../domain/drain/source.ts';
import { choice, columnName, decimal, duration, textList, wholeNumber } from './fields.ts';
import { parseDuration } from './units.ts';

const action = choice(
  ['flag', 'reject'],
  '`reject` makes it a dead letter; `flag` writes it and counts it (see `$flags`).',
);

const by = textList('columns', 'The columns that name what is watched.', ['symbol']).default([]);

const range = z.strictObject({
  min: decimal('Smallest value that is right.').optional(),
  max: decimal('Largest value that is right.').optional(),
  above: decimal('Right values are larger than this.').optional(),
  below: decimal('Right values are smaller than this.').optional(),
});

export const rulesSection = z.strictObject({
  required: textList('columns', 'Columns that must hold a value.', ['symbol', 'price']).optional(),
  ranges: z
    .record(z.string(), range, { error: 'a mapping of columns to their ranges' })
    .meta({ description: 'Ranges of numbers, by column.' })
    .optional(),
  max_age: duration("Reject entries whose dataset's time column is older than this.").optional(),
  max_future: duration('Reject entries that lie further in the future than this.').optional(),
  ohlc: z
    .strictObject({
      open: columnName('The column of the opening price.').default('open'),
      high: columnName('The column of the highest price.').default('high'),
      low: columnName('The column of the lowest price.').default('low'),
      close: columnName('The column of the closing price.').default('close'),
    })
    .meta({ description: 'Reject bars whose low or high does not enclose open and close.' })
    .optional(),
  monotonic: z
    .strictObject({ by, action: action.default('reject') })
    .meta({ description: 'Time must not go back, for each value of `by`.' })
    .optional(),
  duplicates: z
    .strictObject({
      by,
      action: action.default('reject'),
      window: wholeNumber(
        { min: 1, max: 1_000_000 },
        'How many of the latest entries are remembered.',
      ).default(10_000),
    })
    .meta({ description: 'The same values of `by` again, among the latest entries.' })
    .optional(),
  anomalies: z
    .record(
      z.string(),
      z.strictObject({
        by,
        action: action.default('flag'),
        window: wholeNumber(
          { min: 5, max: 1_000 },
          'How many earlier values a new one is compared with.',
        ).default(50),
        threshold: decimal(
          'How many standard deviations (of a robust estimate) from the median are too many.',
        ).default(8),
      }),
      { error: 'a mapping of columns to their rules' },
    )
    .meta({ description: 'Jumps against a rolling window, by column: robust z-score.' })
    .optional(),
});

export type RulesFile = z.output<typeof rulesSection>;

/** The rules of a source: its own, key by key, over those of its dataset. */
export function resolveRules(dataset: RulesFile, own: RulesFile): Rules {
  const file = { ...dataset, ...own };
  return {
    ...NO_RULES,
    required: file.required ?? [],
    ranges: Object.entries(file.ranges ?? {}).map(([column, { min, max, above, below }]) => ({
      column,
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      ...(above === undefined ? {} : { above }),
      ...(below === undefined ? {} : { below }),
    })),
    maxAgeMs: file.max_age === undefined ? null : parseDuration(file.max_age),
    maxFutureMs: file.max_future === undefined ? null : parseDuration(file.max_future),
    ohlc: file.ohlc ?? null,
    monotonic: file.monotonic ?? null,
    duplicates: file.duplicates ?? null,
    anomalies: Object.entries(file.anomalies ?? {}).map(([column, rule]) => ({ column, ...rule })),
  };
}

/** Every column that the rules speak of, and where. */
export function columnsOfRules(
  rules: RulesFile,
): readonly { readonly column: string; readonly path: readonly PropertyKey[] }[] {
  const listed = (columns: readonly string[] | undefined, path: readonly PropertyKey[]) =>
    (columns ?? []).map((column, index) => ({ column, path: [...path, index] }));
  return [
    ...listed(rules.required, ['required']),
    ...Object.keys(rules.ranges ?? {}).map((column) => ({ column, path: ['ranges', column] })),
    ...Object.entries(rules.ohlc ?? {}).map(([key, column]) => ({ column, path: ['ohlc', key] })),
    ...listed(rules.monotonic?.by, ['monotonic', 'by']),
    ...listed(rules.duplicates?.by, ['duplicates', 'by']),
    ...Object.entries(rules.anomalies ?? {}).flatMap(([column, rule]) => [
      { column, path: ['anomalies', column] },
      ...listed(rule.by, ['anomalies', column, 'by']),
    ]),
  ];
}
