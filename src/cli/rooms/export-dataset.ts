/**
 * A dataset's rows, hot and cold, as files for others. Several files are of one snapshot, which is held as
 * long as they are written, and have as many rows as that snapshot had: then, and not before, they get their name.
 */
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { TierdConfig } from '../../config/load.ts';
import { type ExportFile, exportFiles, type FoundPart } from '../../domain/ask/export-files.ts';
import type { CalendarUnit, StructuredAsk } from '../../domain/ask/structured-ask.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { connect } from '../../hot/server/connect.ts';
import { nodeFileSystem } from '../../lake/file-system.ts';
import { partPathOf } from '../../query/answer/output-file.ts';
import { type HeldSnapshot, holdSnapshot } from '../../query/held-snapshot.ts';
import type { QueryProcesses } from '../../query/process/query-processes.ts';
import type { QuerySummary } from '../../query/query-request.ts';
import type { CliContext } from '../context.ts';
import { askForExport, EXTENSIONS, type Export, exportOf } from './export-query.ts';
import {
  differs,
  MAX_FILES,
  refuseTaken,
  snapshotEnded,
  tooMany,
  writingTo,
} from './export-refusals.ts';
import { openProcesses } from './start-query.ts';
import { waitRules } from './wait-rules.ts';

export interface WrittenFile {
  /** Absolute. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
}

export interface Partitioning {
  readonly unit: CalendarUnit | null;
  readonly by: readonly string[];
  readonly maxHoldMs: number;
}

/** @throws TierdError as `startQuery`; what had the name before is untouched then */
export async function exportFile(
  context: CliContext,
  config: TierdConfig,
  asked: Export,
): Promise<{ readonly file: WrittenFile; readonly summary: QuerySummary }> {
  const output = { file: asked.output, part: partPathOf(asked.output, process.pid) };
  const ask = exportOf(asked, null);
  const processes = openProcesses(0);
  const summary = await askForExport(context, config, processes, {
    ask,
    format: asked.format,
    output,
  });
  return { file: await written(asked.output, summary.rows), summary };
}

/**
 * @param onFile told of each that is written, with the rows so far and all that there will be
 * @returns nothing where there are no rows; then there is no folder either
 * @throws TierdError REFUSED, EXPORT_DIFFERS, SNAPSHOT_ENDED, OUTPUT_UNWRITABLE, and as `startQuery`: no folder is there then
 */
export async function exportFolder(
  context: CliContext,
  config: TierdConfig,
  asked: Export,
  { unit, by, maxHoldMs }: Partitioning,
  onFile: (path: string, doneRows: number, rows: number) => void,
): Promise<readonly WrittenFile[]> {
  await refuseTaken(asked.output);
  const processes = openProcesses(1);
  const held = await hold(context, config, asked.dataset, maxHoldMs);
  const room = partPathOf(asked.output, process.pid);
  try {
    const { dataset, from, to } = asked;
    const parts = await readParts(context, config, processes, held, {
      ...{ kind: 'parts', dataset: dataset.name, from, to, unit, by, limit: MAX_FILES + 1 },
    });
    const files = exportFiles(parts, unit, by);
    if (files.length > MAX_FILES) throw tooMany();
    if (files.length === 0) return [];
    const all = files.reduce((sum, { rows }) => sum + rows, 0);
    const done: WrittenFile[] = [];
    let doneRows = 0;
    for (const file of files) {
      const folder = join(room, ...file.folders);
      await writingTo(asked.output, () => mkdir(folder, { recursive: true }));
      const path = join(folder, `${dataset.name}.${EXTENSIONS[asked.format]}`);
      await writePart(context, config, processes, held, asked, file, path);
      const there = await written(path, file.rows);
      done.push({ ...there, path: join(asked.output, ...file.folders, basename(path)) });
      doneRows += file.rows;
      onFile(file.folders.join('/'), doneRows, all);
    }
    await publish(room, asked.output, files);
    return done;
  } catch (error) {
    throw held.ended.aborted && !context.signal.aborted ? snapshotEnded(maxHoldMs, error) : error;
  } finally {
    await held.release();
    await processes.close();
    await rm(room, { recursive: true, force: true });
  }
}

async function writePart(
  context: CliContext,
  config: TierdConfig,
  processes: QueryProcesses,
  { name: snapshot }: HeldSnapshot,
  asked: Export,
  { part, rows }: ExportFile,
  path: string,
): Promise<void> {
  const summary = await askForExport(context, config, processes, {
    ...{ ask: exportOf(asked, part), format: asked.format, snapshot },
    output: { file: path, part: partPathOf(path, process.pid) },
  });
  if (summary.rows !== rows) throw differs(path, rows, summary.rows);
}

async function hold(
  context: CliContext,
  config: TierdConfig,
  { table }: Dataset,
  maxHoldMs: number,
): Promise<HeldSnapshot> {
  const { url, connectTimeoutMs } = config.postgres;
  const waits = waitRules(config, context);
  return holdSnapshot(
    await connect({ url, job: 'export', connectTimeoutMs, waits }),
    [table],
    maxHoldMs,
  );
}

async function readParts(
  context: CliContext,
  config: TierdConfig,
  processes: QueryProcesses,
  { name: snapshot }: HeldSnapshot,
  ask: StructuredAsk,
): Promise<readonly FoundPart[]> {
  const parts: Buffer[] = [];
  const write = async (part: Buffer): Promise<void> => void parts.push(part);
  await askForExport(context, config, processes, {
    ask,
    format: 'ndjson',
    snapshot,
    output: null,
    write,
  });
  const lines = Buffer.concat(parts).toString().split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as FoundPart);
}

/** All at once, and in its place after a power failure too. */
async function publish(room: string, output: string, files: readonly ExportFile[]): Promise<void> {
  await writingTo(output, async () => {
    const folders = new Set(
      files.flatMap(({ folders }) =>
        folders.map((_, depth) => join(room, ...folders.slice(0, depth + 1))),
      ),
    );
    for (const folder of [...folders, room]) await nodeFileSystem.syncDirectory(folder);
    await rename(room, output);
    await nodeFileSystem.syncDirectory(dirname(output));
  });
}

async function written(path: string, rows: number): Promise<WrittenFile> {
  return { path, rows, bytes: (await stat(path)).size };
}
