/** Asks before a job is started by hand: really, or only to see what it would do. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { pathOf, useCommand } from './commands.ts';
import { Dialog } from './dialog.tsx';
import type { JobDocument } from './documents.ts';

const OUTCOMES: Readonly<Record<string, string>> = {
  start: 'started',
  queue: 'waits for the run that is going on',
  skip: 'runs already; nothing was started',
};

export function RunDialog(props: {
  readonly job: JobDocument;
  readonly onClose: () => void;
}): JSX.Element {
  const { job, onClose } = props;
  const { isBusy, send } = useCommand();
  const [problem, setProblem] = useState<string | null>(null);
  const run = async (isDry: boolean): Promise<void> => {
    const failed = await send(
      `${pathOf({ kind: 'jobs', name: job.job }, 'run')}${isDry ? '?dry_run=true' : ''}`,
      (answer) => {
        const { outcome = 'start' } = answer as { readonly outcome?: string };
        return `${job.job}${isDry ? ' (dry run)' : ''}: ${OUTCOMES[outcome] ?? outcome}.`;
      },
    );
    if (failed === null) onClose();
    else setProblem(failed);
  };
  return (
    <Dialog title={`Run ${job.job} now?`} onClose={onClose}>
      <p>
        The daemon starts <code>{job.command}</code>. A dry run changes nothing: it only tells what
        the run would do.
      </p>
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="choices">
        <button type="button" autofocus onClick={onClose}>
          Cancel
        </button>
        <button type="button" disabled={isBusy} onClick={() => void run(true)}>
          Dry run
        </button>
        <button type="button" class="primary" disabled={isBusy} onClick={() => void run(false)}>
          Run now
        </button>
      </div>
    </Dialog>
  );
}
