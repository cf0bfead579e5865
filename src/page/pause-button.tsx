/** Pauses a job or a dataset, or lets it go on. */
import type { JSX } from 'preact';
import { type CommandTarget, pathOf, useCommand } from './commands.ts';
import { useSurroundings } from './surroundings.ts';

export function PauseButton(props: {
  readonly target: CommandTarget;
  readonly isPaused: boolean;
}): JSX.Element | null {
  const { canControl, asOfMs, say } = useSurroundings();
  const { isBusy, send } = useCommand();
  if (!canControl) return null;
  const { target, isPaused } = props;
  const press = async (): Promise<void> => {
    const problem = await send(
      pathOf(target, isPaused ? 'resume' : 'pause'),
      () => `${target.name}: ${isPaused ? 'goes on' : 'paused'}.`,
    );
    if (problem !== null) say({ kind: 'failed', text: `${target.name}: ${problem}` });
  };
  const isOff = isBusy || asOfMs !== null;
  const verb = isPaused ? 'Resume' : 'Pause';
  return (
    <button
      type="button"
      aria-label={`${verb} ${target.name}`}
      aria-disabled={isOff}
      onClick={() => {
        if (!isOff) void press();
      }}
    >
      {verb}
    </button>
  );
}
