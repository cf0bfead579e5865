/** Asks before a job is started by hand: really, or only to see what it would do. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { pathOf, useCommand } from './commands.ts';
import { Dialog } from './dialog.tsx';
import type { DryRunDocument, JobDocument } from './documents.ts';
import { DryRun } from './dry-run.tsx';
import { usePolled } from './polling.ts';

const LOOK_MS = 1_000;

const OUTCOMES: Readonly<Record<string, string>> = {
  start: 'started',
  queue: 'waits for the run that is going on',
  skip: 'runs already; nothing was started',
};

interface RunAnswer {
  readonly outcome?: string;
  /** The id of a dry run. */
  readonly dry_run?: string | null;
}

export function RunDialog(props: {
  readonly job: JobDocument;
  readonly onClose: () => void;
}): JSX.Element {
  const { job, onClose } = props;
  const { isBusy, send } = useCommand();
  const [problem, setProblem] = useState<string | null>(null);
  const [dryRun, setDryRun] = useState<string | null>(null);
  const { value, problem: away } = usePolled<DryRunDocument>(
    dryRun === null ? null : `/v1/dry-runs/${encodeURIComponent(dryRun)}`,
    LOOK_MS,
    '',
  );
  // What came last may still be of the look before.
  const found = value?.id === dryRun ? value : null;
  // To look comes first; only what was looked at and stands in nobody's way is the thing to do.
  const isClear = dryRun !== null && found?.state === 'done';
  const path = pathOf({ kind: 'jobs', name: job.job }, 'run');
  const run = async (): Promise<void> => {
    const failed = await send(path, (answer) => {
      const { outcome = 'start' } = answer as RunAnswer;
      return `${job.job}: ${OUTCOMES[outcome] ?? outcome}.`;
    });
    if (failed === null) onClose();
    else setProblem(failed);
  };
  const look = async (): Promise<void> => {
    setDryRun(null);
    const failed = await send(`${path}?dry_run=true`, (answer) => {
      setDryRun((answer as RunAnswer).dry_run ?? null);
      return null;
    });
    setProblem(failed);
  };
  return (
    <Dialog title={`Run ${job.job} now?`} isWide={dryRun !== null} onClose={onClose}>
      <p>
        The daemon starts <code>{job.command}</code>. A dry run changes nothing: it only tells what
        the run would do.
      </p>
      <p class="problem" role="alert">
        {problem}
      </p>
      {dryRun !== null && <DryRun found={found} problem={away} />}
      <div class="choices">
        <button type="button" autofocus onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          class={dryRun === null ? 'primary' : ''}
          disabled={isBusy}
          onClick={() => void look()}
        >
          {dryRun === null ? 'Dry run' : 'Look again'}
        </button>
        <button
          type="button"
          class={isClear ? 'primary' : ''}
          disabled={isBusy}
          onClick={() => void run()}
        >
          Run now
        </button>
      </div>
    </Dialog>
  );
}
