/** The log: pino's records to stderr, as text for people or as JSON for machines. */
import { type Logger, pino } from 'pino';
import type { LogFormat, LogLevel } from '../../config/log-section.ts';
import { escapeControls, stringify } from './errors.ts';
import type { LiveLine } from './live-line.ts';
import type { Style } from './style.ts';
import { showControls } from './text-width.ts';

export interface Log {
  readonly logger: Logger;
  /** Changes level and format of what is logged from here on. */
  configure(level: LogLevel, format: LogFormat): void;
}

export function createLog(init: {
  readonly liveLine: LiveLine;
  readonly style: Style;
  readonly level: LogLevel;
  readonly format: LogFormat;
}): Log {
  let { format } = init;
  const destination = {
    write(record: string) {
      init.liveLine.print(
        format === 'json' ? escapeControls(record) : renderRecord(record, init.style),
      );
    },
  };
  const logger = pino(
    {
      level: init.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return {
    logger,
    configure(level, newFormat) {
      logger.level = level;
      format = newFormat;
    },
  };
}

/** `02:00:03 warn  replica lags  lag_ms=1200`; with the date where the reader is not watching. */
function renderRecord(record: string, { colour, isTerminal }: Style): string {
  const { time, level, msg, err, ...rest } = JSON.parse(record) as Record<string, unknown>;
  const at = String(time);
  const name = String(level);
  const paint = { warn: colour.yellow, error: colour.red, fatal: colour.red }[name] ?? colour.dim;
  const figures = Object.entries(rest)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : stringify(value)}`)
    .join(' ');
  const parts = [
    colour.dim(isTerminal ? at.slice(11, 19) : at),
    paint(name.padEnd(5)),
    typeof msg === 'string' ? showControls(msg) : '',
    ...(figures === '' ? [] : [colour.dim(showControls(figures))]),
    ...(err === undefined ? [] : [showControls(messageOf(err))]),
  ];
  return parts.join(' ');
}

function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : stringify(error);
}
