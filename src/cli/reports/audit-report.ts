/** The audit log as it is printed. */
import type { AuditRecord } from '../../domain/audit.ts';
import { agree, countOf } from '../../domain/count.ts';
import { EXIT } from '../../domain/errors.ts';
import type { AuditVerdict } from '../../jobs/audit/verify-audit.ts';
import type { Report } from '../context.ts';
import { renderTable } from '../terminal/table.ts';

type Listed = AuditRecord & { readonly chain: string };

export function reportAudit(records: readonly Listed[]): Report {
  return {
    json: { entries: records.map(documentOf) },
    text: (style) => {
      if (records.length === 0) return 'Nothing was done to the lake yet.';
      return renderTable(
        [
          { title: 'WHEN' },
          { title: 'CHAIN' },
          { title: 'NO', align: 'right' },
          { title: 'ACTION' },
          { title: 'ROWS', align: 'right' },
          { title: 'RANGE' },
          { title: 'BY' },
        ],
        records.map((record) => lineOf(record)),
        style,
      );
    },
  };
}

function documentOf({ chain, number, entry, hash }: Listed): Record<string, unknown> {
  return { chain, number: Number(number), hash, ...contentOf(entry) };
}

/** The entry's very text beside its hash: whoever has all lines can compute each hash anew. */
export function exportedRecord(chain: string, { number, hash, entry }: AuditRecord): string {
  return `${JSON.stringify({ chain, number: number.toString(), hash, entry })}\n`;
}

interface Content {
  readonly at?: string;
  readonly action?: string;
  readonly rows?: string;
  readonly by?: string;
  readonly user?: string | null;
  readonly ranges?: readonly { readonly from: string; readonly to: string }[];
}

function contentOf(entry: string): Content {
  return JSON.parse(entry) as Content;
}

function lineOf({ chain, number, entry }: Listed): string[] {
  const { at = '', action = '', rows = '', ranges = [], by = '', user } = contentOf(entry);
  const [range] = ranges;
  const more = ranges.length > 1 ? ` and ${String(ranges.length - 1)} more` : '';
  return [
    at.replace('T', ' ').replace(/\.\d+Z$/, ''),
    chain,
    number.toString(),
    action.replace('_', ' '),
    rows.replaceAll(/\B(?=(\d{3})+$)/g, ','),
    range === undefined ? '' : `${short(range.from)} to ${short(range.to)}${more}`,
    user === null || user === undefined ? by : `${user} at ${by}`,
  ];
}

const short = (iso: string): string => iso.replace(/T00:00:00\.000Z$/, '').replace('.000Z', 'Z');

export function reportVerdict(verdict: AuditVerdict): Report {
  const { entries, chains, broken, days, othersDays, contradictions } = verdict;
  const isWhole = broken.length === 0 && contradictions.length === 0;
  return {
    json: {
      whole: isWhole,
      entries: Number(entries),
      chains,
      broken: broken.map(({ chain, number, reason }) => ({
        chain,
        number: Number(number),
        reason,
      })),
      days,
      days_of_other_ledgers: othersDays,
      contradictions,
    },
    text: ({ colour }) => {
      const lines = [
        ...broken.map(
          ({ chain, number, reason }) =>
            `${colour.red('broken')} ${chain}: entry ${number.toString()}: ${reason}`,
        ),
        ...contradictions.map(
          ({ key, reason }) => `${colour.red('contradicted')} by ${key}: ${reason}`,
        ),
      ];
      const held = `${countOf(days, 'day')} of the lake`;
      const others =
        othersDays === 0
          ? ''
          : `; ${countOf(othersDays, 'day')} ${agree(othersDays, 'is', 'are')} of other ledgers that had the lake`;
      return [
        ...lines,
        isWhole
          ? `${colour.green('whole')} ${countOf(Number(entries), 'entry', 'entries')} in ${countOf(chains, 'chain')}, held against ${held}${others}`
          : `The log is not as it was written. What a backup of the database has of it is in its table tierd.audit.`,
      ].join('\n');
    },
    exitCode: isWhole ? EXIT.done : EXIT.failed,
  };
}
