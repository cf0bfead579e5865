import { describe, expect, it } from 'vitest';
import { exportFiles, foldersOf } from '../../../../src/domain/ask/export-files.ts';
import { errorOf } from '../../../support/config-file.ts';

const span = (unit: 'year' | 'month' | 'day', time: string): unknown => {
  const [file] = exportFiles([{ time, rows: 3 }], unit, []);
  return [file?.folders.join('/'), file?.part.from, file?.part.to, file?.rows];
};

describe('a file of an export', () => {
  it.each([
    ['year', '2023', 'year=2023', '2023-01-01', '2024-01-01'],
    ['month', '2024-02', 'year=2024/month=02', '2024-02-01', '2024-03-01'],
    ['month', '2024-12', 'year=2024/month=12', '2024-12-01', '2025-01-01'],
    ['day', '2024-02-29', 'year=2024/month=02/day=29', '2024-02-29', '2024-03-01'],
    ['year', '0001', 'year=0001', '0001-01-01', '0002-01-01'],
    ['day', '9999-12-31', 'year=9999/month=12/day=31', '9999-12-31', null],
  ] as const)('of a %s, %s, begins and ends with it', (unit, time, folder, from, to) => {
    expect(span(unit, time)).toEqual([folder, from, to, 3]);
  });

  it.each(['infinity', '-infinity', '-0043', '10000', '0000'])(
    'is refused for the time %s',
    (time) => {
      expect(errorOf(() => span('year', time))).toMatchObject({ code: 'REFUSED' });
    },
  );

  it('of a value is in a folder whose name leads nowhere else and reads back', () => {
    const values = ['..', 'a/b', 'ä', '%41', 'x=y', '', null];
    const files = exportFiles(
      values.map((value) => ({ 'value 0': value, rows: 1 })),
      null,
      ['k/ey'],
    );
    expect(files.map(({ folders }) => folders)).toEqual([
      ['k%2Fey=..'],
      ['k%2Fey=a%2Fb'],
      ['k%2Fey=%C3%A4'],
      ['k%2Fey=%2541'],
      ['k%2Fey=x%3Dy'],
      ['k%2Fey='],
      ['k%2Fey=__HIVE_DEFAULT_PARTITION__'],
    ]);
    expect(files.map(({ part }) => part.values)).toEqual(
      values.map((value) => [{ column: 'k/ey', value }]),
    );
  });

  it('of a day is in folders of its month and its year', () => {
    expect(
      [null, 'year', 'month', 'day'].map((unit) => foldersOf(unit as 'day' | null).length),
    ).toEqual([0, 1, 2, 3]);
  });
});
