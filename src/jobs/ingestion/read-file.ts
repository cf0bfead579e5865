/** One file's rows into the staged ones, and what is none into the letters of the run. */
import { createReadStream } from 'node:fs';
import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { type IngestReading, type MappedColumn, mapColumns } from '../../domain/ingest/reading.ts';
import { quoteLiteral } from '../../hot/quote.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { whyRefused } from '../../hot/write/correction-table.ts';
import { linesToTexts, readJsonNames } from '../../hot/write/ingest-json.ts';
import { countTexts, forgetTexts, takeTexts } from '../../hot/write/ingest-rows.ts';
import { copyLines, copyTexts } from '../../hot/write/ingest-tables.ts';
import { parquetToCsv, unreadable } from '../../lake/table-file.ts';
import { withoutByteOrderMark } from '../correction/byte-order-mark.ts';
import { withoutControlBytes } from '../correction/control-bytes.ts';
import { csvNames } from '../correction/csv-names.ts';
import { withoutEndMark } from '../correction/end-mark.ts';
import type { JobRooms } from '../rotation/rooms.ts';
import type { FoundFile } from './find-files.ts';
import { keepLetters } from './letters.ts';
import type { Known } from './rooms.ts';
import { unpacked } from './unpack.ts';

export interface FileToRead {
  readonly file: FoundFile;
  /** Of the run's files, counted from 1. */
  readonly place: number;
  readonly reading: IngestReading;
  readonly known: Known;
  /** Columns whose default nobody can tell while only looking. */
  readonly untold: readonly string[];
}

export interface ReadFile {
  readonly rows: number;
  readonly rejected: number;
  readonly reasons: readonly string[];
  /** Of the table's columns those that the file has a value for. */
  readonly given: readonly string[];
}

/** Throws USAGE with what is wrong with the file as a whole. */
export async function readFile(
  rooms: Pick<JobRooms, 'engine' | 'tempDirectory' | 'settings'>,
  db: pg.Client,
  read: FileToRead,
): Promise<ReadFile> {
  const { known, reading, file, place, untold } = read;
  const { statementTimeoutMs, lockTimeoutMs } = rooms.settings;
  // Before the transaction, which the server would end if it had nothing to do for that long.
  const parquet = file.kind.format === 'parquet' ? await parquetAsCsv(rooms, read) : null;
  return inTransaction(
    db,
    {
      doing: `reading ${file.path}`,
      isolation: 'read committed',
      readOnly: false,
      limits: { statementTimeoutMs, lockTimeoutMs },
    },
    async () => {
      const { names, columns } = await copyIn(db, read, parquet);
      if (reading.timeZone !== null) {
        await db.query(`set local timezone = ${quoteLiteral(reading.timeZone)}`);
      }
      const time = {
        unit: reading.timeUnit,
        zone: reading.timeZone,
        tableZone: known.dataset.timeZone ?? 'UTC',
        column: known.table.timeColumn,
      };
      await takeTexts(db, { file: place, table: known.table, columns, time, untold });
      const counts = await countTexts(db);
      const reasons = await keepLetters(db, place, names);
      await forgetTexts(db);
      return { ...counts, reasons, given: columns.map(({ column }) => column.name) };
    },
  );
}

interface CopiedIn {
  readonly names: readonly string[];
  readonly columns: readonly MappedColumn[];
}

async function copyIn(
  db: pg.Client,
  { file, reading, known }: FileToRead,
  parquet: ParquetAsCsv | null,
): Promise<CopiedIn> {
  const { path, kind } = file;
  const mapped = (names: readonly string[]): CopiedIn => ({
    names,
    columns: mapColumns(path, names, reading, known.table.columns),
  });
  try {
    switch (kind.format) {
      case 'csv': {
        const names =
          reading.columns ?? (await csvNames(path, withoutByteOrderMark(unpacked(file))));
        if (names.length === 0) throw unreadable(path, 'it is empty');
        const done = mapped(names);
        const pieces = withoutEndMark(path, withoutByteOrderMark(unpacked(file)), true);
        await copyTexts(db, names.length, reading.columns === null, pieces);
        return done;
      }
      case 'parquet': {
        const { names, csv } = parquet ?? { names: [], csv: path };
        const done = mapped(names);
        await copyTexts(db, names.length, true, createReadStream(csv));
        await rm(csv, { force: true });
        return done;
      }
      case 'ndjson': {
        const text = withoutEndMark(path, withoutByteOrderMark(unpacked(file)), false);
        await copyLines(db, withoutControlBytes(path, text));
        const names = await readJsonNames(db);
        const done = mapped(names);
        const columnOf = names.map(
          (_, at) =>
            done.columns.find(({ from }) => 'place' in from && from.place === at)?.column ?? null,
        );
        await linesToTexts(db, names, columnOf);
        return done;
      }
    }
  } catch (error) {
    const why = whyRefused(error);
    throw why === null ? error : unreadable(path, why);
  }
}

interface ParquetAsCsv {
  readonly names: readonly string[];
  /** With a first line of them. */
  readonly csv: string;
}

/** By a name without a sign that the engine would read as a pattern. */
async function parquetAsCsv(
  { engine, tempDirectory }: Pick<JobRooms, 'engine' | 'tempDirectory'>,
  { file: { path }, place, reading: { map }, known: { table } }: FileToRead,
): Promise<ParquetAsCsv> {
  const csv = join(tempDirectory, `ingest-${String(place)}.csv`);
  const link = join(tempDirectory, 'ingest.parquet');
  await rm(link, { force: true });
  await symlink(path, link);
  const isBytes = (name: string): boolean =>
    table.columns.some(
      (column) => column.name === (map[name] ?? name) && column.typeName === 'bytea',
    );
  try {
    return { names: await parquetToCsv(engine, link, csv, isBytes), csv };
  } catch (error) {
    if (error instanceof Error && error.message.includes(link)) {
      throw unreadable(
        path,
        error.message.replace(`${link} can't be read: `, '').replaceAll(link, path),
      );
    }
    throw error;
  } finally {
    await rm(link, { force: true });
  }
}
