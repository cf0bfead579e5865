/** What a dry run found, as soon as it has ended. */
import type { JSX } from 'preact';
import type { DryRunDocument } from './documents.ts';
import { formatSeconds } from './format.ts';
import { usePolled } from './polling.ts';
import { RunState } from './run-state.tsx';

const LOOK_MS = 1_000;

export function DryRun({ id }: { readonly id: string }): JSX.Element {
  const { value, problem } = usePolled<DryRunDocument>(
    `/v1/dry-runs/${encodeURIComponent(id)}`,
    LOOK_MS,
    '',
  );
  const finishedAt = value?.finished_at ?? null;
  const error = value?.error_message ?? null;
  const result = value?.result ?? null;
  return (
    <div class="dry-run">
      <div role="status">
        {problem !== null && <p class="problem">{problem}</p>}
        {value === null || finishedAt === null ? (
          <p class="quiet">The dry run looks …</p>
        ) : (
          <p>
            Dry run: <RunState state={value.state} /> in{' '}
            {formatSeconds((Date.parse(finishedAt) - Date.parse(value.started_at)) / 1000)}
          </p>
        )}
        {error !== null && <p class="problem">{error}</p>}
      </div>
      {result !== null && (
        <pre tabIndex={0} role="region" aria-label="What the dry run found">
          {JSON.stringify(result, null, 2)}
        </pre>
      )}
    </div>
  );
}
