/** Times: UTC to read, the reader's own on hover, and what passes or comes near, ticking. */
import type { JSX } from 'preact';
import { formatSeconds, formatTime, UNKNOWN } from './format.ts';
import { useNow, useSurroundings } from './surroundings.ts';

export function Moment({ at }: { readonly at: string | null }): JSX.Element {
  const { server } = useSurroundings();
  if (at === null) return <>{UNKNOWN}</>;
  return (
    <time dateTime={at} title={localTime(at)}>
      {formatTime(at, server.now())}
    </time>
  );
}

/** `in 3 h 12 min`, `now`; of a daemon that is away what was due. */
export function Countdown({ at }: { readonly at: string }): JSX.Element {
  const { asOfMs } = useSurroundings();
  const seconds = Math.ceil((Date.parse(at) - useNow()) / 1000);
  return (
    <time dateTime={at} title={localTime(at)}>
      {asOfMs !== null && 'was due '}
      {seconds <= 0 ? 'now' : `in ${formatSeconds(seconds)}`}
    </time>
  );
}

/** `3 h 12 min`, since then. */
export function Elapsed({ since }: { readonly since: string }): JSX.Element {
  const seconds = Math.max(0, Math.floor((useNow() - Date.parse(since)) / 1000));
  return (
    <time dateTime={since} title={localTime(since)}>
      {formatSeconds(seconds)}
    </time>
  );
}

function localTime(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'full', timeStyle: 'long' });
}
