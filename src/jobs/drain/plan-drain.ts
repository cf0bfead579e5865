/** How a source's entries become rows of its table, as the catalogue has it now. Changes nothing. */
import type pg from 'pg';
import { chooseKey } from '../../domain/drain/choose-key.ts';
import type { RowPlan } from '../../domain/drain/map-entry.ts';
import { planRows } from '../../domain/drain/resolve-types.ts';
import type { DrainSource } from '../../domain/drain/source.ts';
import { TierdError } from '../../domain/errors.ts';
import { sqlTable } from '../../domain/sql-name.ts';
import { suggest } from '../../domain/suggest.ts';
import { type ColumnDescription, formatTable } from '../../domain/table.ts';
import { describeTable } from '../../hot/table/introspect.ts';
import { listKeysWithNulls, listOwnKeys } from '../../hot/table/unique-key.ts';
import { mayKeepOut } from '../../hot/write/kept-out.ts';
import type { WriteTarget } from '../../hot/write/write-statements.ts';
import { inPlanningSnapshot } from '../planning-snapshot.ts';
import type { DrainSettings } from './rooms.ts';

export interface DrainPlan {
  readonly source: DrainSource;
  readonly rows: RowPlan;
  readonly target: WriteTarget;
}

/**
 * Throws what `describeTable` throws, COLUMN_NOT_FOUND for a mapped column that the table has not, and
 * UNIQUE_KEY_MISSING where entries that come again could not be known, KEY_NOT_DISTINCT where several
 * entries that are each to be a row could have one key.
 */
export async function planDrain(
  db: pg.Client,
  source: DrainSource,
  settings: Pick<DrainSettings, 'statementTimeoutMs' | 'lockTimeoutMs'>,
): Promise<DrainPlan> {
  const { dataset } = source;
  const doing = `planning the drain of ${source.name}`;
  return inPlanningSnapshot(settings, db, doing, async () => {
    const table = await describeTable(db, dataset.table, dataset.timeColumn, dataset.timeUnit);
    const rows = planRows(source, table.columns);
    if ('unknown' in rows) throw unknownColumns(source, rows.unknown, table.columns);
    const keys = await listOwnKeys(db, table.oid);
    const choice = chooseKey(source, keys, await listKeysWithNulls(db, table.oid));
    if ('lacks' in choice) {
      throw choice.lacks === 'key'
        ? keyMissing(source, choice.found)
        : keyShared(source, choice.found, choice.lacks === 'distinction');
    }
    const keepsOut = await mayKeepOut(db, table);
    return {
      source,
      rows,
      target: targetOf(source, table.columns, { ...choice, mayKeepOut: keepsOut }),
    };
  });
}

/** Types that have no `=`: json, xml and the geometric ones that compare by area. */
const WITHOUT_EQUALITY: ReadonlySet<string> = new Set(['json', 'xml', 'point', 'polygon', 'box']);

function targetOf(
  source: DrainSource,
  columns: readonly ColumnDescription[],
  { key, sameKey, mayKeepOut: keepsOut }: Pick<WriteTarget, 'key' | 'sameKey' | 'mayKeepOut'>,
): WriteTarget {
  return {
    table: source.dataset.table,
    columns: source.columns.map(({ column: name }) => {
      const base = columns.find((candidate) => candidate.name === name)?.baseType;
      return {
        name,
        type: { schema: base?.schema ?? 'pg_catalog', name: base?.name ?? 'text' },
        // An array of them, or a composite, has none either: compared as text, as they are.
        hasEquality:
          base?.kind !== 'c' &&
          ![base, ...(base?.madeOf ?? [])].some((type) => WITHOUT_EQUALITY.has(type?.name ?? '')),
      };
    }),
    key,
    sameKey,
    version: source.version,
    merge: source.live.kind === 'claim',
    mayKeepOut: keepsOut,
  };
}

function unknownColumns(
  source: DrainSource,
  unknown: readonly string[],
  columns: readonly ColumnDescription[],
): TierdError {
  const names = columns.filter(({ generated }) => !generated).map(({ name }) => name);
  const near = unknown.flatMap((name) => suggest(name, names) ?? []);
  const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : `it has ${names.join(', ')}`;
  return new TierdError({
    code: 'COLUMN_NOT_FOUND',
    message: `drain.sources.${source.name} fills ${unknown.join(', ')}, which ${formatTable(source.dataset.table)} has not, or makes up itself; nothing was read`,
    hint,
    context: { source: source.name, unknown, columns: names },
  });
}

function keyMissing(source: DrainSource, found: string): TierdError {
  const table = formatTable(source.dataset.table);
  return new TierdError({
    code: 'UNIQUE_KEY_MISSING',
    message: `drain.sources.${source.name} reads keys of Redis (${source.live.kind}), and ${table} has no unique key by which a row that comes again would be known: ${found}; nothing was read`,
    hint: `create unique index on ${sqlTable(source.dataset.table)} (…) over columns that are not null and that the source fills, such as what names the entry and its time`,
    context: { source: source.name, table },
  });
}

/** @param isWhole no column of the key may be null */
function keyShared(source: DrainSource, columns: string, isWhole: boolean): TierdError {
  const table = formatTable(source.dataset.table);
  const { kind } = source.live;
  const path = `under drain.sources.${source.name}`;
  const fate = isWhole
    ? 'all but one of them would vanish'
    : 'all but one of them would be refused by PostgreSQL';
  const orElse = isWhole
    ? `say which of such entries stays: same_key: last, first or error, ${path}`
    : `say same_key: error ${path}, and all but the first become dead letters; for last and first its columns must be not null`;
  return new TierdError({
    code: 'KEY_NOT_DISTINCT',
    message: `drain.sources.${source.name} makes a row of each entry of a ${kind}, and the unique key (${columns}) of ${table} holds nothing that two entries can't share: ${fate}; nothing was read`,
    hint: `give the key a column of type uuid and fill it from $entry, or ${orElse}`,
    context: { source: source.name, table, columns },
  });
}
