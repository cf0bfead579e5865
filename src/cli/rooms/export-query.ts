/** One question of an export, in the process of queries. */
import type { TierdConfig } from '../../config/load.ts';
import type { ExportAsk, ExportFormat, StructuredAsk } from '../../domain/ask/structured-ask.ts';
import type { Dataset } from '../../domain/dataset.ts';
import type { QueryFormat } from '../../query/answer/query-format.ts';
import type { QueryProcesses } from '../../query/process/query-processes.ts';
import type { FileOutput, QuerySummary } from '../../query/query-request.ts';
import type { CliContext } from '../context.ts';
import { safeText } from '../terminal/safe-text.ts';
import { startQuery } from './start-query.ts';

export interface Export {
  readonly dataset: Dataset;
  readonly from: string | null;
  readonly to: string | null;
  readonly columns: readonly string[] | null;
  readonly format: ExportFormat;
  /** Absolute. */
  readonly output: string;
}

export const EXTENSIONS: Readonly<Record<ExportFormat, string>> = {
  parquet: 'parquet',
  csv: 'csv',
  ndjson: 'ndjson',
  arrow: 'arrows',
};

export function exportOf(asked: Export, part: ExportAsk['part']): ExportAsk {
  const { dataset, from, to, columns } = asked;
  return { kind: 'export', dataset: dataset.name, from, to, columns, sortBy: dataset.sortBy, part };
}

export interface ExportQuestion {
  readonly ask: StructuredAsk;
  readonly format: QueryFormat;
  readonly output: FileOutput | null;
  readonly snapshot?: string;
  readonly write?: (part: Buffer) => Promise<void>;
}

/** @throws TierdError as `startQuery` */
export function askForExport(
  context: CliContext,
  config: TierdConfig,
  processes: QueryProcesses,
  { ask, format, output, snapshot, write = () => Promise.resolve() }: ExportQuestion,
): Promise<QuerySummary> {
  const request = {
    ...{ sql: '', parameters: [], explain: false, structured: ask, format, output },
    ...{ terminal: null, terminalWidth: null, onBadSegment: 'fail' as const },
    ...(snapshot === undefined ? {} : { snapshot }),
  };
  const { colour } = context.err;
  return startQuery(processes, config, context, request, {
    signal: context.signal,
    write,
    warn: (text) =>
      context.liveLine.print(
        `${colour.yellow('warning')} ${safeText(text, { isColorSupported: false })}`,
      ),
  });
}
