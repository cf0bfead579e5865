/** How a run ended, as a sign and a word. */
import type { JSX } from 'preact';

const SIGNS: Readonly<Record<string, string>> = {
  running: '▶',
  done: '✓',
  partly: '◐',
  refused: '⊘',
  cancelled: '■',
};

export function RunState({ state }: { readonly state: string }): JSX.Element {
  return (
    <span class={`run-state ${state}`}>
      <span aria-hidden="true">{SIGNS[state] ?? '✕'}</span> {state.replaceAll('_', ' ')}
    </span>
  );
}
