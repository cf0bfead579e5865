/** The `drain` section: which keys of Redis become rows of which table. */
import { z } from 'zod';
import { BUILT_INS, SAME_KEYS, VALUE_TYPES } from '../domain/drain/source.ts';
import { CAME_AGAIN, SNAPSHOT_HOLDS, type SourceKind } from '../domain/live/live-entry.ts';
import { DATASET_NAME, DATASET_NAME_EXPECTED } from './datasets-section.ts';
import { choice, columnName, duration, flag, size, text, wholeNumber } from './fields.ts';
import { rulesSection } from './rules-fields.ts';

export const SOURCE_KINDS = [
  'snapshot',
  'move',
  'claim',
  'list',
  'stream',
  'zset',
] as const satisfies readonly SourceKind[];

const columnsOf = (values: z.ZodType, expects: string, description: string, example: object) =>
  z
    .record(z.string(), values, { error: `a mapping of columns to ${expects}` })
    .meta({ description, expects: `column: ${expects}`, examples: [example] });

const scalar = z.union([z.string(), z.number(), z.boolean()], {
  error: 'text, a number, true or false',
});

const source = z.strictObject({
  kind: choice(
    SOURCE_KINDS,
    'What lies there and what becomes of it: `snapshot` (hash, JSON string or sorted set) stays; `move` (hash) is removed if unchanged; `claim` (hash that is constantly written) and `list` are renamed and then read; `stream` is read by a consumer group; `zset` is a sorted set scored by time.',
  ),
  keys: text(
    'The keys: a `{name}` captures text without a colon, `{name*}` any text, `{{` is a brace.',
    'tick:latest:{symbol}',
  ),
  dataset: text('The dataset whose table the rows go to.', 'market_data'),
  format: choice(
    ['hash', 'json', 'text'],
    'How an entry is taken apart. `hash` for hashes and streams, else `json`, unless said here.',
  ).optional(),
  holds: choice(
    SNAPSHOT_HOLDS,
    'For a snapshot: what its keys are. Without it a `string` where `format` is json or text, else a `hash`. Of a `zset` (sorted set) each member is an entry, and `$score` may be any number.',
  ).optional(),
  columns: columnsOf(
    z.string({ error: 'a field, "{capture}" or a built-in such as $key' }).min(1),
    'field, "{capture}" or built-in',
    `Where the value of each column comes from. Built-ins: ${BUILT_INS.join(', ')}.`,
    { symbol: '{symbol}', timestamp: 'ts', price: 'price' },
  ).default({}),
  constants: columnsOf(scalar, 'value', 'Columns that hold the same value in every row.', {
    source: 'redis',
  }).default({}),
  types: columnsOf(
    choice(VALUE_TYPES, ''),
    VALUE_TYPES.join(', '),
    "How a column's text is read, where the type of the table's column does not say it: a time in seconds, milliseconds, microseconds or nanoseconds since 1970. Times are `time_iso` unless said here.",
    { timestamp: 'time_ms' },
  ).default({}),
  on_missing: columnsOf(
    // Without quotes YAML takes null for no value.
    z.enum(['reject', 'null'], { error: 'reject or "null", in quotes' }),
    'reject or "null"',
    'What a missing or empty value means. `reject`, but `null` for a claim, whose missing fields leave the row as it is.',
    { volume: 'null' },
  ).default({}),
  defaults: columnsOf(scalar, 'value', 'Values that stand in for missing ones.', {
    volume: 0,
  }).default({}),
  any_time: flag(
    'Take times however far from now. Otherwise a source is refused, before anything is taken, when the first entries look as if their times were counted in another unit than said here, or when no score of a sorted set can be a time.',
  ).default(false),
  version: columnName(
    'Of two rows with one key, the one with the larger value in this column stays. Without it the one that was read last.',
    'timestamp',
  ).optional(),
  same_key: choice(
    SAME_KEYS,
    'For a list or a stream whose table has a unique key that several entries may share: which of them stays, the `last` or the `first`, or whether all but the first become dead letters (`error`). Without it such a source is refused. Better: a column of the key that is filled from `$entry`.',
  ).optional(),
  group: text('For a stream: the consumer group. It is made when it is not there.').default(
    'tierd',
  ),
  start_at: choice(
    ['first', 'new'],
    'For a stream whose group is not there yet: whether it begins at the first entry or behind the last.',
  ).default('first'),
  claim_idle: duration(
    'For a stream: entries that another consumer of the group has held for this long are taken over.',
  ).default('1min'),
  trim: flag('For a stream: remove entries that no group needs any more (XTRIM MINID).').default(
    false,
  ),
  came_again: choice(
    CAME_AGAIN,
    'For a stream whose group is gone, renamed or set back: what comes again from before the entry up to which it was drained is left out where that entry is still there. Where it is not, such entries become dead letters (`hold`), are left out (`skip`) or are taken as new; `take` takes them in either case.',
  ).default('hold'),
  grace: duration('For a sorted set: entries younger than this stay where they are.').default(
    '1min',
  ),
  score_unit: choice(
    ['s', 'ms', 'us'],
    'For a sorted set: what its scores count since 1970.',
  ).default('s'),
  enabled: flag('Whether a `tierd drain` without names includes it.').default(true),
  rules: rulesSection
    .prefault({})
    .meta({ description: 'Instead of the rules of the dataset, key by key.' }),
});

export const drainSection = z.strictObject({
  interval: duration('How long `tierd drain --follow` rests when nothing is waiting.').default(
    '10s',
  ),
  batch: z
    .strictObject({
      max_entries: wholeNumber(
        { min: 1, max: 100_000 },
        'Entries that are read, written and acknowledged at a time. Up to four batches are in memory.',
      ).default(5_000),
      max_size: size('A batch ends early when its entries are larger than this.').default('8MB'),
      max_entry_size: size('A larger entry becomes a dead letter.').default('1MB'),
    })
    .prefault({})
    .meta({ description: 'What is moved in one transaction.' }),
  keep_deliveries: duration(
    'How long it is remembered which entries were delivered, after Redis was told: what a failover brings back within this time is not doubled.',
  ).default('7d'),
  rules: z
    .record(z.string(), rulesSection, { error: 'a mapping of dataset names to their rules' })
    .default({})
    .meta({
      description:
        'What an entry must be like to become a row of a dataset. What is not becomes a dead letter.',
    }),
  sources: z
    .record(z.string(), source, { error: 'a mapping of source names to their settings' })
    .default({})
    .meta({
      description: 'One entry for each pattern of keys.',
      propertyNames: { type: 'string', pattern: DATASET_NAME.source },
    }),
});

export type DrainFile = z.output<typeof drainSection>;
export type SourceFile = z.output<typeof source>;

export const SOURCE_NAME = DATASET_NAME;
export const SOURCE_NAME_EXPECTED = DATASET_NAME_EXPECTED.replace('dataset', 'source');
