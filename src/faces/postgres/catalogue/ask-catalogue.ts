/**
 * Questions about the catalogue, put to the hot store as they are: only it knows its tables as psql's `\d`, Grafana and
 * drivers ask for them. Each in a transaction of its own, which reads only and does not wait.
 */
import type { AskHot } from '../face-desk.ts';
import { FaceError } from '../face-error.ts';
import { int16, int32, message, text, uint32 } from '../wire/backend.ts';
import { admitCatalogue, type CatalogueNames } from './admit-catalogue.ts';

export interface CatalogueQuestion {
  readonly sql: string;
  readonly tree: object;
  /** Of the session: what a bare name means. */
  readonly searchPath: string;
  /** Of the session. */
  readonly timeZone: string;
  /** Null: as long as any may take. */
  readonly statementTimeoutMs: number | null;
  readonly parameterTypes: readonly number[];
}

export interface CatalogueValues {
  readonly parameterFormats: readonly number[];
  /** As they came. */
  readonly values: readonly (Buffer | null)[];
  readonly formats: readonly number[];
}

export interface CatalogueAnswer {
  /** RowDescription. */
  readonly columns: Buffer;
  /** DataRow after DataRow. */
  readonly rows: readonly Buffer[];
}

const MOST_MS = 10_000;
/** What a session of this face can't change, whatever the server's own settings are. */
const FIXED = {
  standard_conforming_strings: 'on',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
} as const;
/** More than any catalogue that a person would look at. */
const MAX_BYTES = 32 * 1024 * 1024;

/** @throws FaceError what PostgreSQL says; 42501 for what is no catalogue */
export async function askCatalogue(
  ask: AskHot,
  question: CatalogueQuestion,
  { parameterFormats, values, formats }: CatalogueValues,
  signal: AbortSignal,
): Promise<CatalogueAnswer> {
  admitCatalogue(question.tree, await namesOf(ask, signal));
  const bound = message(
    'B',
    text(''),
    text(''),
    ...list(parameterFormats, int16),
    int16(values.length),
    ...values.flatMap((value) => (value === null ? [int32(-1)] : [int32(value.length), value])),
    ...list(formats, int16),
  );
  const portal = [
    bound,
    message('D', Buffer.from('P'), text('')),
    message('E', text(''), int32(0)),
  ];
  const answered = await askWithin(ask, question, portal, signal);
  return {
    columns: answered.find((one) => kindOf(one) === 'T') ?? message('n'),
    rows: answered.filter((one) => kindOf(one) === 'D'),
  };
}

/** @returns ParameterDescription and RowDescription */
export async function describeCatalogue(
  ask: AskHot,
  question: CatalogueQuestion,
  signal: AbortSignal,
): Promise<{ readonly parameters: Buffer; readonly columns: Buffer }> {
  admitCatalogue(question.tree, await namesOf(ask, signal));
  const described = [message('D', Buffer.from('S'), text(''))];
  const answered = await askWithin(ask, question, described, signal);
  return {
    parameters: answered.find((one) => kindOf(one) === 't') ?? message('t', int16(0)),
    columns: answered.find((one) => kindOf(one) === 'T') ?? message('n'),
  };
}

/** Three are answered with ReadyForQuery: what begins, what is asked, what ends. */
const READIES = 3;

async function askWithin(
  ask: AskHot,
  { sql, parameterTypes, ...session }: Omit<CatalogueQuestion, 'tree'>,
  asked: readonly Buffer[],
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  const begin = `begin read only; select ${settingsOf(session).map(setLocally).join(', ')}`;
  const request = Buffer.concat([
    message('Q', text(begin)),
    message('P', text(''), text(sql), ...list(parameterTypes, uint32)),
    ...asked,
    message('S'),
    message('Q', text('rollback')),
  ]);
  const answered: Buffer[] = [];
  let bytes = 0;
  let isParsed = false;
  const failures: FaceError[] = [];
  const take = (told: Buffer): void => {
    const kind = kindOf(told);
    // What comes before is the answer to what begins the transaction.
    if (kind === '1') isParsed = true;
    if (kind === 'E') failures.push(errorOf(told));
    if (!isParsed) return;
    bytes += told.length;
    if (bytes <= MAX_BYTES) answered.push(Buffer.from(told));
  };
  await ask(request, READIES, take, signal);
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  if (bytes > MAX_BYTES) {
    throw new FaceError({
      sqlstate: '54000',
      message: `the catalogue's answer is larger than ${String(MAX_BYTES / 1024 ** 2)}MB`,
    });
  }
  return answered;
}

