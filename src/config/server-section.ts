/** The `server` section: where the daemon tells how it is, and who may command it. */
import { z } from 'zod';
import { duration, secret, text, wholeNumber } from './fields.ts';
import { postgresFaceSection } from './postgres-face-section.ts';
import { parseDuration } from './units.ts';

export interface ServerConfig {
  readonly host: string;
  /** 0 is any that is free. */
  readonly port: number;
  /** Null: whoever can connect may read. Only on the loopback interface. */
  readonly statusToken: string | null;
  /** Null: nobody may query. */
  readonly queryToken: string | null;
  /** Null: nobody may command. */
  readonly controlToken: string | null;
  readonly requestsPerMinute: number;
  readonly surveyIntervalMs: number;
}

export const serverSection = z.strictObject({
  port: wholeNumber(
    { min: 0, max: 65_535 },
    'Port of the status page. There is none when this is left out; 0 takes any that is free and says which.',
    'a port',
  ).optional(),
  host: text(
    'Address to listen on. Anything but the loopback interface needs `status_token`.',
    '127.0.0.1',
  ).default('127.0.0.1'),
  status_token: secret(
    'What a reader has to show: `Authorization: Bearer …`. Without it everybody on this machine may read. /healthz and /readyz never ask. At least 16 characters, as every token.',
  ).optional(),
  status_token_file: text('File that holds it.').optional(),
  query_token: secret(
    'What has to be shown to query (POST /v1/query), and to read. Without it nobody can, over HTTP.',
  ).optional(),
  query_token_file: text('File that holds it.').optional(),
  control_token: secret(
    'What has to be shown to run, cancel, pause or resume. Without it nobody can, over the page.',
  ).optional(),
  control_token_file: text('File that holds it.').optional(),
  requests_per_minute: wholeNumber(
    { min: 1, max: 1_000_000 },
    'Of one client (an address and the token it shows); above it, the answer is 429. /healthz, /readyz and /metrics are not counted.',
  ).default(600),
  survey_interval: duration(
    'How often the daemon looks what the stores hold, for /status and /metrics. What takes long to look at is looked at less often by itself. At least 1s.',
  ).default('30s'),
  postgres: postgresFaceSection.optional().meta({
    description: 'The same queries in PostgreSQL’s protocol. There is none when this is left out.',
  }),
});

export type ServerFile = z.output<typeof serverSection>;

/** Keys that may come from a file instead: the key with `_file` appended. */
export const SERVER_SECRETS = ['status_token', 'query_token', 'control_token'] as const;

export const MIN_TOKEN_LENGTH = 16;

const MIN_SURVEY_INTERVAL_MS = 1_000;

/** Undefined where no server is wanted. */
export function resolveServer(file: ServerFile): ServerConfig | undefined {
  if (file.port === undefined) return undefined;
  return {
    host: file.host,
    port: file.port,
    statusToken: file.status_token ?? null,
    queryToken: file.query_token ?? null,
    controlToken: file.control_token ?? null,
    requestsPerMinute: file.requests_per_minute,
    surveyIntervalMs: Math.max(MIN_SURVEY_INTERVAL_MS, parseDuration(file.survey_interval)),
  };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
