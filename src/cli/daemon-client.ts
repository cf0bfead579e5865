/** Commands for a running daemon, over its status page. */
import type { ServerConfig } from '../config/server-section.ts';
import { TierdError } from '../domain/errors.ts';

const PATIENCE_MS = 10_000;

/**
 * @returns the document of the answer. Throws USAGE where no such page is configured,
 * DAEMON_UNREACHABLE when nobody answers, DAEMON_REFUSED with what the daemon said.
 */
export async function commandDaemon(
  server: ServerConfig | undefined,
  job: string,
  command: 'run' | 'cancel',
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
  const url = `http://${place}/v1/jobs/${encodeURIComponent(job)}/${command}`;
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
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
    message: `the daemon at ${place} did not ${command} ${job}: ${typeof detail === 'string' ? detail : `HTTP ${String(response.status)}`}`,
    hint: 'ask the daemon that leads: `tierd jobs list` names it',
    context: { status: response.status },
  });
}
