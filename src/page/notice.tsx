/** What has just happened: a command's result, a daemon that went away. Read out as it comes. */
import type { JSX } from 'preact';
import { formatSeconds } from './format.ts';
import type { Watch } from './polling.ts';
import { type Message, useClock } from './surroundings.ts';

export function Notice(props: {
  readonly watch: Watch;
  readonly message: Message | null;
  readonly onDismiss: () => void;
}): JSX.Element {
  const { watch, message } = props;
  return (
    <div class="notices">
      <div role="alert">
        {watch.problem !== null && <Away problem={watch.problem} since={watch.answeredAtMs} />}
        {message?.kind === 'failed' && <Said message={message} onDismiss={props.onDismiss} />}
      </div>
      <div role="status">
        {message?.kind === 'done' && <Said message={message} onDismiss={props.onDismiss} />}
      </div>
    </div>
  );
}

function Away(props: { readonly problem: string; readonly since: number | null }): JSX.Element {
  const { problem, since } = props;
  const now = useClock();
  if (since === null) return <p class="notice failed">✕ {problem} It is asked again.</p>;
  const at = new Date(since).toISOString();
  return (
    <p class="notice failed">
      <span>
        ✕ {problem} All below is as of {at.slice(0, 10)} {at.slice(11, 19)} UTC
        {/* Not to be read out again every second. */}
        <span aria-hidden="true">, {formatSeconds(Math.floor((now - since) / 1000))} ago</span>. It
        is asked again.
      </span>
    </p>
  );
}

function Said(props: { readonly message: Message; readonly onDismiss: () => void }): JSX.Element {
  const { kind, text } = props.message;
  return (
    <p class={`notice ${kind}`}>
      {kind === 'done' ? '✓' : '✕'} {text}
      <button type="button" onClick={props.onDismiss}>
        Dismiss
      </button>
    </p>
  );
}
