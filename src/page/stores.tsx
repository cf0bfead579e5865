/** The three stores, what they hold, and what flows between them. */
import type { ComponentChildren, JSX } from 'preact';
import type {
  FlowDocument,
  Gaps,
  JobDocument,
  StatusDocument,
  SurveyDocument,
} from './documents.ts';
import { sum } from './flow-series.ts';
import { countOf, formatBytes, formatCount, formatDay, formatSeconds } from './format.ts';
import { gapTexts } from './gap-texts.ts';
import { Countdown, Moment } from './moment.tsx';
import { useSurroundings } from './surroundings.ts';

export function Stores(props: {
  readonly status: StatusDocument;
  readonly flow: FlowDocument | null;
}): JSX.Element {
  const { status, flow } = props;
  const { survey, jobs } = status;
  return (
    <section class="stores" aria-labelledby="stores">
      <h2 id="stores">
        Stores{' '}
        <span class="quiet">
          {survey === null ? (
            'not looked at yet'
          ) : (
            <>
              as of <Moment at={survey.taken_at} /> UTC
            </>
          )}
        </span>
      </h2>
      <div class="stores-row">
        <LiveStore survey={survey} />
        <DrainFlow job={jobOf(jobs, 'drain')} survey={survey} flow={flow} />
        <HotStore survey={survey} />
        <RotateFlow job={jobOf(jobs, 'rotate')} flow={flow} />
        <ColdStore survey={survey} />
      </div>
    </section>
  );
}

function jobOf(jobs: readonly JobDocument[], name: string): JobDocument | undefined {
  return jobs.find(({ job }) => job === name);
}

type Figure = readonly [label: string, value: ComponentChildren];

