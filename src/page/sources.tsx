/** What waits in Redis, source by source. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { SourceDocument, SurveyDocument } from './documents.ts';
import { countOf, formatCount, formatSeconds } from './format.ts';
import { Moment } from './moment.tsx';

/** With more, the table is calm until somebody asks for all; those that need somebody are on top. */
const SHOWN_AT_FIRST = 12;

export function Sources({
  survey,
}: {
  readonly survey: SurveyDocument | null;
}): JSX.Element | null {
  const [isWhole, setWhole] = useState(false);
  if (survey === null || survey.sources.length === 0) return null;
  const sources = survey.sources.toSorted((one, other) => trouble(other) - trouble(one));
  const isLong = sources.length > SHOWN_AT_FIRST;
  return (
    <section class="sources" aria-labelledby="sources">
      <h2 id="sources">
        Drain sources{' '}
        {(survey.dead_letters_waiting ?? 0) > 0 && (
          <span class="problem">
            ! {countOf(survey.dead_letters_waiting, 'dead letters')}{' '}
            {survey.dead_letters_waiting === 1 ? 'waits' : 'wait'}:{' '}
            <code>tierd dead-letters list</code>
          </span>
        )}
      </h2>
      {survey.live?.warnings.map((warning) => (
        <p key={warning} class="problem">
          ! {warning}
        </p>
      ))}
      <SourceTable sources={isWhole ? sources : sources.slice(0, SHOWN_AT_FIRST)} />
      {isLong && (
        <button type="button" class="all" onClick={() => setWhole(!isWhole)}>
          {isWhole ? `Show ${String(SHOWN_AT_FIRST)}` : `Show all ${formatCount(sources.length)}`}
        </button>
      )}
    </section>
  );
}

function trouble({ error, dead_letters_waiting: dead }: SourceDocument): number {
  if (error !== null) return 2;
  return dead > 0 ? 1 : 0;
}

export function SourceTable(props: {
  readonly sources: readonly SourceDocument[];
  /** Of one dataset, so that it need not be named. */
  readonly isOfOne?: boolean;
}): JSX.Element {
  const { sources, isOfOne = false } = props;
  return (
    <table class="source-list">
      <thead>
        <tr>
          <th scope="col">source</th>
          {!isOfOne && (
            <th scope="col" class="wide-only">
              into
            </th>
          )}
          <th scope="col" class="number">
            waiting
          </th>
          <th scope="col" class="number">
            lag
          </th>
          <th scope="col" class="number wide-only">
            written
          </th>
          <th scope="col" class="number">
            dead
          </th>
          <th scope="col" class="number wide-only">
            last batch
          </th>
        </tr>
      </thead>
      <tbody>
        {sources.map((source) => (
          <Row key={source.source} source={source} isOfOne={isOfOne} />
        ))}
      </tbody>
    </table>
  );
}

function Row(props: { readonly source: SourceDocument; readonly isOfOne: boolean }): JSX.Element {
  const { source, isOfOne } = props;
  return (
    <>
      <tr class={source.enabled ? '' : 'off'}>
        <th scope="row">
          {source.source} <span class="quiet">{source.enabled ? source.kind : 'switched off'}</span>
        </th>
        {!isOfOne && <td class="wide-only">{source.dataset}</td>}
        <td class="number">{formatCount(source.backlog_entries)}</td>
        <td class="number">{formatSeconds(source.lag_seconds)}</td>
        <td class="number wide-only">{formatCount(source.rows_written)}</td>
        <td class="number">{formatCount(source.dead_letters_waiting)}</td>
        <td class="number wide-only">
          <Moment at={source.last_batch_at} />
        </td>
      </tr>
      {source.error !== null && (
        <tr class="error">
          <td colSpan={7}>{source.error}</td>
        </tr>
      )}
    </>
  );
}