function settingsOf({
  searchPath,
  timeZone,
  statementTimeoutMs,
}: Pick<CatalogueQuestion, 'searchPath' | 'timeZone' | 'statementTimeoutMs'>): readonly (readonly [
  string,
  string,
])[] {
  return [
    ...Object.entries(FIXED),
    ['statement_timeout', String(Math.min(statementTimeoutMs ?? MOST_MS, MOST_MS))],
    ['search_path', searchPath],
    ['TimeZone', timeZone],
  ];
}

function setLocally([name, value]: readonly [string, string]): string {
  return `pg_catalog.set_config('${name}', '${value.replaceAll("'", "''")}', true)`;
}

/** By whom they were asked of: a server of another version has others, and an asker has one server at a time. */
const known = new WeakMap<AskHot, CatalogueNames>();

/** Of functions all that have the name; what is granted to nobody is everybody's to run, and nobody's to read. */
const NAMES = `
  select 'r', relname from pg_catalog.pg_class c
  where relnamespace = 'pg_catalog'::pg_catalog.regnamespace
    and exists (select from pg_catalog.aclexplode(c.relacl) a where a.grantee = 0 and a.privilege_type = 'SELECT')
  union all
  select 'f', proname from pg_catalog.pg_proc p where pronamespace = 'pg_catalog'::pg_catalog.regnamespace
  group by proname
  having pg_catalog.bool_and(proacl is null
    or exists (select from pg_catalog.aclexplode(p.proacl) a where a.grantee = 0 and a.privilege_type = 'EXECUTE'))`;

async function namesOf(ask: AskHot, signal: AbortSignal): Promise<CatalogueNames> {
  const found = known.get(ask);
  if (found !== undefined) return found;
  const question = {
    sql: NAMES,
    searchPath: '',
    timeZone: 'UTC',
    statementTimeoutMs: null,
    parameterTypes: [],
  };
  const portal = [
    message('B', text(''), text(''), int16(0), int16(0), int16(0)),
    message('E', text(''), int32(0)),
  ];
  const rows = (await askWithin(ask, question, portal, signal)).filter(
    (one) => kindOf(one) === 'D',
  );
  // Behind the row's head and the length of each of its two texts.
  const all = rows.map((row) => [row.toString('latin1', 11, 12), row.toString('utf8', 16)]);
  const named = (kind: string): ReadonlySet<string> =>
    new Set(all.flatMap(([of, name = '']) => (of === kind ? [name] : [])));
  const names = { relations: named('r'), functions: named('f') };
  known.set(ask, names);
  return names;
}

function list<T>(items: readonly T[], field: (item: T) => Buffer): readonly Buffer[] {
  return [int16(items.length), ...items.map(field)];
}

function kindOf(told: Buffer): string {
  return String.fromCharCode(told[0] ?? 0);
}

function errorOf(told: Buffer): FaceError {
  const fields = told.subarray(5).toString().split('\0').filter(Boolean);
  const field = (letter: string): string | undefined =>
    fields.find((one) => one.startsWith(letter))?.slice(1);
  const position = field('P');
  return new FaceError({
    sqlstate: field('C') ?? 'XX000',
    message: field('M') ?? 'PostgreSQL gave no reason',
    detail: field('D'),
    hint: field('H'),
    position: position === undefined ? undefined : Number(position),
  });
}
