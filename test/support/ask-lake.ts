/** `queryLake` as the tests of it use it: everything in memory, unless said otherwise. */
import { join } from 'node:path';
import { type EstimateParts, inPlace, type OpenParts } from '../../src/lake/segment-files.ts';
import { partPathOf } from '../../src/query/answer/output-file.ts';
import type { QueryFormat } from '../../src/query/answer/query-format.ts';
import { openEngine } from '../../src/query/engine.ts';
import { queryLake } from '../../src/query/query-lake.ts';
import type { FoundDamage, OnBadSegment, QuerySummary } from '../../src/query/query-request.ts';
import type { ColdTimeColumn } from '../../src/query/segments/cold-catalog.ts';
import type { ParameterValue } from '../../src/query/sql/parameters.ts';
import type { TestCatalog, TestLake } from './test-lake.ts';

const NOTHING_MOVED = { epoch: 0, moves: 0, newestMove: null };

export interface Answer {
  readonly text: string;
  readonly summary: QuerySummary;
  readonly asked: TestCatalog['asked'];
}

export interface AskOptions {
  readonly format?: QueryFormat;
  readonly parameters?: readonly ParameterValue[];
  readonly explain?: boolean;
  readonly file?: string;
  readonly terminalWidth?: number | null;
  readonly timeColumns?: Readonly<Record<string, ColdTimeColumn | null>>;
  readonly memoryLimitBytes?: number;
  readonly onBadSegment?: OnBadSegment;
  readonly onDamage?: (found: FoundDamage) => void;
  readonly openParts?: OpenParts;
  readonly estimateParts?: EstimateParts;
  readonly signal?: AbortSignal;
  /** Sees each piece of text as it comes. */
  readonly onText?: (text: string) => Promise<void>;
}

export async function askLake(
  lake: TestLake,
  sql: string,
  options: AskOptions = {},
): Promise<Answer> {
  let text = '';
  const catalog = lake.catalog(options.timeColumns ?? { ticks: { name: 'time' } });
  const sink = {
    async write(part: string) {
      if (options.onText === undefined) text += part;
      else await options.onText(part);
    },
  };
  const summary = await queryLake(
    {
      sql,
      parameters: options.parameters ?? [],
      explain: options.explain ?? false,
      format: options.format ?? 'ndjson',
      output:
        options.file === undefined
          ? { sink }
          : { file: options.file, part: partPathOf(options.file, process.pid) },
      terminalWidth: options.terminalWidth ?? null,
      onBadSegment: options.onBadSegment ?? 'fail',
    },
    {
      inSnapshot: (_needOf, work) =>
        work({ version: NOTHING_MOVED, cold: catalog, hot: new Map() }),
      openLake: () =>
        Promise.resolve({
          store: lake.store,
          openSegments: inPlace(lake.store),
          openParts: options.openParts ?? null,
        }),
      estimateParts: options.estimateParts ?? null,
      openEngine,
      limits: {
        memoryLimitBytes: options.memoryLimitBytes ?? 500_000_000,
        threads: 2,
        spillDirectory: join(lake.root, '_spill'),
      },
      onDamage: async (found) => options.onDamage?.(found),
      clock: { now: () => Date.now() },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    },
  );
  return { text, summary, asked: catalog.asked };
}
