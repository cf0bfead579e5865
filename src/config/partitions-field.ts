/** `datasets.<name>.partitions`: those that are made before rows come for them. */
import { z } from 'zod';
import type { PartitionsSetting } from '../domain/dataset.ts';
import type { CalendarStep } from '../domain/time/time-range.ts';
import { duration, timeZoneNamed } from './fields.ts';
import { parseDuration } from './units.ts';

const STEP_PATTERN = /^([1-9]\d{0,2}) ?(h|hours?|d|days?|w|weeks?|months?|years?)$/;
const STEP_EXPECTED =
  'how long a partition is: hours, days, weeks, months or years, such as 1d, 1w or "1 month"';

export const partitionsField = z.strictObject({
  ahead: duration(
    'Partitions reach at least this far from now on: longer than anybody may be away.',
  ),
  every: z
    .string({ error: STEP_EXPECTED })
    .regex(STEP_PATTERN, { error: STEP_EXPECTED })
    .meta({
      description: 'How long each is. As long as the newest one when left out.',
      expects: STEP_EXPECTED,
      examples: ['1d', '1w', '1 month'],
    })
    .optional(),
  time_zone: timeZoneNamed(
    'For a `timestamp with time zone`: the zone whose midnights the bounds are; UTC when left out.',
  ).optional(),
});

export function resolvePartitions(file: z.output<typeof partitionsField>): PartitionsSetting {
  return {
    every: file.every === undefined ? null : parseStep(file.every),
    aheadMs: parseDuration(file.ahead),
    ...(file.time_zone === undefined ? {} : { timeZone: file.time_zone }),
  };
}

const UNITS: Readonly<Record<string, CalendarStep>> = {
  h: { unit: 'hour', count: 1 },
  d: { unit: 'day', count: 1 },
  w: { unit: 'day', count: 7 },
  m: { unit: 'month', count: 1 },
  y: { unit: 'month', count: 12 },
};

function parseStep(text: string): CalendarStep {
  const [, figure, word] = STEP_PATTERN.exec(text) ?? [];
  const one = UNITS[word?.[0] ?? ''];
  if (one === undefined) throw new RangeError(`"${text}" was not checked before it was parsed`);
  return { unit: one.unit, count: one.count * Number(figure) };
}
