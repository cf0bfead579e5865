import { countOf } from '../count.ts';
import { sqlLiteral } from '../sql-name.ts';
import { formatTable, type TableRef } from '../table.ts';
import { type Finding, fine, type Judged } from './finding.ts';
import { bytesInWords } from './words.ts';

export interface CompressedChunk {
  readonly chunk: TableRef;
  readonly beforeBytes: number;
  readonly afterBytes: number;
}

export interface HypertableCompression {
  readonly hypertable: TableRef;
  readonly chunks: number;
  readonly compressed: number;
  readonly beforeBytes: number;
  readonly afterBytes: number;
  /** Those that came to the most for what they were first. */
  readonly worst: readonly CompressedChunk[];
}

export type CompressionFacts =
  | { readonly kind: 'no timescaledb' }
  | { readonly kind: 'apache'; readonly version: string }
  | { readonly kind: 'community'; readonly hypertables: readonly HypertableCompression[] };

/** Columns that are sorted and segmented well come to a tenth; half says that they are not. */
const POOR_RATIO = 2;
const MIN_BYTES = 100 * 1024 ** 2;

export function judgeCompression(facts: CompressionFacts): Judged {
  switch (facts.kind) {
    case 'no timescaledb':
      return { findings: [fine('chunks', 'TimescaleDB is not in this database')], unseen: [] };
    case 'apache':
      return {
        findings: [
          fine(
            'chunks',
            `TimescaleDB ${facts.version} is of the Apache edition, which does not compress`,
          ),
        ],
        unseen: [],
      };
    case 'community': {
      const findings = facts.hypertables.flatMap(findingsOf);
      const none = fine('chunks', 'no hypertable has a compressed chunk');
      return { findings: findings.length === 0 ? [none] : findings, unseen: [] };
    }
  }
}

const ratioOf = (one: { readonly beforeBytes: number; readonly afterBytes: number }): number =>
  one.beforeBytes / Math.max(1, one.afterBytes);

function findingsOf(one: HypertableCompression): readonly Finding[] {
  const { hypertable, chunks, compressed, beforeBytes, afterBytes } = one;
  if (compressed === 0) return [];
  const subject = formatTable(hypertable);
  const isPoor = ratioOf(one) < POOR_RATIO && beforeBytes >= MIN_BYTES;
  const whole: Finding = {
    subject,
    verdict: isPoor ? 'look' : 'ok',
    found: `${String(compressed)} of ${countOf(chunks, 'chunk')} compressed ${ratioOf(one).toFixed(1)} to 1: ${bytesInWords(beforeBytes)} came to ${bytesInWords(afterBytes)}`,
    next: isPoor
      ? `select attname, segmentby_column_index, orderby_column_index from timescaledb_information.compression_settings where hypertable_schema = ${sqlLiteral(hypertable.schema)} and hypertable_name = ${sqlLiteral(hypertable.name)}`
      : null,
    figures: {
      chunks,
      compressed_chunks: compressed,
      before_bytes: beforeBytes,
      after_bytes: afterBytes,
      ratio: ratioOf(one),
    },
  };
  const parts = one.worst.map((chunk) =>
    fine(
      `${formatTable(chunk.chunk)} of ${subject}`,
      `${ratioOf(chunk).toFixed(1)} to 1: ${bytesInWords(chunk.beforeBytes)} came to ${bytesInWords(chunk.afterBytes)}`,
      {
        table: subject,
        before_bytes: chunk.beforeBytes,
        after_bytes: chunk.afterBytes,
        ratio: ratioOf(chunk),
      },
    ),
  );
  return [whole, ...parts];
}
