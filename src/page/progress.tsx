/** How far a run is: a bar that moves, and the figures. */
import type { JSX } from 'preact';
import type { JobDocument } from './documents.ts';
import { formatBytes, formatCount, shareOf } from './format.ts';

type JobProgress = NonNullable<NonNullable<JobDocument['running']>['progress']>;

export function Progress(props: {
  readonly job: string;
  readonly progress: JobProgress;
}): JSX.Element {
  const { label, unit, done, total } = props.progress;
  const format = (value: number): string =>
    unit === 'bytes' ? formatBytes(value) : formatCount(value);
  const share = total === null ? null : shareOf(done, total);
  const percent = share === null ? null : Math.floor(share * 100);
  const words = `${format(done)}${total === null ? '' : ` of ${format(total)}`}${unit === 'rows' ? ' rows' : ''}`;
  return (
    <div class="progress">
      <div
        class={`bar${share === null ? ' endless' : ''}`}
        role="progressbar"
        aria-label={`${props.job}: ${label}`}
        aria-valuetext={words}
        {...(percent === null
          ? {}
          : { 'aria-valuenow': percent, 'aria-valuemin': 0, 'aria-valuemax': 100 })}
      >
        <span style={{ transform: `scaleX(${String(share ?? 1)})` }} />
      </div>
      <p class="figures">
        <span>{label}</span>
        <span>
          {words}
          {percent !== null && <strong> {percent} %</strong>}
        </span>
      </p>
    </div>
  );
}
