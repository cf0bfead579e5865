/** The `log` section. Logs go to stderr; stdout belongs to results. */
import { z } from 'zod';
import { choice } from './fields.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LogConfig {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

export const logSection = z.strictObject({
  level: choice(LOG_LEVELS, 'The least severe message that is written.').default('info'),
  format: choice(
    LOG_FORMATS,
    '`text` for people, `json` (one object a line) for machines.',
  ).default('text'),
});
