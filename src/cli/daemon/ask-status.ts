/** Asks the running daemon how it is: costs it nothing, and changes nothing. */
import type { ServerConfig } from '../../config/server-section.ts';
import { TierdError } from '../../domain/errors.ts';
import type { StatusDocument } from '../../http/status-document.ts';

const PATIENCE_MS = 10_000;

/**
 * Throws USAGE where no page is configured, DAEMON_UNREACHABLE when nobody answers, DAEMON_REFUSED
 * with what the daemon said.
 *
 * @param otherwise what a person has without a daemon, for the hint
 */
export async function askStatus(
  server: ServerConfig | undefined,
  otherwise: string,
): Promise<StatusDocument> {
  if (server === undefined || server.port === 0) {
    throw new TierdError({
      code: 'USAGE',
      message: 'the configuration does not say where the daemon tells how it is',
      hint: `set server.port and restart the daemon; ${otherwise}`,
    });
  }
  const host = server.host.includes(':') ? `[${server.host}]` : server.host;
  const place = `${host}:${String(server.port)}`;
  const token = server.statusToken ?? server.controlToken;
  let response: Response;
  try {
    response = await fetch(`http://${place}/status`, {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch (cause) {
    throw new TierdError({
      code: 'DAEMON_UNREACHABLE',
      message: `no daemon answers at ${place}`,
      hint: `is \`tierd run\` up on this machine? ${otherwise.charAt(0).toUpperCase()}${otherwise.slice(1)}.`,
      cause,
    });
  }
  if (!response.ok) {
    throw new TierdError({
      code: 'DAEMON_REFUSED',
      message: `the daemon at ${place} did not tell its status: HTTP ${String(response.status)}`,
      hint: 'server.status_token must be the one that the daemon was started with',
      context: { status: response.status },
    });
  }
  return (await response.json()) as StatusDocument;
}