function Store(props: {
  readonly kind: 'live' | 'hot' | 'cold';
  readonly name: string;
  readonly headline: string;
  readonly figures: readonly Figure[];
  readonly problem: string | null;
  /** Who is not in the headline. */
  readonly gaps?: Gaps | null;
}): JSX.Element {
  const { kind, name, headline, figures, problem, gaps } = props;
  return (
    <article class={`store ${kind}`}>
      <h3>
        {name} <span class="quiet">{kind}</span>
      </h3>
      <p class="headline figures">{headline}</p>
      {problem !== null && <p class="problem">✕ {problem}</p>}
      {gapTexts(gaps ?? null).map((text) => (
        <p key={text} class="problem">
          ! {text}
        </p>
      ))}
      <dl class="figures">
        {figures.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </article>
  );
}

function LiveStore({ survey }: { readonly survey: SurveyDocument | null }): JSX.Element {
  const live = survey?.live ?? null;
  const sources = survey?.sources ?? [];
  if (survey !== null && live === null) {
    return <Store kind="live" name="Redis" headline="not configured" figures={[]} problem={null} />;
  }
  const servers = live?.servers ?? [];
  const used = sum(servers.map((server) => server.used_bytes));
  const limit = sum(servers.map((server) => server.max_bytes));
  return (
    <Store
      kind="live"
      name={servers[0]?.product ?? 'Redis'}
      headline={survey === null ? '–' : `${formatCount(survey.totals.waiting.entries)} waiting`}
      gaps={survey?.totals.waiting ?? null}
      problem={live !== null && !live.reachable ? (live.error ?? 'not reachable') : null}
      figures={[
        [
          'memory',
          servers.length === 0
            ? '–'
            : `${formatBytes(used)}${limit > 0 ? ` of ${formatBytes(limit)}` : ''}`,
        ],
        ['keys', servers.length === 0 ? '–' : formatCount(sum(servers.map(({ keys }) => keys)))],
        ['sources', formatCount(sources.filter(({ enabled }) => enabled).length)],
        ['version', servers[0]?.version ?? '–'],
      ]}
    />
  );
}

function HotStore({ survey }: { readonly survey: SurveyDocument | null }): JSX.Element {
  const hot = survey?.hot ?? null;
  const totals = survey?.totals.hot ?? null;
  return (
    <Store
      kind="hot"
      name="PostgreSQL"
      headline={
        totals === null
          ? '–'
          : `${totals.rows_are_estimated ? '≈ ' : ''}${countOf(totals.rows, 'rows')}`
      }
      gaps={totals}
      problem={hot !== null && !hot.reachable ? (hot.error ?? 'not reachable') : null}
      figures={[
        ['tables', formatBytes(totals?.bytes ?? null)],
        ['database', formatBytes(hot?.database_bytes ?? null)],
        [
          'connections',
          `${formatCount(hot?.connections ?? null)} of ${formatCount(hot?.max_connections ?? null)}`,
        ],
        ['version', versionOf(hot)],
      ]}
    />
  );
}

function versionOf(hot: SurveyDocument['hot'] | null): string {
  const version = hot?.version?.split(' ')[0] ?? '–';
  const timescale = hot?.timescale ?? null;
  return timescale === null ? version : `${version}, TimescaleDB ${timescale}`;
}

function ColdStore({ survey }: { readonly survey: SurveyDocument | null }): JSX.Element {
  const cold = survey?.cold ?? null;
  const oldest = (survey?.datasets ?? []).flatMap((dataset) => dataset.cold.oldest ?? []).sort()[0];
  return (
    <Store
      kind="cold"
      name="Parquet lake"
      headline={cold === null ? '–' : countOf(cold.rows, 'rows')}
      problem={cold?.error ?? null}
      figures={[
        [
          'size',
          `${formatBytes(cold?.bytes ?? null)} in ${countOf(cold?.segments ?? null, 'segments')}`,
        ],
        ['since', formatDay(oldest ?? null)],
        ['free', formatBytes(cold?.free_bytes ?? null)],
        ...lastBackup(survey?.backups ?? null),
      ]}
    />
  );
}

/** Database and lake together, or else the database alone. */
function lastBackup(backups: SurveyDocument['backups']): readonly Figure[] {
  if (backups === null) return [];
  const last = ['snapshot', 'dump'].flatMap(
    (wanted) => backups.find(({ kind }) => kind === wanted) ?? [],
  )[0];
  if (last === undefined) return [['backup', 'none yet']];
  return [[last.kind, <Moment key={last.kind} at={last.finished_at} />]];
}

/** The drain moves when its last batch was no older than this when the stores were looked at. */
const MOVING_MS = 10_000;

function DrainFlow(props: {
  readonly job: JobDocument | undefined;
  readonly survey: SurveyDocument | null;
  readonly flow: FlowDocument | null;
}): JSX.Element {
  const { job, survey, flow } = props;
  const lags = (survey?.sources ?? []).flatMap((source) => source.lag_seconds ?? []);
  const lastBatch = (survey?.sources ?? [])
    .flatMap((source) => source.last_batch_at ?? [])
    .sort()
    .at(-1);
  const isMoving =
    isRunning(job) &&
    lastBatch !== undefined &&
    Date.parse(survey?.taken_at ?? '') - Date.parse(lastBatch) < MOVING_MS;
  return (
    <Connector verb="drain" isMoving={isMoving}>
      <span>{job === undefined ? 'not scheduled' : <Word job={job} />}</span>
      <span>lag {lags.length === 0 ? '–' : formatSeconds(Math.max(...lags))}</span>
      <span>
        {flow === null ? '–' : countOf(sum(flow.drained.map(({ rows }) => rows)), 'rows')}
      </span>
      <span>in {flow === null ? '–' : spanOf(flow)}</span>
    </Connector>
  );
}

function RotateFlow(props: {
  readonly job: JobDocument | undefined;
  readonly flow: FlowDocument | null;
}): JSX.Element {
  const { job, flow } = props;
  return (
    <Connector verb="rotate" isMoving={isRunning(job)}>
      <span>
        {job === undefined ? (
          'not scheduled'
        ) : job.running === null && job.paused === null && job.next_at !== null ? (
          <Countdown at={job.next_at} />
        ) : (
          <Word job={job} />
        )}
      </span>
      <span>{flow === null ? '–' : formatBytes(sum(flow.moved.map(({ bytes }) => bytes)))}</span>
      <span>{flow === null ? '–' : countOf(sum(flow.moved.map(({ rows }) => rows)), 'rows')}</span>
      <span>in {flow === null ? '–' : spanOf(flow)}</span>
    </Connector>
  );
}

function isRunning(job: JobDocument | undefined): boolean {
  return (job?.running ?? null) !== null;
}

function Word({ job }: { readonly job: JobDocument }): JSX.Element {
  const { asOfMs } = useSurroundings();
  const { running, paused, circuit } = job;
  if (running !== null) return <>{asOfMs === null ? 'running' : 'was running'}</>;
  if (paused !== null) return <>paused</>;
  return <>{circuit.state === 'open' ? 'resting' : 'waiting'}</>;
}

function spanOf({ from, to }: FlowDocument): string {
  const hours = Math.round((Date.parse(to) - Date.parse(from)) / 3_600_000);
  return hours <= 48 ? `${String(hours)} h` : `${String(Math.round(hours / 24))} days`;
}

function Connector(props: {
  readonly verb: string;
  readonly isMoving: boolean;
  readonly children: ComponentChildren;
}): JSX.Element {
  const { asOfMs } = useSurroundings();
  const isMoving = props.isMoving && asOfMs === null;
  return (
    <div class={`connector ${props.verb}${isMoving ? ' moving' : ''}`}>
      <strong>
        {props.verb}
        {isMoving && <span class="for-reader">: rows are moving</span>}
      </strong>
      <span class="pipe" aria-hidden="true" />
      <p class="figures">{props.children}</p>
    </div>
  );
}
