/** A column as a query sees it. */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { viewTypeOf } from '../../domain/columns/view-type.ts';
import type { ColdColumn } from './cold-catalog.ts';

export function columnOf(plan: ColumnPlan): ColdColumn {
  const viewType = viewTypeOf(plan);
  return viewType === undefined ? plan : { ...plan, viewType };
}

/** In what its values compare and sort otherwise than in PostgreSQL, as a clause; null where they don't. */
export function differenceOf(column: ColdColumn): string | null {
  const { held, postgresType = '', viewType } = column;
  if (held === undefined) return null;
  if (viewType === 'JSON') return 'is compared as its text';
  if (held.kind === 'text') return viewType === undefined ? 'is compared as its text' : null;
  if (held.kind !== 'varchar') return null;
  if (postgresType.startsWith('character(')) return 'keeps its trailing blanks, which count';
  return TEXTS.test(postgresType) ? null : 'is compared as its text';
}

const TEXTS = /^(text|character varying(\(\d+\))?|name|refcursor)$/;
