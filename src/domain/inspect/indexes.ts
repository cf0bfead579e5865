import { countOf } from '../count.ts';
import { sqlTable } from '../sql-name.ts';
import { formatTable, type TableKind, type TableRef } from '../table.ts';
import { type Finding, fine, type Judged } from './finding.ts';
import { bytesInWords, secondsInWords } from './words.ts';

/** An index with those of all partitions or chunks that say the same. */
export interface IndexUse {
  readonly table: TableRef;
  readonly kind: TableKind;
  readonly index: TableRef;
  /** `btree (symbol, ts desc)`. */
  readonly definition: string;
  readonly parts: number;
  readonly bytes: number;
  readonly scans: number;
  /** Of a primary key, a unique or exclusion constraint, or a replica identity: it does more than find rows. */
  readonly isNeeded: boolean;
  readonly isValid: boolean;
  /** Another index of the same table says the same, and stays. */
  readonly sameAs: TableRef | null;
}

export interface IndexFacts {
  readonly indexes: readonly IndexUse[];
  readonly all: number;
  /** Since the figures began; null where they were never reset. */
  readonly countedSeconds: number | null;
  /** Queries of standbys are counted there. */
  readonly standbys: number;
}

/** Below this an index costs nothing worth a thought. */
const MIN_BYTES = 1024 ** 2;
/** A report at the end of a month uses an index too, but a week tells of most. */
const JUDGED_AFTER_SECONDS = 7 * 86_400;

export function judgeIndexes(facts: IndexFacts): Judged {
  const findings = facts.indexes.flatMap((index) => findingOf(index, facts) ?? []);
  const summary = fine(countOf(facts.all, 'index', 'indexes'), 'each is valid, used, and alone');
  return { findings: findings.length === 0 ? [summary] : findings, unseen: [] };
}

function findingOf(index: IndexUse, facts: IndexFacts): Finding | null {
  const { definition, bytes, scans, sameAs } = index;
  const on = `${bytesInWords(bytes)} on ${formatTable(index.table)} ${definition}`;
  if (!index.isValid) {
    return finding(
      index,
      'act',
      `is invalid: it is written and never read (${on})`,
      rebuild(index),
    );
  }
  if (sameAs !== null) {
    const found = `says the same as ${formatTable(sameAs)} (${on})`;
    return finding(index, 'look', found, drop(index));
  }
  if (index.isNeeded || scans > 0 || bytes < MIN_BYTES) return null;
  const { countedSeconds, standbys } = facts;
  const since =
    countedSeconds === null
      ? 'since the database was made'
      : `in the ${secondsInWords(countedSeconds)} that were counted`;
  if (countedSeconds !== null && countedSeconds < JUDGED_AFTER_SECONDS) {
    const found = `not used ${since}, which is too short to judge (${on})`;
    return { ...finding(index, 'ok', found, ''), next: null };
  }
  const elsewhere =
    standbys === 0
      ? ''
      : `; ask the ${countOf(standbys, 'standby', 'standbys')} too, which count for themselves`;
  return finding(index, 'look', `not used ${since} (${on})${elsewhere}`, drop(index));
}

function finding(
  index: IndexUse,
  verdict: Finding['verdict'],
  found: string,
  next: string,
): Finding {
  return {
    subject: formatTable(index.index),
    verdict,
    found,
    next,
    figures: {
      table: formatTable(index.table),
      definition: index.definition,
      bytes: index.bytes,
      parts: index.parts,
      scans: index.scans,
      valid: index.isValid,
    },
  };
}

/** CONCURRENTLY is not to be had for an index of partitions or chunks. */
function drop({ index, kind }: IndexUse): string {
  return `drop index ${kind === 'plain' ? 'concurrently ' : ''}${sqlTable(index)}`;
}

function rebuild({ index, kind }: IndexUse): string {
  return `reindex index ${kind === 'hypertable' ? '' : 'concurrently '}${sqlTable(index)}`;
}
