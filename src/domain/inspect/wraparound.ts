import { sqlTable } from '../sql-name.ts';
import { formatTable, type TableRef } from '../table.ts';
import { type Finding, fine, type Judged, type Verdict } from './finding.ts';
import { ageInWords, shareInWords } from './words.ts';

export interface WraparoundFacts {
  /** Of autovacuum: from these ages on it freezes whatever else is set. */
  readonly freezeMaxAge: number;
  readonly multixactFreezeMaxAge: number;
  readonly databases: readonly {
    readonly name: string;
    readonly age: number;
    readonly multixactAge: number;
    readonly isHere: boolean;
  }[];
  /** The oldest of this database first. */
  readonly tables: readonly { readonly table: TableRef; readonly age: number }[];
}

/** At 2^31 the server takes no more writes; it stops some millions before. */
const LIMIT = 2 ** 31;
const ACT_SHARE = 0.5;
/** Over autovacuum's own limit by so much, it is not keeping up. */
const LATE = 1.2;

export function judgeWraparound(facts: WraparoundFacts): Judged {
  const findings = facts.databases.map((database): Finding => {
    const verdict = verdictFor(database, facts);
    const [oldest] = facts.tables;
    const worst =
      database.isHere && oldest !== undefined
        ? `, of which ${formatTable(oldest.table)} is the oldest table (${ageInWords(oldest.age)})`
        : '';
    const next =
      database.isHere && oldest !== undefined
        ? `vacuum (freeze, verbose) ${sqlTable(oldest.table)}`
        : `vacuumdb --freeze --jobs 2 --dbname ${shellWord(database.name)}`;
    return {
      subject: `database ${database.name}`,
      verdict,
      found: `${ageInWords(database.age)} transactions since the oldest that is not frozen, ${shareInWords(database.age / LIMIT)} of what there is; ${ageInWords(database.multixactAge)} multixacts${worst}`,
      next: verdict === 'ok' ? null : next,
      figures: { age: database.age, multixact_age: database.multixactAge, limit: LIMIT },
    };
  });
  const told = findings.filter(({ verdict }) => verdict !== 'ok');
  const [first = fine('databases', 'none')] = findings;
  return { findings: told.length === 0 ? [first] : told, unseen: [] };
}

function verdictFor(
  { age, multixactAge }: WraparoundFacts['databases'][number],
  { freezeMaxAge, multixactFreezeMaxAge }: WraparoundFacts,
): Verdict {
  if (Math.max(age, multixactAge) >= LIMIT * ACT_SHARE) return 'act';
  return age >= freezeMaxAge * LATE || multixactAge >= multixactFreezeMaxAge * LATE ? 'look' : 'ok';
}

function shellWord(name: string): string {
  return /^[\w-]+$/u.test(name) ? name : `'${name.replaceAll("'", String.raw`'\''`)}'`;
}
