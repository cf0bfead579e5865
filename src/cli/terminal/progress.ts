/** Progress of a long job: a bar that redraws in place on a terminal, a log line now and then elsewhere. */
import type { Logger } from 'pino';
import type { Clock } from '../../domain/time/clock.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { formatBytes, formatCount, formatDuration, formatShare } from './format.ts';
import type { LiveLine } from './live-line.ts';
import { RateMeter } from './rate-meter.ts';
import type { Style } from './style.ts';
import { truncate, widthOf } from './text-width.ts';

export interface ProgressState {
  /** What is going on: `market_data 2024-01-15 export`. */
  readonly label: string;
  readonly done: number;
  /** Left out when nobody knows; then there is no bar and no time left. */
  readonly total?: number;
}

export interface Progress {
  /** Cheap: may be called for every batch. A smaller `done` than before begins something new. */
  update(state: ProgressState): void;
  /** Takes the bar away and stops redrawing. Has to be called, also after a failure. */
  end(): void;
}

export interface ProgressParts {
  readonly unit: 'rows' | 'bytes';
  readonly style: Style;
  readonly liveLine: LiveLine;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Ten times a second is smooth; more only burns the terminal. */
const REDRAW_MS = 100;
/** Also without news, so that a stalled job is seen to stall. */
const HEARTBEAT_MS = 500;
const LOG_EVERY_MS = 5_000;

export function createProgress(parts: ProgressParts): Progress {
  const meter = new RateMeter();
  let state: ProgressState | undefined;
  let saidAt = parts.style.isTerminal ? -Infinity : parts.clock.now();

  const say = (): void => {
    const now = parts.clock.now();
    if (state === undefined) return;
    const perSecond = meter.perSecond(now);
    if (parts.style.isTerminal) {
      parts.liveLine.show(renderProgress({ ...state, perSecond, unit: parts.unit }, parts.style));
    } else {
      parts.logger.info(describeProgress({ ...state, perSecond, unit: parts.unit }));
    }
    saidAt = now;
  };

  const heartbeat = parts.style.isTerminal ? setInterval(say, HEARTBEAT_MS) : undefined;
  heartbeat?.unref();

  return {
    update(next) {
      const now = parts.clock.now();
      state = next;
      meter.add(now, next.done);
      if (isDue(now, saidAt, parts.style.isTerminal ? REDRAW_MS : LOG_EVERY_MS)) say();
    },
    end() {
      clearInterval(heartbeat);
      parts.liveLine.clear();
    },
  };
}

/** A clock that was set back must not silence the bar until it has caught up. */
function isDue(now: EpochMs, saidAt: EpochMs, everyMs: number): boolean {
  return Math.abs(now - saidAt) >= everyMs;
}

interface Moment extends ProgressState {
  readonly unit: 'rows' | 'bytes';
  readonly perSecond: number | undefined;
}

const BAR_MAX = 30;
const BAR_MIN = 8;

/** One line that fits the terminal; what matters least goes first when it is narrow. */
export function renderProgress(moment: Moment, style: Style): string {
  const width = (style.width ?? 80) - 1;
  const { colour } = style;
  const isTooWide = (texts: readonly string[]): boolean =>
    texts.length > 1 && lengthOf([moment.label, ...texts]) > width;
  let parts = figures(moment);
  // The share and its bar say what the amount says; a usual terminal has room for the rate.
  if (isTooWide(parts) && shareOf(moment) !== undefined) {
    parts = parts.filter((text) => text !== amountOf(moment));
  }
  while (isTooWide(parts)) parts.pop();
  const label = truncate(moment.label, Math.max(1, width - lengthOf(parts) - 2));
  const room = width - lengthOf([label, ...parts]) - 2;
  const share = shareOf(moment);
  const bar =
    share === undefined || room < BAR_MIN ? [] : [drawBar(share, Math.min(room, BAR_MAX))];
  return [colour.bold(label), ...bar.map((text) => colour.cyan(text)), ...parts].join('  ');
}

/** The same in one line of a log. */
function describeProgress(moment: Moment): string {
  return `${moment.label}: ${figures(moment).join(', ')}`;
}

/** In the order in which they are read. */
function figures(moment: Moment): string[] {
  const { done, total, perSecond, unit } = moment;
  const share = shareOf(moment);
  const left =
    total !== undefined && perSecond !== undefined && perSecond > 0 && total > done
      ? [`${formatTimeLeft((total - done) / perSecond)} left`]
      : [];
  return [
    ...(share === undefined ? [] : [formatShare(share)]),
    amountOf(moment),
    ...left,
    ...(perSecond === undefined ? [] : [`${inUnit(perSecond, unit)}/s`]),
  ];
}

function amountOf({ done, total, unit }: Moment): string {
  if (total === undefined) return inUnit(done, unit);
  const counted = unit === 'bytes' ? formatBytes(done) : formatCount(done);
  return `${counted} of ${inUnit(total, unit)}`;
}

function inUnit(value: number, unit: Moment['unit']): string {
  return unit === 'bytes' ? formatBytes(value) : `${formatCount(value)} rows`;
}

/** Tenths of a second are noise here: `5 s`, `3 min 20 s`; at least one second. */
function formatTimeLeft(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds));
  return whole < 60 ? `${whole} s` : formatDuration(whole * 1000);
}

function shareOf({ done, total }: ProgressState): number | undefined {
  return total === undefined || total <= 0 ? undefined : Math.min(1, done / total);
}

function drawBar(share: number, width: number): string {
  const full = Math.floor(share * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

function lengthOf(parts: readonly string[]): number {
  return widthOf(parts.join('  '));
}
