/** `--from` and `--to` of a dataset whose rows have local times without a zone. */
import { describe, expect, it } from 'vitest';
import { tableTime } from '../../../src/cli/arguments.ts';
import { spanOf, timeOf, usageOf } from '../../../src/cli/span-and-reason.ts';

const UTC = { name: 'visits' };
const LOCAL = { name: 'visits', timeZone: 'Europe/Berlin' };
const usage = usageOf('delete');

describe('the time of a table', () => {
  it('is what is written, where its rows have local times: as the table has it', () => {
    expect(timeOf(LOCAL, tableTime('2025-10-26T02:30'), usage)).toBe(
      Date.parse('2025-10-26T02:30Z'),
    );
    expect(spanOf(LOCAL, { from: tableTime('2025-10-26') }, usage)?.fromInclusive).toBe(
      Date.parse('2025-10-26T00:00Z'),
    );
  });

  it.each(['2025-10-26T00:00+02:00', '2025-10-26T00:00Z', '2025-10-26 00:00:00-00:30'])(
    'is refused with a zone there, which would mean other rows: %s',
    (text) => {
      const given = (): unknown => spanOf(LOCAL, { to: tableTime(text) }, usage);
      expect(given).toThrow(
        `${text} says a zone, and the rows of visits have the local time of Europe/Berlin without one`,
      );
    },
  );

  it('is an instant where nothing else is said of the dataset', () => {
    expect(timeOf(UTC, tableTime('2025-10-26T00:00+02:00'), usage)).toBe(
      Date.parse('2025-10-25T22:00Z'),
    );
  });
});
