/** What EXPLAIN answers: what would be read, and in its first line the estimates that postgres_fdw looks for. */
import type { DatasetPlan } from '../../query/query-plan.ts';
import type { ExplainOptions } from './face-desk.ts';
import { knownRows } from './portals/known-portals.ts';

/** RowDescription, then a DataRow for each line. */
export function explainAnswer(
  plan: readonly DatasetPlan[],
  options: ExplainOptions,
): { readonly messages: Buffer; readonly rows: number } {
  const lines = explainLines(plan, options);
  const columns = [{ name: 'QUERY PLAN', type: 'text' as const }];
  const messages = knownRows(
    columns,
    lines.map((line) => [line]),
  );
  return { messages, rows: lines.length };
}

/** By PostgreSQL's own measure: a sequential page is 1, so that a row of a segment is about this. */
const COST_OF_A_ROW = 0.01;
/** Of beginning with a question at all. */
const COST_TO_START = 100;
/** Where nobody knows more. */
const BYTES_OF_A_ROW = 64;

function explainLines(
  plan: readonly DatasetPlan[],
  { withCosts }: ExplainOptions,
): readonly string[] {
  const rows = plan.reduce(
    (sum, { cold, hot }) => sum + (cold?.rows ?? 0) + (hot?.estimatedRows ?? 0),
    0,
  );
  const most = Math.max(1, Math.round(rows));
  const cost = COST_TO_START + most * COST_OF_A_ROW;
  const costs = `  (cost=${COST_TO_START.toFixed(2)}..${cost.toFixed(2)} rows=${String(most)} width=${String(BYTES_OF_A_ROW)})`;
  return [`tierd Scan${withCosts ? costs : ''}`, ...plan.flatMap(linesOf)];
}

function linesOf({ dataset, cold, hot }: DatasetPlan): readonly string[] {
  const lines: string[] = [];
  if (cold !== null) {
    lines.push(
      `  Cold: ${dataset}, ${String(cold.read)} of ${String(cold.live)} segments, at most ${String(cold.rows)} rows and ${String(cold.bytes)} bytes`,
    );
    if (cold.fetch !== null) {
      const { bytes, requests, isExact } = cold.fetch;
      lines.push(
        `    Fetch: ${isExact ? '' : 'about '}${String(bytes)} bytes in ${String(requests)} requests of the bucket`,
      );
    }
  }
  if (hot !== null) {
    const how = hot.aggregated.length > 0 ? ', aggregated by PostgreSQL' : '';
    lines.push(
      `  Hot: ${hot.table}, about ${String(hot.estimatedRows)} rows${how}`,
      `    Filter: ${hot.condition}`,
    );
  }
  return lines;
}
