import type pg from 'pg';
import type { TierdConfig } from '../config/load.ts';
import { connect, disconnect } from '../hot/connect.ts';

/** Runs `work` on a connection past any pooler, which is closed whatever happens. */
export async function withDirectConnection<Result>(
  { postgres }: TierdConfig,
  job: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const { directUrl: url, connectTimeoutMs } = postgres;
  const client = await connect({ url, job, connectTimeoutMs });
  try {
    return await work(client);
  } finally {
    await disconnect(client);
  }
}
