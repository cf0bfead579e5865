/** One table of every type in PostgreSQL and in DuckDB, and one question asked of both. */

import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import pg from 'pg';
import type { Catalogue } from '../../src/faces/postgres/translate/catalogue.ts';
import { classifyStatement } from '../../src/faces/postgres/translate/classify-statement.ts';
import { raised } from '../../src/faces/postgres/translate/expression.ts';
import { literalOf } from '../../src/faces/postgres/translate/literal.ts';
import {
  loadParser,
  type StatementParser,
} from '../../src/faces/postgres/translate/parse-statements.ts';
import {
  duckdbTypeOf,
  elementOf,
  readFormattedType,
} from '../../src/faces/postgres/translate/pg-types.ts';
import { SqlRefusal } from '../../src/faces/postgres/translate/sql-refusal.ts';
import {
  type ResultColumn,
  type Translation,
  translate,
} from '../../src/faces/postgres/translate/translate.ts';
import { doubleText, realText } from '../../src/query/answer/postgres/number-text.ts';
import type { TestDatabase } from './database.ts';

/** Rows as texts, or the SQLSTATE of an error. */
export type Answer =
  | { readonly rows: readonly (readonly (string | null)[])[]; readonly columns: readonly string[] }
  | { readonly error: string; readonly message: string };

export interface BothEngines {
  ofPostgres(sql: string, values?: readonly (string | null)[]): Promise<Answer>;
  /** An error with `isRefused` came from the translator, another from DuckDB. */
  ofDuckdb(
    sql: string,
    values?: readonly (string | null)[],
  ): Promise<Answer & { readonly isRefused?: true; readonly written?: string }>;
  close(): void;
}

export interface TableOfBoth {
  readonly name: string;
  readonly columns: readonly (readonly [name: string, type: string])[];
  /** SELECT list and FROM that fill it. */
  readonly rows: string;
}

const AS_TEXT: pg.CustomTypesConfig = {
  getTypeParser: () => (text: string | Buffer) => String(text),
};

export async function openBothEngines(
  database: TestDatabase,
  tables: readonly TableOfBoth[],
  zone = 'UTC',
): Promise<BothEngines> {
  const client = await database.connect();
  await client.query(
    `set timezone = '${zone}'; set datestyle = iso; set intervalstyle = postgres; set bytea_output = hex; set extra_float_digits = 1`,
  );
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect();
  await duckdb.run(`set timezone = '${zone}'`);
  for (const table of tables) await makeTable(client, duckdb, table);
  const catalogue = catalogueOf(tables);
  const parser = await loadParser();
  return {
    async ofPostgres(sql, values = []) {
      try {
        const { rows, fields } = await client.query({
          text: sql,
          values: [...values],
          rowMode: 'array',
          types: AS_TEXT,
        });
        return {
          rows: (rows as (string | null)[][]).map((row) =>
            row.map((text, index) => (fields[index]?.dataTypeID === 1184 ? inUtc(text) : text)),
          ),
          columns: fields.map(({ name, dataTypeID }) => `${name} ${String(dataTypeID)}`),
        };
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error;
        return { error: error.code ?? '', message: error.message };
      }
    },
    async ofDuckdb(sql, values) {
      const made = translated(parser, catalogue, sql, values);
      if ('error' in made) return { ...made, isRefused: true };
      try {
        const reader = await duckdb.runAndReadAll(made.sql);
        const rows = reader
          .getRows()
          .map((row) => row.map((value, index) => textOf(value, made.columns[index])));
        return {
          rows,
          columns: made.columns.map(({ name, oid }) => `${name} ${String(oid)}`),
          written: made.sql,
        };
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        return { error: raised(message)?.sqlstate ?? '', message, written: made.sql };
      }
    },
    close() {
      duckdb.closeSync();
    },
  };
}

export function catalogueOf(tables: readonly TableOfBoth[]): Catalogue {
  return {
    searchPath: ['public'],
    relations: tables.map(({ name, columns }) => ({
      schema: 'public',
      name,
      sql: `main."${name}"`,
      columns: columns.map(([column, type]) => ({
        name: column,
        postgresType: type,
        duckdbType: duckdbType(type),
      })),
    })),
  };
}

function translated(
  parser: StatementParser,
  catalogue: Catalogue,
  sql: string,
  values: readonly (string | null)[] | undefined,
): Translation | { error: string; message: string } {
  try {
    const [statement] = parser.statements(sql);
    if (statement === undefined) throw new Error(`no statement: ${sql}`);
    const isDataset = (_: string | null, name: string) =>
      catalogue.relations.some((relation) => relation.name === name);
    const classified = classifyStatement(statement, parser, isDataset);
    if (classified.kind !== 'select') throw new Error(`no question: ${sql}`);
    return translate(classified.question, {
      catalogue,
      ...(values === undefined ? {} : { parameterValues: values }),
    });
  } catch (error) {
    if (!(error instanceof SqlRefusal)) throw error;
    return { error: error.sqlstate, message: error.message };
  }
}

function duckdbType(type: string): string {
  const { type: name, typmod } = readFormattedType(type);
  if (name === 'numeric') {
    if (typmod < 0) return 'VARCHAR';
    return `DECIMAL(${String((typmod - 4) >> 16)}, ${String((typmod - 4) & 0x7ff)})`;
  }
  if (name === 'interval' || !/^[a-z0-9]+(\[\])?$/.test(name)) return 'VARCHAR';
  return ['inet', 'jsonb', 'json'].includes(name) ? 'VARCHAR' : duckdbTypeOf(name);
}

