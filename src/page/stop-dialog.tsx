/** Asks before a run is stopped. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { pathOf, useCommand } from './commands.ts';
import { Dialog } from './dialog.tsx';

export function StopDialog(props: {
  readonly job: string;
  readonly onClose: () => void;
}): JSX.Element {
  const { job, onClose } = props;
  const { isBusy, send } = useCommand();
  const [problem, setProblem] = useState<string | null>(null);
  const stop = async (): Promise<void> => {
    const failed = await send(
      pathOf({ kind: 'jobs', name: job }, 'cancel'),
      () => `${job}: asked to stop.`,
    );
    if (failed === null) onClose();
    else setProblem(failed);
  };
  return (
    <Dialog title={`Stop ${job}?`} onClose={onClose}>
      <p>Its step ends or is rolled back; what was moved stays moved, and nothing is lost.</p>
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="choices">
        <button type="button" autofocus onClick={onClose}>
          Let it run
        </button>
        <button type="button" class="primary" disabled={isBusy} onClick={() => void stop()}>
          Stop it
        </button>
      </div>
    </Dialog>
  );
}
