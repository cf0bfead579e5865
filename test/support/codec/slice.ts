/** One slice through the codec, with nothing in between: export, encode, verify. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import type { ColumnPlan } from '../../../src/domain/columns/column-plan.ts';
import { planColumns } from '../../../src/domain/columns/plan-columns.ts';
import type { ColumnChoice, ParquetForm, VerifyLevel } from '../../../src/domain/dataset.ts';
import type { SliceFingerprint } from '../../../src/domain/fingerprint.ts';
import type { ProvenSegments } from '../../../src/domain/plan/proof.ts';
import { exportRows } from '../../../src/hot/copy/copy-stream.ts';
import { describeTable } from '../../../src/hot/table/introspect.ts';
import { inTransaction } from '../../../src/hot/transaction.ts';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { DuckEngine } from '../../../src/lake/segment/duckdb.ts';
import type { StagedSegment } from '../../../src/lake/segment/staged-files.ts';
import { verifySegments } from '../../../src/lake/segment-verifier.ts';
import { openSegmentWriter } from '../../../src/lake/segment-writer.ts';

export interface Workshop {
  readonly engine: DuckEngine;
  readonly directory: string;
  close(): Promise<void>;
}

export async function openWorkshop(memoryLimitBytes = 256_000_000): Promise<Workshop> {
  const directory = await mkdtemp(join(tmpdir(), 'tierd-codec-'));
  const engine = await DuckEngine.open({ memoryLimitBytes, tempDirectory: directory, threads: 1 });
  return {
    engine,
    directory,
    async close() {
      engine.close();
      await rm(directory, { recursive: true });
    },
  };
}

export interface EncodedSlice {
  readonly columns: readonly ColumnPlan[];
  readonly fingerprint: SliceFingerprint;
  readonly segments: readonly StagedSegment[];
}

export interface EncodeOptions {
  readonly client: pg.Client;
  readonly workshop: Workshop;
  readonly table: string;
  readonly timeColumn?: string;
  readonly sortBy?: readonly string[];
  readonly choices?: Readonly<Record<string, ColumnChoice>>;
  readonly targetFileBytes?: number;
  readonly form?: ParquetForm;
  /** As another version of tierd would have planned it. */
  readonly replan?: (plan: ColumnPlan) => ColumnPlan;
}

const USUAL_FORM: ParquetForm = { codec: 'zstd', zstdLevel: 1, rowGroupRows: 61_440 };

export const METADATA = { 'tierd.dataset': 'quotes', 'tierd.note': "it's ok" };

let slices = 0;

export async function encodeTable(options: EncodeOptions): Promise<EncodedSlice> {
  const { client, workshop, table, timeColumn = 'at', sortBy = [], choices = {} } = options;
  slices += 1;
  const doing = { doing: 'testing', isolation: 'repeatable read', readOnly: true } as const;
  return inTransaction(client, doing, async () => {
    const described = await describeTable(client, { schema: 'public', name: table }, timeColumn);
    const planned = planColumns(described.columns, choices);
    const { refusals } = planned;
    const columns = planned.columns.map(options.replan ?? ((plan) => plan));
    if (refusals.length > 0) throw new Error(JSON.stringify(refusals));
    const writer = await openSegmentWriter({
      engine: workshop.engine,
      fs: nodeFileSystem,
      columns,
      timeColumn: described.timeColumn,
      sortBy,
      directory: workshop.directory,
      namePrefix: `slice-${slices}`,
      targetFileBytes: options.targetFileBytes ?? 256_000_000,
      form: options.form ?? USUAL_FORM,
    });
    try {
      const { fingerprint } = await exportRows({
        client,
        dataset: 'quotes',
        sql: `select ${columns.map(({ select }) => select).join(', ')} from public."${table}"`,
        columns,
        onBatch: (batch) => writer.append(batch),
        signal: new AbortController().signal,
      });
      return { columns, fingerprint, segments: await writer.finish(METADATA) };
    } finally {
      await writer.abandon();
    }
  });
}

export function verifySlice(
  workshop: Workshop,
  slice: EncodedSlice,
  level: VerifyLevel,
  codec: ParquetForm['codec'] = USUAL_FORM.codec,
): Promise<ProvenSegments> {
  return verifySegments({
    engine: workshop.engine,
    fs: nodeFileSystem,
    segments: slice.segments,
    columns: slice.columns,
    metadata: METADATA,
    codec,
    expected: slice.fingerprint,
    level,
    signal: new AbortController().signal,
  });
}
