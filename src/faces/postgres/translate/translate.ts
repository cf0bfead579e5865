/** A question of PostgreSQL's as one of DuckDB's, with what the client has to be told of its columns and parameters. */
import { coerce } from './casts.ts';
import type { Catalogue } from './catalogue.ts';
import { enumOfOid, literalIn, oidIn } from './enums.ts';
import type { Environment } from './environment.ts';
import { type Expression, typed } from './expression.ts';
import { duckdbTypeOf, oidOf, type PgTypeName, shownType, typeOfOid } from './pg-types.ts';
import { EMPTY_SCOPE } from './scope.ts';
import { SqlRefusal, unsupported } from './sql-refusal.ts';
import type { Question } from './statement-kinds.ts';
import { translateExpression } from './translate-expression.ts';
import { translateQuery } from './translate-query.ts';

export interface TranslateOptions {
  readonly catalogue: Catalogue;
  /** As Parse names them: 0 or none for one whose type its place decides. */
  readonly parameterOids?: readonly number[];
  /** In PostgreSQL's text form, as Bind brings them; they become literals. None to describe the statement only. */
  readonly parameterValues?: readonly (string | null)[];
}

export interface ResultColumn {
  /** As PostgreSQL names it. */
  readonly name: string;
  /** `pg_type.typname`, with [] for an array. */
  readonly type: PgTypeName;
  readonly oid: number;
  /** -1 for none. */
  readonly typmod: number;
  /** DuckDB gives PostgreSQL's own text of the value, not a value of the type: numerics whose digits vary, types held as text. */
  readonly isText: boolean;
}

export interface Translation {
  /** With parameters that have no value it can't be run, and not even prepared: only columns and parameters tell something then. */
  readonly sql: string;
  /** Every parameter has a value. */
  readonly isRunnable: boolean;
  readonly columns: readonly ResultColumn[];
  readonly parameters: readonly { readonly type: PgTypeName; readonly oid: number }[];
}

/** A statement that grows beyond it is refused: each division and each float operator is written out. */
const MAX_SQL = 1 << 20;

/** @throws SqlRefusal where PostgreSQL's answer can't be had to the last digit, or PostgreSQL has none */
export function translate(question: Question, options: TranslateOptions): Translation {
  const { environment, types } = environmentFor(options);
  const place = { outer: EMPTY_SCOPE, isTop: true, isPart: false };
  const { sql, columns } = withinStack(() => translateQuery(question.tree, place, environment));
  if (sql.length > MAX_SQL) throw tooComplex();
  return {
    sql,
    isRunnable: types.every((_, index) => options.parameterValues?.[index] !== undefined),
    columns: columns.map(({ name, type, typmod, scale }) => {
      const shown = shownType(type);
      return {
        name,
        type: shown,
        oid: oidOf(shown),
        typmod,
        isText: type.endsWith('*') || scale === 'varies',
      };
    }),
    parameters: Array.from(types, (type) => ({
      type: type ?? 'text',
      oid: oidIn(type ?? 'text', options.catalogue),
    })),
  };
}

function tooComplex(): SqlRefusal {
  return new SqlRefusal('54001', 'the statement is too complex', {
    hint: 'Compute parts of it in subqueries.',
  });
}

function withinStack<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof RangeError)
      throw new SqlRefusal('54001', 'the statement is nested too deeply');
    throw error;
  }
}

function environmentFor({ catalogue, parameterOids = [], parameterValues }: TranslateOptions) {
  const types: (PgTypeName | null)[] = parameterOids.map((oid) =>
    oid === 0 || oid === 705 ? null : typeOf(oid, catalogue),
  );
  let names = 0;
  const parameter = (number: number, location: number | undefined): Expression => {
    if (number > 65_535) throw unsupported('a parameter of that number', undefined, location);
    while (types.length < number) types.push(null);
    const type = types[number - 1] ?? null;
    if (type === null)
      return { ...typed(`$${String(number)}`, 'unknown'), parameter: number, location };
    const value = parameterValues?.[number - 1];
    const found =
      value === undefined
        ? typed(`CAST($${String(number)} AS ${duckdbTypeOf(type)})`, type)
        : literalIn(value, type, { catalogue }, location);
    return { ...found, location };
  };
  const environment: Environment = {
    catalogue,
    isTextOrdered: catalogue.isCollated !== true,
    fresh: (prefix) => `${prefix}${String(++names)}`,
    parameter,
    parameterAs(number, type, location) {
      types[number - 1] ??= type;
      return coerce(parameter(number, location), type, environment);
    },
    parameterText: (number) => parameterValues?.[number - 1],
    expression(node, scope) {
      // Operands that are written out several times multiply with each step: they are stopped at the first that is too long.
      const found = translateExpression(node, scope, environment);
      if (found.sql.length > MAX_SQL) throw tooComplex();
      return found;
    },
    query: (tree, outer) =>
      translateQuery(tree, { outer, isTop: false, isPart: false }, environment),
  };
  return { environment, types };
}

function typeOf(oid: number, catalogue: Catalogue): PgTypeName {
  const type = typeOfOid(oid) ?? enumOfOid(oid, catalogue);
  if (type !== null) return type;
  throw unsupported(
    `a parameter of the type with oid ${String(oid)}`,
    'Leave its type open, or cast it to text.',
  );
}
