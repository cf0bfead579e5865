import { agree, countOf } from '../count.ts';
import { sqlTable } from '../sql-name.ts';
import { formatTable, type TableRef } from '../table.ts';
import { type Finding, fine, type Judged } from './finding.ts';
import { bytesInWords, shareInWords } from './words.ts';

/** A table, partition, chunk or B-tree index that is large enough to be worth a thought. */
export interface Bloat {
  readonly kind: 'table' | 'index';
  readonly relation: TableRef;
  /** The table that it belongs to. */
  readonly root: TableRef;
  readonly bytes: number;
  /** What its rows would take side by side, by their number and the widths of their columns. */
  readonly expectedBytes: number;
}

export interface BloatFacts {
  readonly relations: readonly Bloat[];
  /** Large ones of which there are no statistics, or none that this role may see. */
  readonly unknown: number;
}

/** The estimate is off by a tenth or two: less says nothing. */
const LOOK = { share: 0.4, bytes: 16 * 1024 ** 2 };
const ACT = { share: 0.7, bytes: 10 * 1024 ** 3 };

const ESTIMATED = 'estimated from pages, rows and widths of the last ANALYZE';

export function judgeBloat({ relations, unknown }: BloatFacts): Judged {
  const findings = relations.map(findingOf).filter(({ verdict }) => verdict !== 'ok');
  const [worst] = relations.toSorted((a, b) => wasteOf(b) - wasteOf(a));
  const summary = fine(
    countOf(relations.length, 'large table or index', 'large tables and indexes'),
    worst === undefined
      ? 'none takes 8 MB'
      : `none is emptier than ${shareInWords(LOOK.share)} (${ESTIMATED})`,
  );
  const what = `how full ${countOf(unknown, 'large table or index', 'large tables and indexes')} ${agree(unknown, 'is', 'are')}: never analyzed, or not to be read by this role`;
  return {
    findings: findings.length === 0 ? [summary] : findings,
    unseen: unknown === 0 ? [] : [{ what, next: null }],
  };
}

const wasteOf = ({ bytes, expectedBytes }: Bloat): number => Math.max(0, bytes - expectedBytes);

function findingOf(one: Bloat): Finding {
  const { kind, relation, root, bytes, expectedBytes } = one;
  const wasted = wasteOf(one);
  const share = wasted / Math.max(1, bytes);
  const isOver = (limit: typeof LOOK): boolean => share >= limit.share && wasted >= limit.bytes;
  const verdict = isOver(ACT) ? 'act' : isOver(LOOK) ? 'look' : 'ok';
  const of = formatTable(root) === formatTable(relation) ? '' : ` of ${formatTable(root)}`;
  const locks =
    kind === 'table'
      ? '; new rows fill it again, and where none come this line gives it back, but nobody reads or writes the table meanwhile'
      : '';
  return {
    subject: `${kind} ${formatTable(relation)}${of}`,
    verdict,
    found: `${bytesInWords(wasted)} of ${bytesInWords(bytes)} (${shareInWords(share)}) hold no rows, ${ESTIMATED}${locks}`,
    next:
      kind === 'table'
        ? `vacuum (full, analyze) ${sqlTable(relation)}`
        : `reindex index concurrently ${sqlTable(relation)}`,
    figures: {
      table: formatTable(root),
      bytes,
      expected_bytes: expectedBytes,
      wasted_bytes: wasted,
    },
  };
}
