/** The rows of a file of corrections, in a temporary table of the transaction: as PostgreSQL understands them. */
import { createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import type { RowIdentity } from '../../domain/plan/row-identity.ts';
import { suggest } from '../../domain/suggest.ts';
import type { BaseType, TableDescription } from '../../domain/table.ts';
import {
  copyJsonIn,
  lineWithout,
  lineWithTwice,
  type RefusedLine,
  takeJsonRows,
} from '../../hot/write/correction-lines.ts';
import {
  copyCsvIn,
  makeCorrectionTable,
  repeatedKeys,
  whyRefused,
} from '../../hot/write/correction-table.ts';
import type { DuckEngine } from '../../lake/segment/duckdb.ts';
import { parquetToCsv, unreadable } from '../../lake/table-file.ts';
import { withoutByteOrderMark } from './byte-order-mark.ts';
import { withoutControlBytes } from './control-bytes.ts';
import { csvNames } from './csv-names.ts';
import { withoutEndMark } from './end-mark.ts';

export interface FileToLoad {
  readonly engine: DuckEngine;
  readonly file: string;
  readonly table: TableDescription;
  readonly identity: RowIdentity;
  /** Of this process, for what has to be written anew. */
  readonly directory: string;
}

const MOST_NAMED = 5;

/** Throws USAGE with what is wrong with the file, and nothing is changed. */
export async function loadFile(db: pg.Client, load: FileToLoad): Promise<void> {
  await assertThere(load.file);
  await makeCorrectionTable(db, load.table.ref);
  try {
    await takeIn(db, load);
  } catch (error) {
    const why = whyRefused(error);
    throw why === null ? error : unreadable(load.file, `PostgreSQL refuses it: ${why}`);
  }
  const { identity } = load;
  const repeated = await repeatedKeys(
    db,
    identity.columns.map(({ name }) => name),
    MOST_NAMED + 1,
  );
  if (repeated.length === 0) return;
  const some = repeated.slice(0, MOST_NAMED).join('; ');
  throw new TierdError({
    code: 'USAGE',
    message: `${load.file} has more than one row of a key (${identity.index}): ${some}${repeated.length > MOST_NAMED ? ', …' : ''}. Nothing was changed.`,
    hint: 'Leave the row that is meant.',
  });
}

async function assertThere(file: string): Promise<void> {
  // The engine would read whatever files such a name stands for.
  if (/[*?[\]{}]/u.test(file)) throw unreadable(file, 'its name has one of * ? [ ] { }; rename it');
  let isFile: boolean;
  try {
    await access(file);
    isFile = (await stat(file)).isFile();
  } catch (error) {
    throw unreadable(file, error instanceof Error ? error.message : String(error));
  }
  // It is read more than once.
  if (!isFile) throw unreadable(file, 'it is no file');
}

async function takeIn(db: pg.Client, load: FileToLoad): Promise<void> {
  const { engine, file, directory } = load;
  switch (extname(file).toLowerCase()) {
    case '.csv': {
      const names = await csvNames(file, createReadStream(file));
      assertColumns(load, names);
      return copyCsvIn(db, names, withoutEndMark(file, textOf(file), true));
    }
    case '.parquet': {
      const csv = join(directory, 'correction.csv');
      const names = await parquetToCsv(engine, file, csv, (column) =>
        load.table.columns.some(({ name, typeName }) => name === column && typeName === 'bytea'),
      );
      assertColumns(load, names);
      return copyCsvIn(db, names, createReadStream(csv));
    }
    case '.ndjson':
    case '.jsonl': {
      const pieces = withoutControlBytes(file, withoutEndMark(file, textOf(file), false));
      const copied = await copyJsonIn(db, pieces);
      if ('line' in copied) throw refusedLine(file, copied);
      const { lines, names } = copied;
      const columns = names.map(({ name }) => name);
      assertColumns(load, columns);
      const repeated = names.find((one) => one.times > one.lines)?.name;
      if (repeated !== undefined) {
        const line = String(await lineWithTwice(db, repeated));
        throw unreadable(file, `its line ${line} has ${repeated} twice`);
      }
      const lacking = names.find((one) => one.lines < lines)?.name;
      if (lacking !== undefined) {
        const line = String(await lineWithout(db, lacking));
        throw unreadable(file, `its line ${line} lacks ${lacking}, and null has to be said`);
      }
      const json = new Set(
        load.table.columns.flatMap(({ name, baseType }) => (isJson(baseType) ? [name] : [])),
      );
      const given = columns.map((name) => ({ name, isJson: json.has(name) }));
      const refused = await takeJsonRows(db, given);
      if (refused !== null) throw refusedLine(file, refused);
      return;
    }
    default:
      throw unreadable(file, 'its name ends in no format that is known');
  }
}

function refusedLine(file: string, { line, column, why }: RefusedLine): TierdError {
  const where = `line ${String(line)}${column === null ? '' : `, ${column}`}`;
  return unreadable(
    file,
    why === null ? `its ${where} is no object` : `PostgreSQL refuses its ${where}: ${why}`,
  );
}

const textOf = (file: string): AsyncIterable<Uint8Array> =>
  withoutByteOrderMark(createReadStream(file));

const isJson = ({ schema, name }: BaseType): boolean => schema === 'pg_catalog' && name === 'json';

/** A row is replaced whole: what a file left out would be lost. */
function assertColumns({ file, table }: FileToLoad, names: readonly string[]): void {
  const given = new Set(names);
  const wanted = table.columns.filter(({ generated }) => !generated).map(({ name }) => name);
  const missing = wanted.filter((name) => !given.has(name));
  const strange = names.filter((name) => !wanted.includes(name));
  if (given.size < names.length) throw unreadable(file, 'it has two columns of one name');
  if (given.has('')) throw unreadable(file, 'its first line has a column without a name');
  const [first] = strange;
  if (first !== undefined) {
    const near = suggest(first, missing);
    const isComputed = table.columns.some(({ name }) => name === first);
    throw unreadable(
      file,
      isComputed
        ? `PostgreSQL computes ${first}: leave it out`
        : `the table has no column ${first}${near === undefined ? '' : `; did you mean ${near}?`}`,
    );
  }
  if (missing.length > 0) {
    throw unreadable(
      file,
      `it lacks ${missing.join(', ')}: a row is replaced whole, so that each column has to be given`,
    );
  }
}
