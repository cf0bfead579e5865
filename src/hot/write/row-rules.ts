/** What a table makes of a row that is written to it, beside the values that are given: for who only looks. */
import type { ColumnDescription } from '../../domain/table.ts';
import { quoteName, quoteTable } from '../quote.ts';
import { type Queryable, run, sql } from '../sql.ts';
import type { WriteTarget } from './write-statements.ts';

export interface RowRules {
  /** In the table's order. */
  readonly columns: readonly RuledColumn[];
  /** Conditions that no row may fail; of its columns by their names. */
  readonly checks: readonly string[];
  /** What is missing of a row is taken from the one that is there. */
  readonly merge: boolean;
}

export interface RuledColumn {
  readonly name: string;
  /** As `format_type` has it. */
  readonly typeName: string;
  /** Its place among the given values; -1 for none. */
  readonly given: number;
  /** From the text of a given value to what the column would hold; null where none is given. */
  readonly cast: ((text: string) => string) | null;
  /** True of a text that a write refuses and a cast would cut; null where none is. */
  readonly isTooLong: ((text: string) => string) | null;
  /** It is not null, and a look can tell what it will hold. */
  readonly isRequired: boolean;
  /** What stands where no value is given: an expression without effects. */
  readonly byDefault: string;
  /** Whether `byDefault` is what a write would put there. */
  readonly isDefaultKnown: boolean;
  /** Of the row's other columns; null where it is not generated. */
  readonly generated: string | null;
}

interface ColumnRow {
  readonly name: string;
  readonly generated: boolean;
  readonly identity: boolean;
  readonly expression: string | null;
}

/** In the transaction of who asks, whose settings make the expressions say what they mean. */
export async function readRowRules(
  db: Queryable,
  tableOid: number,
  columns: readonly ColumnDescription[],
  target: Pick<WriteTarget, 'columns' | 'merge'>,
): Promise<RowRules> {
  const found = await run<ColumnRow>(
    db,
    sql`select a.attname as name, a.attgenerated <> '' as generated, a.attidentity <> '' as identity,
               pg_get_expr(d.adbin, d.adrelid) as expression
        from pg_attribute a
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = ${tableOid}::oid and a.attnum > 0 and not a.attisdropped
        order by a.attnum`,
  );
  const checks = await run<{ readonly expression: string }>(
    db,
    sql`select pg_get_expr(conbin, conrelid) as expression from pg_constraint
        where conrelid = ${tableOid}::oid and contype = 'c' order by conname`,
  );
  return {
    columns: found.map((row) => ruledColumn(row, columns, target)),
    checks: checks.map(({ expression }) => expression),
    merge: target.merge,
  };
}

function ruledColumn(
  { name, generated, identity, expression }: ColumnRow,
  columns: readonly ColumnDescription[],
  { columns: written }: Pick<WriteTarget, 'columns'>,
): RuledColumn {
  const described = columns.find((column) => column.name === name);
  const typeName = described?.typeName ?? 'text';
  const given = written.findIndex((column) => column.name === name);
  const type = written[given]?.type;
  const hasDefault = expression !== null && !generated;
  const isEffectless = hasDefault && EFFECTLESS.test(expression);
  const isDefaultKnown = !identity && (!hasDefault || isEffectless);
  return {
    name,
    typeName,
    given,
    // First to the type without its modifier, as a write has it: numeric(10,2) is rounded by what follows.
    cast: type === undefined ? null : (text) => `${text}::${quoteTable(type)}::${typeName}`,
    isTooLong: tooLongOf(described),
    isRequired: described?.notNull === true && (given >= 0 || isDefaultKnown),
    byDefault: isEffectless ? `(${expression})::${typeName}` : `null::${typeName}`,
    isDefaultKnown,
    generated: generated ? expression : null,
  };
}

/** Constants, and what a clock or chance says: nothing that counts, and no function of anybody's. */
const EFFECTLESS =
  /^(?:null|true|false|-?\d+(?:\.\d+)?|'(?:[^']|'')*'|current_timestamp|current_date|localtimestamp|(?:now|statement_timestamp|transaction_timestamp|clock_timestamp|gen_random_uuid)\(\))(?:::[a-z0-9_". ]+(?:\([0-9, ]+\))?[a-z ]*(?:\[\])*)*$/i;

function tooLongOf(described: ColumnDescription | undefined): RuledColumn['isTooLong'] {
  const { name, typmod, isArray } = described?.baseType ?? { name: '', typmod: -1, isArray: false };
  if (typmod < 0 || isArray) return null;
  switch (name) {
    case 'varchar':
    case 'bpchar':
      // Blanks beyond the length are cut by a write as well.
      return (text) => `char_length(rtrim(${text}, ' ')) > ${String(typmod - 4)}`;
    case 'bit':
      return (text) => `char_length(${text}) <> ${String(typmod)}`;
    case 'varbit':
      return (text) => `char_length(${text}) > ${String(typmod)}`;
    default:
      return null;
  }
}

/**
 * Rows that are given as arrays of text, one for each of the target's columns, with all of the table's
 * columns and their number as `"tierd n"`. With `"tierd bad"`, whether a write would refuse it.
 */
export function givenRows(rules: RowRules, arrays: readonly string[]): string {
  const names = arrays.map((_, index) => `c${String(index)}`);
  const plain = rules.columns
    .filter(({ generated }) => generated === null)
    .map((column) => `${valueOf(column, names)} as ${quoteName(column.name)}`);
  const tooLong = rules.columns.flatMap(({ isTooLong, given }) => {
    const text = names[given];
    return isTooLong === null || text === undefined ? [] : [isTooLong(text)];
  });
  const long = tooLong.length === 0 ? 'false' : `coalesce(${tooLong.join(' or ')}, false)`;
  const list = arrays.join(', ');
  const rows = `select ${plain.join(', ')}, ${long} as "tierd long", n as "tierd n" from unnest(${list}) with ordinality as given (${names.join(', ')}, n)`;
  const made = rules.columns.flatMap(({ generated, name }) =>
    generated === null ? [] : [`(${generated}) as ${quoteName(name)}`],
  );
  const all = made.length === 0 ? rows : `select *, ${made.join(', ')} from (${rows}) as given`;
  return `select *, (${badOf(rules)}) as "tierd bad" from (${all}) as given`;
}

function valueOf({ cast, given, byDefault }: RuledColumn, names: readonly string[]): string {
  const text = names[given];
  return cast === null || text === undefined ? byDefault : cast(text);
}

function badOf({ columns, checks, merge }: RowRules): string {
  return [
    '"tierd long"',
    ...columns.flatMap(({ name, isRequired }) =>
      isRequired && !merge ? [`${quoteName(name)} is null`] : [],
    ),
    ...checks.map((check) => `(${check}) is false`),
  ].join(' or ');
}
