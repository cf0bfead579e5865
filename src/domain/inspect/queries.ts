import { countOf } from '../count.ts';
import { sqlName } from '../sql-name.ts';
import { type Finding, fine, type Judged } from './finding.ts';
import { countInWords, oneLine, secondsInWords, shareInWords } from './words.ts';

/** Whether the server keeps figures of statements, and what is missing where it does not. */
export type StatementsStanding =
  | { readonly kind: 'there' }
  /** Not among the extensions that the server could make. */
  | { readonly kind: 'not installed' }
  /** `preloaded` is null where this role may not see shared_preload_libraries. */
  | { readonly kind: 'not loaded'; readonly preloaded: string | null }
  | { readonly kind: 'not created' }
  /** Of a server that was upgraded, with columns of before version 1.8. */
  | { readonly kind: 'outdated' };

export interface Statement {
  readonly id: string | null;
  readonly text: string;
  readonly calls: number;
  readonly totalMs: number;
  readonly meanMs: number;
  readonly rows: number;
  /** Of the time that all statements of this database took. */
  readonly share: number;
}

export interface StatementFacts {
  readonly standing: StatementsStanding;
  readonly versionNumber: number;
  /** The slow ones first, then by all of their time. */
  readonly statements: readonly Statement[];
  readonly hidden: number;
}

/** On average: what a person notices. */
const SLOW_MS = 1_000;
const GENERIC_PLAN_VERSION = 160_000;

export function judgeQueries(facts: StatementFacts): Judged {
  const lacking = lackOf(facts.standing);
  if (lacking !== null) return { findings: [lacking], unseen: [] };
  const slow = facts.statements.filter(({ meanMs }) => meanMs >= SLOW_MS);
  const [most] = facts.statements.toSorted((a, b) => b.totalMs - a.totalMs);
  const calm = fine(
    'statements',
    most === undefined
      ? 'no statement was counted yet'
      : `none takes a second on average; the most time (${shareInWords(most.share)}) went to: ${oneLine(most.text, 80)}`,
  );
  return {
    findings: slow.length === 0 ? [calm] : slow.map((one) => findingOf(one, facts.versionNumber)),
    unseen:
      facts.hidden === 0
        ? []
        : [
            {
              what: `the text of ${countOf(facts.hidden, 'statement')} of other roles`,
              next: null,
            },
          ],
  };
}

function findingOf(one: Statement, versionNumber: number): Finding {
  return {
    subject: one.id === null ? 'a statement of another role' : `statement ${one.id}`,
    verdict: 'look',
    found: `${secondsInWords(one.meanMs / 1_000)} on average, ${countOf(one.calls, 'call')}, ${countInWords(one.rows)} rows, ${shareInWords(one.share)} of all time: ${oneLine(one.text)}`,
    next: nextOf(one, versionNumber),
    figures: {
      query_id: one.id,
      query: one.text,
      calls: one.calls,
      mean_ms: one.meanMs,
      total_ms: one.totalMs,
      rows: one.rows,
      share: one.share,
    },
  };
}

/** Of a statement with $1 for its values, PostgreSQL 16 and later can say the plan. */
function nextOf({ id, text }: Statement, versionNumber: number): string | null {
  if (id === null) return null;
  const line = oneLine(text, 400);
  const isWhole = line.length < 400 && !/--|\/\*|^<|;/u.test(text);
  return isWhole && versionNumber >= GENERIC_PLAN_VERSION
    ? `explain (generic_plan) ${line}`
    : `select query from pg_stat_statements where queryid = ${id}`;
}

function lackOf(standing: StatementsStanding): Finding | null {
  if (standing.kind === 'there') return null;
  const [found, next] = lackInWords(standing);
  return { subject: 'pg_stat_statements', verdict: 'look', found, next, figures: {} };
}

function lackInWords(standing: Exclude<StatementsStanding, { kind: 'there' }>): [string, string] {
  const blind = 'so slow queries are not seen';
  switch (standing.kind) {
    case 'not installed':
      return [
        `the server does not have this extension, ${blind}: it comes with the contrib package`,
        "select name, default_version from pg_available_extensions where name = 'pg_stat_statements'",
      ];
    case 'not loaded': {
      const { preloaded } = standing;
      if (preloaded === null) {
        return [
          `is not loaded, ${blind}: add it to shared_preload_libraries, behind what stands there, and restart the server`,
          'show shared_preload_libraries',
        ];
      }
      const list = [...preloaded.split(',').map((one) => one.trim()), 'pg_stat_statements']
        .filter((one) => one !== '')
        .map(sqlName)
        .join(', ');
      return [
        `is not loaded, ${blind}: it takes this line and a restart of the server, then create extension pg_stat_statements`,
        `alter system set shared_preload_libraries = ${list}`,
      ];
    }
    case 'not created':
      return [
        `is loaded and not in this database, ${blind}`,
        'create extension pg_stat_statements',
      ];
    case 'outdated':
      return [`is of a version before 1.8, ${blind}`, 'alter extension pg_stat_statements update'];
  }
}
