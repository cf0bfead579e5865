/** A daemon that answers over HTTP for all tests of a file, over rows of which some are in the lake. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { TIERD } from './cli.ts';
import { stopped, whenServing } from './daemon.ts';
import type { TestDatabase } from './database.ts';
import { type RunningTierd, startTierd } from './workspace.ts';

export const TOKENS = {
  status: 'status-token-0123456789',
  query: 'query-token-0123456789',
  control: 'control-token-0123456789',
};
/** `$SECRET_OF_TESTS` of the daemon. */
export const SECRET = 'a-secret-of-the-environment';

export const WITH_TOKENS = `
server:
  port: 0
  status_token: ${TOKENS.status}
  query_token: ${TOKENS.query}
  control_token: ${TOKENS.control}
  requests_per_minute: 100000
`;

export interface HttpDaemon {
  readonly process: RunningTierd;
  readonly directory: string;
  /** The lake's directory. */
  readonly lake: string;
  readonly config: string;
  readonly origin: string;
}

/**
 * Rotates first.
 *
 * @param sections YAML, with one of the server
 * @param datasets YAML
 * @param rotated which of them have rows to move; all by default
 */
export async function startHttpDaemon(
  { name, url }: Pick<TestDatabase, 'name' | 'url'>,
  {
    sections,
    datasets,
    rotated = [],
  }: { sections: string; datasets: string; rotated?: readonly string[] },
): Promise<HttpDaemon> {
  // Not one that goes with the first test.
  const directory = join(process.env['TMPDIR'] ?? '/tmp', `${name}-http`);
  mkdirSync(join(directory, 'spill'), { recursive: true });
  const config = join(directory, 'unified_config.yaml');
  writeFileSync(
    config,
    `
postgres: { url: "${url}" }
lake: { type: local, path: lake, min_free: 0MB }
maintenance: { temp_dir: spill, threads: 1, memory_limit: 256MB }
${sections}
datasets:
${datasets}`,
  );
  const start = (argv: readonly string[]): RunningTierd =>
    startTierd(process.execPath, [TIERD, ...argv], directory, { SECRET_OF_TESTS: SECRET });
  for (const argv of [['migrate'], ['rotate', ...rotated, '--force', '--quiet']]) {
    const { ended, stderr } = start(argv);
    expect(await ended, stderr()).toBe(0);
  }
  const daemon = start(['run']);
  const origin = await whenServing(daemon);
  return { process: daemon, directory, lake: join(directory, 'lake'), config, origin };
}

/** Stopped in order, it has told no secret, whatever was tried, and left nothing where queries spill. */
export async function endHttpDaemon({ process: daemon, directory }: HttpDaemon): Promise<void> {
  await stopped(daemon);
  for (const secret of [SECRET, ...Object.values(TOKENS)]) {
    expect(daemon.stderr()).not.toContain(secret);
  }
  expect(readdirSync(join(directory, 'spill'))).toEqual([]);
  rmSync(directory, { recursive: true });
}

/** Of every file in the lake and its path. */
export function lakeDigest({ lake }: HttpDaemon): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(lake, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .sort()) {
    hash.update(entry).update(readFileSync(entry));
  }
  return hash.digest('hex');
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** With the query token, unless the headers have another. */
export async function fetchWithToken(
  url: string,
  { headers, ...more }: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
): Promise<Answered> {
  const response = await fetch(url, {
    ...more,
    headers: { authorization: `Bearer ${TOKENS.query}`, ...headers },
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
