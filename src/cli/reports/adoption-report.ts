/** What adopting a lake would do, or did, as it is printed. */
import { agree, countOf } from '../../domain/count.ts';
import { EXIT, type ExitCode } from '../../domain/errors.ts';
import {
  type HotMeeting,
  isBlocking,
  isSetAside,
  type Preference,
} from '../../domain/plan/adoption.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import type { AdoptionPlan } from '../../jobs/adopt.ts';
import type { DatasetFinding } from '../../jobs/adoption/look-at-dataset.ts';
import type { Report } from '../context.ts';
import { formatBytes, formatInteger, formatRows } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';
import { rangeDocument } from './range-document.ts';

export interface AdoptionEnd {
  readonly state: 'planned' | 'refused' | 'done';
  readonly prefer: Preference | null;
}

const LINES_SHOWN = 40;

export function reportAdoption(plan: AdoptionPlan, end: AdoptionEnd): Report {
  return {
    json: {
      state: end.state,
      prefer: end.prefer,
      not_configured: plan.notConfigured,
      datasets: plan.datasets.map((found) => documentOf(found, end)),
    },
    text: (style) => render(plan, end, style),
    exitCode: exitOf(plan, end),
  };
}

function exitOf({ datasets }: AdoptionPlan, { state }: AdoptionEnd): ExitCode {
  if (state === 'refused') return EXIT.refused;
  return datasets.some(({ problems }) => problems.length > 0) ? EXIT.partly : EXIT.done;
}

function documentOf(found: DatasetFinding, { prefer }: AdoptionEnd): Record<string, unknown> {
  const { manifest, taken, setAside } = found;
  const sumOf = ({ slices, segments, rows, bytes }: DatasetFinding['taken']) => ({
    ...{ slices, segments, rows: Number(rows), bytes: Number(bytes) },
  });
  return {
    dataset: found.dataset.name,
    manifest:
      manifest === null
        ? null
        : {
            number: manifest.number,
            at: new Date(manifest.at).toISOString(),
            ledger_id: manifest.ledgerId,
            epoch: manifest.epoch,
          },
    taken: sumOf(taken),
    set_aside: sumOf(setAside),
    replaced: found.outdatedKeys,
    both: found.meetings.map((meeting) => ({
      ...rangeDocument(meeting.range),
      generation: meeting.generation,
      rows: meeting.rows,
      also_hot: meeting.alsoHot,
      equal: meeting.equal,
      differing: meeting.alsoHot - meeting.equal,
      set_aside: isSetAside(meeting, prefer),
    })),
    problems: found.problems,
  };
}

function render(plan: AdoptionPlan, end: AdoptionEnd, style: Style): string {
  const { colour } = style;
  const isWithout =
    plan.datasets.some(({ meetings }) => meetings.length > 0) && end.prefer === null;
  return [
    ...plan.datasets.flatMap((found) => renderDataset(found, end, style)),
    ...plan.notConfigured.map(
      (name) =>
        `${colour.yellow('not configured')} ${name}: the lake has a manifest of it; configure it under \`datasets:\`, then run this again`,
    ),
    ...(end.state === 'refused'
      ? [`${colour.red('refused')} nothing was changed${isWithout ? PREFER : ''}`]
      : []),
  ].join('\n');
}

const PREFER =
  '. Rows are hot and in a segment that is not known: --prefer cold takes the segments up, and the next rotation settles the rows as it does late ones; --prefer hot sets segments aside whose rows are all hot';

function renderDataset(found: DatasetFinding, end: AdoptionEnd, style: Style): readonly string[] {
  const { colour } = style;
  const { dataset, manifest, taken, setAside, outdatedKeys, problems, meetings } = found;
  const word = end.state === 'done' ? colour.green('adopted') : colour.bold('would adopt');
  const by =
    manifest === null
      ? 'by the footers alone, for there is no manifest'
      : `by the manifest of ${new Date(manifest.at).toISOString()}`;
  const sum =
    taken.segments === 0
      ? 'nothing that is not known'
      : `${countOf(taken.segments, 'segment')} of ${countOf(taken.slices, 'slice')}, ${formatRows(Number(taken.rows))}, ${formatBytes(Number(taken.bytes))}, ${by}`;
  const shown = problems.slice(0, LINES_SHOWN);
  return [
    `${word} ${dataset.name}: ${sum}`,
    ...(setAside.segments === 0
      ? []
      : [
          `  set aside ${countOf(setAside.segments, 'segment')} that others replace: ${setAside.segments === 1 ? 'its file goes' : 'their files go'} after maintenance.grace_period`,
        ]),
    ...(outdatedKeys.length === 0
      ? []
      : [`  replaced ${countOf(outdatedKeys.length, 'segment')} that this ledger has as live`]),
    ...(meetings.length === 0 ? [] : renderMeetings(found, end, style)),
    ...shown.map((problem) => {
      const paint = isBlocking(problem) ? colour.red : colour.yellow;
      return `  ${paint(problem.kind.padEnd(10))}  ${problem.key}: ${problem.reason}`;
    }),
    ...more(problems.length - shown.length),
  ];
}

function renderMeetings(
  { meetings, dataset }: DatasetFinding,
  { prefer }: AdoptionEnd,
  style: Style,
): readonly string[] {
  const shown = meetings.slice(0, LINES_SHOWN);
  return [
    '  rows that are hot as well:',
    renderTable(
      [
        { title: 'TIME (UTC)' },
        { title: 'COLD', align: 'right' },
        { title: 'ALSO HOT', align: 'right' },
        { title: 'EQUAL', align: 'right' },
        { title: 'DIFFERING', align: 'right' },
        { title: 'SEGMENT' },
      ],
      shown.map((meeting) => [
        formatRange(meeting.range),
        formatInteger(meeting.rows),
        formatInteger(meeting.alsoHot),
        formatInteger(meeting.equal),
        formatInteger(meeting.alsoHot - meeting.equal),
        fateOf(meeting, prefer),
      ]),
      style,
    ),
    ...more(meetings.length - shown.length),
    ...differingLines(meetings, prefer, dataset.onColdDuplicate),
  ];
}

/** What becomes of rows that have other values on the two sides. */
function differingLines(
  meetings: readonly HotMeeting[],
  prefer: Preference | null,
  onColdDuplicate: string,
): readonly string[] {
  const differing = (of: readonly HotMeeting[]): number =>
    of.reduce((sum, { alsoHot, equal }) => sum + alsoHot - equal, 0);
  const aside = prefer === null ? [] : meetings.filter((meeting) => isSetAside(meeting, prefer));
  const lost = differing(aside);
  const settled = differing(meetings) - lost;
  const rows = (count: number): string => `  ${countOf(count, 'row')} with other values: `;
  return [
    ...(settled === 0
      ? []
      : [
          `${rows(settled)}${prefer === null ? 'where the segment is taken ' : ''}the next rotation settles ${agree(settled, 'it', 'them')} by on_cold_duplicate: ${onColdDuplicate}`,
        ]),
    ...(lost === 0
      ? []
      : [
          `${rows(lost)}the hot ${agree(lost, 'one stays', 'ones stay')}, and what the lake has goes with its segment`,
        ]),
  ];
}

function fateOf(meeting: HotMeeting, prefer: Preference | null): string {
  if (prefer === null) return 'undecided';
  return isSetAside(meeting, prefer) ? 'set aside' : 'taken';
}

function more(hidden: number): readonly string[] {
  return hidden > 0 ? [`  … and ${formatInteger(hidden)} more (--json shows each)`] : [];
}
