/** How a run ended, as a sign and a word. */
import type { JSX } from 'preact';
import { useSurroundings } from './surroundings.ts';

const SIGNS: Readonly<Record<string, string>> = {
  running: '▶',
  done: '✓',
  partly: '◐',
  refused: '⊘',
  cancelled: '■',
};

export function RunState({ state }: { readonly state: string }): JSX.Element {
  const { asOfMs } = useSurroundings();
  // Nobody knows how it goes on.
  const wasRunning = state === 'running' && asOfMs !== null;
  return (
    <span class={`run-state ${state}`}>
      <span aria-hidden="true">{SIGNS[state] ?? '✕'}</span> {wasRunning && 'was '}
      {state.replaceAll('_', ' ')}
    </span>
  );
}
