/** A question in PostgreSQL's SQL as one of the engine's, over the datasets that it names as they are. */
import type { RangeVar } from 'libpg-query';
import type pg from 'pg';
import { ATTACHED, IN_PLACE } from '../../domain/attached.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { TierdError } from '../../domain/errors.ts';
import type {
  Catalogue,
  CatalogueRelation,
  EnumLabels,
} from '../../faces/postgres/translate/catalogue.ts';
import { classifyStatement } from '../../faces/postgres/translate/classify-statement.ts';
import { loadParser } from '../../faces/postgres/translate/parse-statements.ts';
import { SqlRefusal } from '../../faces/postgres/translate/sql-refusal.ts';
import type { Question } from '../../faces/postgres/translate/statement-kinds.ts';
import { type ResultColumn, translate } from '../../faces/postgres/translate/translate.ts';
import { walk } from '../../faces/postgres/translate/walk.ts';
import { assertZoneFits } from '../../faces/postgres/translate/zone-bound.ts';
import { sortsByCollation } from '../../hot/attach/text-collations.ts';
import { type DescribedColumn, findTypesIn } from '../../query/answer/postgres/find-types.ts';
import { builtIn, type PostgresType } from '../../query/answer/postgres/postgres-type.ts';
import { typeNameOf } from '../../query/answer/postgres/type-numbers.ts';
import { quoteName } from '../../query/sql/sql-text.ts';
import { readShape } from '../../query/structured/read-shape.ts';
import { catalogueColumns } from './catalogue-columns.ts';
import { isDatasetName } from './dataset-names.ts';

export interface PostgresQuestion {
  readonly sql: string;
  /** Characters before it in what the client sent. */
  readonly before: number;
  /** By number; 0 where its place decides. */
  readonly parameterTypes: readonly number[];
  /** In PostgreSQL's text form; null: they are not known, and it is only described. */
  readonly values: readonly (string | null)[] | null;
  /** Of the session. */
  readonly timeZone: string;
  /** What `tierd_as_of` says; null where the question has a snapshot of its own. */
  readonly instant: string | null;
}

export interface TranslatedQuestion {
  readonly sql: string;
  readonly columns: readonly DescribedColumn[];
  readonly parameterTypes: readonly number[];
}

/** @throws TierdError QUERY_INVALID with SQLSTATE and place in its context; what reading a dataset's columns throws */
export async function translateQuestion(
  db: pg.Client,
  datasets: readonly Dataset[],
  asked: PostgresQuestion,
): Promise<TranslatedQuestion> {
  const { parameterTypes, values, timeZone } = asked;
  const question = await questionOf(asked, datasets);
  const catalogue = await catalogueFor(db, datasets, question, asked.instant);
  const {
    sql: written,
    columns,
    parameters,
  } = refusing(asked, () => {
    const found = translate(question, {
      catalogue,
      parameterOids: parameterTypes,
      ...(values === null ? {} : { parameterValues: values }),
    });
    if (values !== null) assertZoneFits(found.sql, timeZone);
    return found;
  });
  return {
    sql: written,
    columns: await describedOf(db, columns),
    parameterTypes: parameters.map(({ oid }) => oid),
  };
}

async function questionOf(
  asked: PostgresQuestion,
  datasets: readonly Dataset[],
): Promise<Question> {
  const parser = await loadParser();
  return refusing(asked, () => {
    const [statement] = parser.statements(asked.sql);
    const kind =
      statement === undefined
        ? null
        : classifyStatement(statement, parser, (schema, name) =>
            isDatasetName(datasets, schema, name),
          );
    if (kind?.kind === 'select') return kind.question;
    throw new SqlRefusal('0A000', 'this is no question');
  });
}

/** The columns of what it names; of the rest nothing has to be known. */
async function catalogueFor(
  db: pg.Client,
  datasets: readonly Dataset[],
  { tree }: Question,
  instant: string | null,
): Promise<Catalogue> {
  const named = new Set<string>();
  const schemas = new Set<string | undefined>();
  walk({ SelectStmt: tree }, (kind, node) => {
    if (kind !== 'RangeVar') return;
    const { schemaname, relname = '' } = node as RangeVar;
    named.add(relname);
    schemas.add(schemaname);
  });
  const relations: CatalogueRelation[] = [];
  const enums = new Map<string, EnumLabels>();
  let isCollated = false;
  for (const { name, table } of datasets) {
    if (!named.has(name) && !named.has(table.name)) continue;
    const { columns } = await readShape(db, datasets, name);
    if (schemas.has(ATTACHED) || schemas.has(IN_PLACE))
      isCollated ||= await sortsByCollation(db, table);
    const own = await catalogueColumns(db, { name, table }, columns);
    const held = own.columns;
    for (const [type, labels] of own.enums) enums.set(type, labels);
    const inLake = held.map((column, at) =>
      columns[at]?.isHotOnly === true ? { ...column, isMissing: true as const } : column,
    );
    const view = quoteName(name);
    relations.push(
      { schema: 'public', name, sql: `main.${view}`, columns: held },
      { schema: 'hot', name, sql: `hot.${view}`, columns: held },
      { schema: 'cold', name, sql: `cold.${view}`, columns: held },
      { schema: ATTACHED, name, sql: `cold.${view}`, columns: inLake, instant },
      { schema: IN_PLACE, name, sql: `cold.${view}`, columns: inLake },
    );
    if (table.schema !== 'public' || table.name !== name) {
      relations.push({
        schema: table.schema,
        name: table.name,
        sql: `main.${view}`,
        columns: held,
      });
    }
  }
  return { relations, enums, searchPath: ['public'], isCollated };
}

async function describedOf(
  db: pg.Client,
  columns: readonly ResultColumn[],
): Promise<readonly DescribedColumn[]> {
  const others = columns.filter((column) => isOther(column)).map(({ type }) => type);
  const found =
    others.length === 0 ? new Map<string, PostgresType>() : await findTypesIn(db)(others);
  return columns.map((column) => ({
    name: column.name,
    type: isOther(column) ? (found.get(column.type) ?? null) : typeOf(column),
  }));
}

/** Types that are not built in are shown as text where nobody looks them up. */
function isOther({ oid, type }: ResultColumn): boolean {
  return (oid === TEXT && type !== 'text') || (oid === TEXTS && type !== 'text[]');
}

const TEXT = 25;
const TEXTS = 1009;

function typeOf({ oid, typmod }: ResultColumn): PostgresType | null {
  const name = typeNameOf(oid);
  return name === null ? null : builtIn(name, typmod);
}

function refusing<T>({ sql, before }: PostgresQuestion, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof SqlRefusal)) throw error;
    const { sqlstate, message, hint, position } = error.within(sql);
    throw new TierdError({
      code: 'QUERY_INVALID',
      message,
      ...(hint === null ? {} : { hint }),
      context: { sqlstate, position: position === null ? null : position + before },
      cause: error,
    });
  }
}
