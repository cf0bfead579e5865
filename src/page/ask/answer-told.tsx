/** What is said of an answer beside its rows: how many, from where, of which snapshot, or why none. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { countOf, formatCount, formatSeconds } from '../format.ts';
import { cellOf } from './question.ts';
import { SHOWN_ROWS } from './read-answer.ts';
import type { Answer, Problem } from './use-question.ts';

export function AnswerTold(props: {
  readonly answer: Answer;
  readonly onToken: () => void;
}): JSX.Element {
  const { answer } = props;
  const { asking } = answer;
  return (
    <div class="told">
      <div role="alert">
        {asking.state === 'failed' && (
          <Failed {...asking} count={answer.count} onToken={props.onToken} />
        )}
      </div>
      <div role="status">
        {asking.state === 'running' && <Running count={answer.count} />}
        {asking.state === 'done' && <Done answer={answer} elapsedMs={asking.elapsedMs} />}
      </div>
    </div>
  );
}

/** Not the time that passes: it would be read out each second. */
function Running({ count }: { readonly count: number }): JSX.Element {
  return (
    <p>
      Running …{' '}
      <span aria-hidden="true" class="figures">
        <Passing /> {count > 0 && `· ${countOf(count, 'rows')} so far`}
      </span>
    </p>
  );
}

function Passing(): JSX.Element {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((before) => before + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
  return <>{formatSeconds(seconds)}</>;
}

function Done(props: { readonly answer: Answer; readonly elapsedMs: number }): JSX.Element {
  const { count, origin, rows, columns } = props.answer;
  const hasCut = rows.some((row) => columns.some((column) => cellOf(row[column]).isCut));
  return (
    <>
      <p>
        <strong class="figures">
          {count > rows.length
            ? `The first ${formatCount(SHOWN_ROWS)} of ${formatCount(count)} rows`
            : countOf(count, 'rows')}
        </strong>{' '}
        <span class="quiet figures">in {formatSeconds(props.elapsedMs / 1_000)}</span>
        {hasCut && <span class="quiet"> · long values end with …, a download has them whole</span>}
      </p>
      {origin !== null && (
        <p class="quiet figures">
          {formatCount(origin.segmentsRead)} of {countOf(origin.segments, 'segments')} and{' '}
          {countOf(origin.hotRows, 'hot rows')} read, at version <code>{origin.version}</code>
          {origin.liveRows !== null &&
            `; ${countOf(origin.liveRows, 'rows')} of Redis, read beside it and not within it`}
        </p>
      )}
    </>
  );
}

/** `isPart`: that many rows had come before. */
export function Failed(props: {
  readonly problem: Problem;
  readonly isPart: boolean;
  readonly count: number;
  readonly onToken: () => void;
}): JSX.Element {
  const { code, what, hint, status } = props.problem;
  // The engine points at a place in the query, below the line that it quotes.
  const [sentence = '', ...quoted] = what.split('\n');
  return (
    <div class="obstacle">
      <p>
        <strong>✕ {sentence}</strong>
      </p>
      {quoted.length > 0 && <pre>{quoted.join('\n').trim()}</pre>}
      {hint !== null && <p>{hint}</p>}
      {props.isPart && (
        <p>
          {countOf(props.count, 'rows')} had come before: they are a part of the answer and not the
          whole.
        </p>
      )}
      {code !== null && (
        <p class="quiet">
          <code>{code}</code>
        </p>
      )}
      {(status === 401 || status === 403) && code === null && (
        <button type="button" onClick={props.onToken}>
          Enter the query token
        </button>
      )}
    </div>
  );
}
