/** What the running daemon goes by, which may be another configuration than the file's. */
import type { TierdConfig } from '../../config/load.ts';
import { TierdError } from '../../domain/errors.ts';
import type { StatusDocument } from '../../http/status-document.ts';
import { askStatus } from './ask-status.ts';

export type FoundDaemon =
  | { readonly status: StatusDocument }
  /** Why nobody could be asked, in words. */
  | { readonly status: null; readonly reason: string };

/** Never throws for a daemon that is not there: what the file says is shown then. */
export async function lookForDaemon({ server, daemon }: TierdConfig): Promise<FoundDaemon> {
  try {
    const status = await askStatus(server, 'what the file has is shown');
    if (status.owner === daemon.owner) return { status };
    return { status: null, reason: `the daemon that answers is of the owner ${status.owner}` };
  } catch (error) {
    if (!(error instanceof TierdError)) throw error;
    const reason = error.code === 'USAGE' ? 'server.port is not set' : error.message;
    return { status: null, reason };
  }
}
