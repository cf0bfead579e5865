/** Commands for a running daemon, over its status page. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ServerConfig } from '../../config/server-section.ts';
import { TierdError } from '../../domain/errors.ts';

const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 500;

/**
 * @returns the document of the answer. Throws USAGE where no such page is configured,
 * DAEMON_UNREACHABLE when nobody answers, DAEMON_REFUSED with what the daemon said.
 */
export function commandDaemon(
  server: ServerConfig | undefined,
  job: string,
  command: 'run' | 'cancel',
): Promise<unknown> {
  const path = `/v1/jobs/${encodeURIComponent(job)}/${command}`;
  return ask(server, 'POST', path, `${command} ${job}`);
}

export interface FoundDryRun {
  readonly id: string;
  readonly command: string;
  readonly state: string;
  readonly error_message: string | null;
  readonly result: unknown;
}

/** Begins a dry run and waits for its end. Throws as `commandDaemon`, and what `signal` aborts with. */
export async function awaitDryRun(
  server: ServerConfig | undefined,
  job: string,
  signal: AbortSignal,
): Promise<FoundDryRun> {
  const path = `/v1/jobs/${encodeURIComponent(job)}/run?dry_run=true`;
  const doing = `run ${job} --dry-run`;
  const { dry_run: id } = (await ask(server, 'POST', path, doing)) as { readonly dry_run: string };
  for (;;) {
    const found = (await ask(server, 'GET', `/v1/dry-runs/${id}`, doing)) as FoundDryRun;
    if (found.state !== 'running') return found;
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
}

async function ask(
  server: ServerConfig | undefined,
  method: 'GET' | 'POST',
  path: string,
  doing: string,
): Promise<unknown> {
  if (server === undefined || server.port === 0 || server.controlToken === null) {
    throw new TierdError({
      code: 'USAGE',
      message: 'the configuration does not say how to command the daemon; nothing was done',
      hint: 'set server.port and server.control_token (or control_token_file), and restart the daemon',
    });
  }
  const host = server.host.includes(':') ? `[${server.host}]` : server.host;
  const place = `${host}:${String(server.port)}`;
  let response: Response;
  try {
    response = await fetch(`http://${place}${path}`, {
      method,
      headers: { authorization: `Bearer ${server.controlToken}` },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch (cause) {
    throw new TierdError({
      code: 'DAEMON_UNREACHABLE',
      message: `no daemon answers at ${place}; nothing was done`,
      hint: 'is `tierd run` up on this machine, with this configuration? See `tierd jobs list`.',
      cause,
    });
  }
  const document: unknown = await response.json().catch(() => null);
  if (response.ok) return document;
  const { detail } = (document ?? {}) as { readonly detail?: unknown };
  throw new TierdError({
    code: 'DAEMON_REFUSED',
    message: `the daemon at ${place} did not ${doing}: ${typeof detail === 'string' ? detail : `HTTP ${String(response.status)}`}`,
    hint: 'ask the daemon that leads: `tierd jobs list` names it',
    context: { status: response.status },
  });
}
