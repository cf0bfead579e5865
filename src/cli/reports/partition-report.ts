/** Partitions that would be made ahead, or were, as it is printed. */
import { countOf } from '../../domain/count.ts';
import {
  makeable,
  type PartitionOutcome,
  type PartitionPlan,
  refusalsOfAll,
  tellDefault,
  tellReach,
} from '../../domain/plan/partition-plan.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import { formatRange, type TimeRange } from '../../domain/time/time-range.ts';
import type { DatasetResult } from '../../jobs/rotate-all.ts';
import type { Report } from '../context.ts';
import type { Style } from '../terminal/style.ts';
import type { LeftOut } from './left-out.ts';
import { refusalLines } from './refusal-lines.ts';
import { reportDryRun, reportOutcomes } from './results.ts';

/** Where none is named, those are looked at that have the setting. */
const NONE_MADE = 'No partition is made ahead: no dataset has `partitions`.';

export function reportPartitionPlans(results: readonly DatasetResult<PartitionPlan>[]): Report {
  return reportDryRun(results, {
    documentOf: planDocument,
    render: renderPlan,
    isRefused: (plan) =>
      refusalsOfAll(plan).length > 0 && (makeable(plan).length > 0 ? 'partly' : true),
    ofNone: NONE_MADE,
  });
}

export function reportPartitions(
  results: readonly DatasetResult<PartitionOutcome>[],
  leftOut: readonly LeftOut[],
): Report {
  return reportOutcomes(results, leftOut, {
    items: 'datasets',
    documentOf: outcomeDocument,
    render,
    wholenessOf: () => 'done',
    ofNone: NONE_MADE,
  });
}

/** Null also where the last partition has no end. */
const iso = (at: number | null): string | null =>
  at === null || !Number.isFinite(at) ? null : new Date(at).toISOString();

const partitionDocument = (
  { ref, range }: { readonly ref: TableRef; readonly range: TimeRange },
  rows: number | bigint,
): Readonly<Record<string, unknown>> => ({
  partition: formatTable(ref),
  from: iso(range.fromInclusive),
  to: iso(range.toExclusive),
  default_rows: Number(rows),
});

function aboutDocument(
  { dataset, table, until, defaultPartition }: PartitionPlan,
  reach: number | null,
): Readonly<Record<string, unknown>> {
  return {
    dataset,
    table: formatTable(table),
    wanted_until: iso(until),
    reach: iso(reach),
    covered_now: reach !== null,
    default_partition:
      defaultPartition === null
        ? null
        : { partition: formatTable(defaultPartition.ref), rows: defaultPartition.rows },
  };
}

function planDocument(plan: PartitionPlan): unknown {
  return {
    ...aboutDocument(plan, plan.reach),
    missing: plan.missing.map((one) => ({
      ...partitionDocument(one, one.defaultRows),
      refused: one.refusals.map(({ guard }) => guard),
    })),
    refusals: refusalsOfAll(plan),
  };
}

function outcomeDocument({ plan, made, reach }: PartitionOutcome): unknown {
  return {
    ...aboutDocument(plan, reach),
    made: made.map((one) => partitionDocument(one, one.rowsMoved)),
  };
}

function renderPlan(plan: PartitionPlan, style: Style): string {
  const { dataset, missing, reach } = plan;
  const made = makeable(plan);
  const what =
    missing.length === 0 && plan.refusals.length === 0
      ? 'nothing is missing'
      : made.length === 0
        ? 'none would be made'
        : `${countOf(made.length, 'partition')} would be made`;
  // What partitions it has may be unknown where none can be made.
  const how =
    reach === null && missing.length === 0 && plan.refusals.length > 0
      ? what
      : `${tellReach(reach)}; ${what}`;
  return [
    `${style.colour.bold(dataset)}: ${how}`,
    ...made.map((one) => line(one, one.defaultRows, 'would come')),
    ...defaultLines(plan),
    ...refusalLines(refusalsOfAll(plan), style),
  ].join('\n');
}

function render({ plan, made, reach }: PartitionOutcome, { colour }: Style): string {
  const what =
    made.length === 0 ? 'nothing was missing' : `${countOf(made.length, 'partition')} made`;
  return [
    `${colour.green('done')} ${plan.dataset}: ${what}; ${tellReach(reach)}`,
    ...made.map((one) => line(one, one.rowsMoved, 'came')),
    ...(made.some(({ rowsMoved }) => rowsMoved > 0n) ? [] : defaultLines(plan)),
  ].join('\n');
}

function line(
  { ref, range }: { readonly ref: TableRef; readonly range: TimeRange },
  rows: number | bigint,
  how: string,
): string {
  const from =
    rows === 0 || rows === 0n
      ? ''
      : `, into which ${countOf(rows, 'row')} ${how} from the default partition`;
  return `  ${formatTable(ref)} for ${formatRange(range)}${from}`;
}

function defaultLines(plan: PartitionPlan): readonly string[] {
  const told = tellDefault(plan);
  return told === null ? [] : [`  ${told}`];
}