async function makeTable(
  client: pg.Client,
  duckdb: DuckDBConnection,
  { name, columns, rows }: TableOfBoth,
): Promise<void> {
  const isText = (type: string) => /^(text|character|name)/.test(type);
  const declared = columns.map(
    ([column, type]) => `"${column}" ${type}${isText(type) ? ' collate "C"' : ''}`,
  );
  await client.query(`create table "${name}" (${declared.join(', ')})`);
  await client.query(`insert into "${name}" select ${rows}`);
  const held = columns.map(([column, type]) => `"${column}" ${duckdbType(type)}`);
  await duckdb.run(`create table "${name}" (${held.join(', ')})`);
  const { rows: all } = await client.query<(string | null)[]>({
    text: `select * from "${name}"`,
    rowMode: 'array',
    types: AS_TEXT,
  });
  const written = all.map((row) =>
    row.map((text, index) => heldValue(text, columns[index]?.[1] ?? 'text')).join(', '),
  );
  for (let at = 0; at < written.length; at += 200) {
    const some = written.slice(at, at + 200).map((row) => `(${row})`);
    await duckdb.run(`insert into "${name}" values ${some.join(', ')}`);
  }
}

function heldValue(text: string | null, type: string): string {
  if (text === null) return 'NULL';
  if (duckdbType(type) === 'VARCHAR') return literalOf(text, 'text').sql;
  return literalOf(text, readFormattedType(type).type).sql;
}

/** A value of DuckDB's as PostgreSQL writes it, of a type that the translation says. */
export function textOf(value: DuckDBValue, column: ResultColumn | undefined): string | null {
  if (value === null) return null;
  if (column === undefined) throw new Error('a value without a column');
  if (column.isText) return asString(value);
  const element = elementOf(column.type);
  if (element !== null) {
    const { items } = value as unknown as { items: readonly DuckDBValue[] };
    const texts = items.map((item) => arrayItem(textOf(item, { ...column, type: element })));
    return `{${texts.join(',')}}`;
  }
  switch (column.type) {
    case 'bool':
      return expectType(value, 'boolean') ? 't' : 'f';
    case 'float8':
      return doubleText(expectType(value, 'number'));
    case 'float4':
      return realText(expectType(value, 'number'));
    case 'int2':
    case 'int4':
      return String(expectType(value, 'number'));
    case 'int8':
      return String(expectType(value, 'bigint'));
    case 'date': {
      // DuckDB's own class writes the last days of its calendar for infinity.
      const { days } = value as unknown as { days: number };
      if (Math.abs(days) === 2_147_483_647) return days > 0 ? 'infinity' : '-infinity';
      return String(value).replace(' (BC)', ' BC');
    }
    case 'numeric':
    case 'timestamp':
    case 'timestamptz':
    case 'time':
    case 'uuid':
      return String(value).replace(' (BC)', ' BC');
    case 'bytea':
      return `\\x${Buffer.from((value as unknown as { bytes: Uint8Array }).bytes).toString('hex')}`;
    case 'interval':
      return intervalText(value as unknown as { months: number; days: number; micros: bigint });
    default:
      return asString(value);
  }
}

function asString(value: DuckDBValue): string {
  return expectType(value, 'string');
}

function expectType<T extends 'boolean' | 'number' | 'bigint' | 'string'>(
  value: DuckDBValue,
  type: T,
): { boolean: boolean; number: number; bigint: bigint; string: string }[T] {
  if (typeof value !== type)
    throw new Error(`a ${typeof value} where a ${type} was promised: ${String(value)}`);
  return value as never;
}

/** An instant as PostgreSQL writes it in a zone, written in UTC. */
function inUtc(text: string | null): string | null {
  const form = /^(\d{4})-(\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?([+-]\d\d(?::\d\d)?)$/;
  const [, year = '', day = '', clock = '', fraction = '', zone = ''] = form.exec(text ?? '') ?? [];
  if (year === '') return text;
  const at = new Date(`${year}-${day}T${clock}${zone.length === 3 ? `${zone}:00` : zone}`);
  return `${at.toISOString().slice(0, 19).replace('T', ' ')}${fraction}+00`;
}

function arrayItem(text: string | null): string {
  if (text === null) return 'NULL';
  const isPlain = text !== '' && !/[\s,{}"\\]/.test(text) && text.toLowerCase() !== 'null';
  return isPlain ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

function intervalText({
  months,
  days,
  micros,
}: {
  months: number;
  days: number;
  micros: bigint;
}): string {
  const units = [
    [Math.trunc(months / 12), 'year'],
    [months % 12, 'mon'],
    [days, 'day'],
  ] as const;
  const given = units.filter(([count]) => count !== 0);
  const wasNegative = (index: number): boolean => (given[index - 1]?.[0] ?? 0) < 0;
  const parts = given.map(([count, unit], index) => {
    const sign = wasNegative(index) && count > 0 ? '+' : '';
    return `${sign}${String(count)} ${unit}${count === 1 ? '' : 's'}`;
  });
  if (micros === 0n && parts.length > 0) return parts.join(' ');
  const all = micros < 0n ? -micros : micros;
  const seconds = all / 1_000_000n;
  const two = (part: bigint): string => String(part).padStart(2, '0');
  const digits = String(all % 1_000_000n).padStart(6, '0');
  const fraction = digits.replace(/0+$/, '');
  const sign = micros < 0n ? '-' : wasNegative(given.length) ? '+' : '';
  const clock = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  return [...parts, `${sign}${clock}${fraction === '' ? '' : `.${fraction}`}`].join(' ');
}
