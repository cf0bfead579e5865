import type pg from 'pg';
import { connect, disconnect } from '../../hot/server/connect.ts';
import type { CliContext } from '../context.ts';
import { waitRules } from './wait-rules.ts';

/** Runs `work` on a connection past any pooler, which is closed whatever happens. */
export async function withDirectConnection<Result>(
  context: CliContext,
  job: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const config = context.loadConfig();
  const { directUrl: url, connectTimeoutMs } = config.postgres;
  const waits = waitRules(config, context);
  const client = await connect({ url, job, connectTimeoutMs, waits });
  try {
    return await work(client);
  } finally {
    await disconnect(client);
  }
}
