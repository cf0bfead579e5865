/** What `tierd inspect` prints: on a terminal a table and what to do, in a pipe a line for each finding. */
import { countOf } from '../../domain/count.ts';
import { EXIT } from '../../domain/errors.ts';
import {
  byVerdict,
  type Finding,
  type Section,
  type Verdict,
  worstOf,
} from '../../domain/inspect/finding.ts';
import { sqlName } from '../../domain/sql-name.ts';
import type { InspectedSection, Inspection } from '../../jobs/inspect.ts';
import type { Report } from '../context.ts';
import type { Style } from '../terminal/style.ts';
import { renderTable } from '../terminal/table.ts';

/** @param isFull also what is well is told in full: somebody asked for these sections */
export function reportInspection(inspection: Inspection, isFull: boolean): Report {
  const verdict = worstOf(inspection.sections.map(verdictOfSection));
  return {
    json: documentOf(inspection, verdict),
    text: (style) =>
      style.isTerminal ? renderScreen(inspection, isFull, style) : renderLines(inspection),
    exitCode: verdict === 'act' ? EXIT.failed : EXIT.done,
  };
}

const verdictOfSection = ({ findings }: InspectedSection): Verdict =>
  worstOf(findings.map(({ verdict }) => verdict));

interface Told extends Finding {
  readonly section: Section;
}

function allFindings({ sections }: Inspection): readonly Told[] {
  return sections.flatMap(({ section, findings }) =>
    findings.map((finding) => ({ ...finding, section })),
  );
}

function documentOf(inspection: Inspection, verdict: Verdict): unknown {
  const { server, sight, sections } = inspection;
  const findings = allFindings(inspection);
  const count = (wanted: Verdict): number =>
    findings.filter((finding) => finding.verdict === wanted).length;
  return {
    verdict,
    ok: count('ok'),
    look: count('look'),
    act: count('act'),
    server: {
      version: server.version,
      database: server.database,
      role: sight.role,
      sees_all: sight.seesAll,
      timescaledb:
        server.timescale === null
          ? null
          : { version: server.timescale.version, license: server.timescale.license },
    },
    findings: findings.map(({ section, subject, verdict, found, next, figures }) => ({
      section,
      subject,
      verdict,
      found,
      next,
      figures,
    })),
    unseen: sections.flatMap(({ section, unseen }) =>
      unseen.map(({ what, next }) => ({ section, what, next: next ?? grantOf(inspection) })),
    ),
  };
}

function grantOf({ sight }: Inspection): string | null {
  return sight.seesAll ? null : `grant pg_monitor to ${sqlName(sight.role)}`;
}

function renderLines(inspection: Inspection): string {
  const grant = grantOf(inspection);
  return [
    ...byVerdict(allFindings(inspection)).map(lineOf),
    ...inspection.sections.flatMap(({ section, unseen }) =>
      unseen.map(({ what, next }) => withNext(`unseen ${section}: ${what}`, next ?? grant)),
    ),
  ].join('\n');
}

const lineOf = ({ section, subject, verdict, found, next }: Told): string =>
  withNext(`${verdict.padEnd(4)} ${section}: ${subject}: ${found}`, next);

const withNext = (line: string, next: string | null): string =>
  next === null ? line : `${line} → ${next}`;

function renderScreen(inspection: Inspection, isFull: boolean, style: Style): string {
  const { colour } = style;
  const told = byVerdict(allFindings(inspection)).filter(
    ({ verdict }) => isFull || verdict !== 'ok',
  );
  return [
    renderOverview(inspection.sections, style),
    ...told.map((finding) => renderFinding(finding, style)),
    ...renderUnseen(inspection),
    colour.dim(sumOf(inspection)),
  ].join('\n\n');
}

function renderOverview(sections: readonly InspectedSection[], style: Style): string {
  return renderTable(
    [{ title: 'section' }, { title: 'verdict' }, { title: 'what was found' }],
    sections.map((one) => {
      const [worst, ...more] = byVerdict(one.findings);
      const verdict = verdictOfSection(one);
      const others = more.length === 0 ? '' : ` (and ${String(more.length)} more)`;
      return [
        one.section,
        { text: verdict, paint: paintOf(verdict, style) },
        worst === undefined ? '' : `${worst.subject}: ${worst.found}${others}`,
      ];
    }),
    style,
  );
}

function renderFinding({ section, subject, verdict, found, next }: Told, style: Style): string {
  const head = `${paintOf(verdict, style)(verdict.padEnd(4))}  ${style.colour.bold(`${section}: ${subject}`)}`;
  return [head, `      ${found}`, ...(next === null ? [] : [`      → ${next}`])].join('\n');
}

function renderUnseen(inspection: Inspection): readonly string[] {
  const lines = inspection.sections.flatMap(({ section, unseen }) =>
    unseen.map(({ what }) => `      ${section}: ${what}`),
  );
  const grant = grantOf(inspection);
  if (lines.length === 0) return [];
  return [['Not seen:', ...lines, ...(grant === null ? [] : [`      → ${grant}`])].join('\n')];
}

function sumOf(inspection: Inspection): string {
  const findings = allFindings(inspection);
  const count = (wanted: Verdict): string =>
    String(findings.filter(({ verdict }) => verdict === wanted).length);
  return `${countOf(findings.length, 'finding')}: ${count('act')} to act on, ${count('look')} to look at, ${count('ok')} well`;
}

function paintOf(verdict: Verdict, { colour }: Style): (text: string) => string {
  return { ok: colour.green, look: colour.yellow, act: colour.red }[verdict];
}
