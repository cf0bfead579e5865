/** What is said of a query beside its rows. On stderr: stdout has the rows and nothing else. */
import { countOf } from '../../domain/count.ts';
import { formatSnapshotVersion } from '../../domain/lake/snapshot-version.ts';
import type { QuerySummary } from '../../query/query-request.ts';
import type { CliContext } from '../context.ts';
import { formatBytes, formatDuration, formatInteger, formatRows } from '../terminal/format.ts';

/** @param isWhole how long it took, what was read and of which snapshot, and not the rows alone */
export function tellOf(context: CliContext, summary: QuerySummary, isWhole: boolean): void {
  const version = formatSnapshotVersion(summary.version);
  context.logger.debug({ ...summary, version }, 'a query was answered');
  const { rows, elapsedMs, segmentsRead, segmentsLive, segmentsSkipped, hotRows, liveRows, notes } =
    summary;
  const { fetched } = summary;
  const isQuiet = context.options.quiet === true;
  // That an answer is not the whole one is said whatever else is not.
  for (const note of isQuiet && segmentsSkipped.length === 0 ? [] : notes) {
    context.liveLine.print(`${context.err.colour.yellow('note')} ${note}`);
  }
  if (isQuiet) return;
  const read = `${formatInteger(segmentsRead)} of ${countOf(segmentsLive, 'segment')} and ${countOf(hotRows, 'hot row')} read at version ${version}${liveRows === null ? '' : `, and ${countOf(liveRows, 'row')} of Redis, read beside the snapshot, not within it`}${fetched === null ? '' : `; ${formatBytes(fetched.bytes)} fetched in ${countOf(fetched.requests, 'request')}`}`;
  const told = isWhole ? ` in ${formatDuration(elapsedMs)}; ${read}` : '';
  context.liveLine.print(context.err.colour.dim(`${formatRows(rows)}${told}`));
}
