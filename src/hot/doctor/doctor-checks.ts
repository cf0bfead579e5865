/** What `tierd doctor` says of the hot store: every check is looked at, whatever the others found. */
import type pg from 'pg';
import type { Check } from '../../domain/check.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { TierdError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/time/clock.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import { judgeCertificate, judgeCleartext, transportOf } from '../../domain/transport.ts';
import { connect, describeClient, disconnect, socketOf } from '../server/connect.ts';
import { isPooled } from '../server/pooler.ts';
import type { Queryable } from '../sql.ts';
import { inTransaction } from '../transaction.ts';
import { checkDataset } from './doctor-dataset.ts';
import { checkServer } from './doctor-server.ts';

export interface HotStoreTarget {
  readonly url: string;
  /** Past any pooler; the same as `url` where there is none. */
  readonly directUrl: string;
  readonly connectTimeoutMs: number;
  readonly datasets: readonly Dataset[];
  readonly clock: Clock;
  /** How many sources of the live store are drained at once. */
  readonly sources: number;
  /** The time of which the lake has rows, as the ledger says, if there is one. */
  readonly coldRanges: (db: Queryable, dataset: string) => Promise<readonly TimeRange[]>;
}

/** Changes nothing. Never throws for what it finds: a server that is not there is a check too. */
export async function checkHotStore(target: HotStoreTarget): Promise<readonly Check[]> {
  const checks: Check[] = [];
  const open = await tryConnect('postgres_connection', target, target.url);
  checks.push(open.check);
  if (open.client === null) return checks;
  const { client } = open;
  try {
    const server = await reading(client, () => checkServer(client, target));
    checks.push(...checkTransport(client, target.clock));
    checks.push(...(await checkPooling(target, client)), ...server);
    for (const dataset of target.datasets) {
      checks.push(...(await datasetChecks(client, dataset, target)));
    }
  } catch (error) {
    checks.push(failed('postgres', error));
  } finally {
    await disconnect(client);
  }
  return checks;
}

interface OpenConnection {
  readonly check: Check;
  readonly client: pg.Client | null;
}

async function tryConnect(
  name: string,
  { connectTimeoutMs }: HotStoreTarget,
  url: string,
): Promise<OpenConnection> {
  try {
    const client = await connect({ url, job: 'doctor', connectTimeoutMs });
    return { client, check: { name, status: 'ok', found: describeClient(client) } };
  } catch (error) {
    return { client: null, check: failed(name, error) };
  }
}

/** Nothing where the line is encrypted and the certificate holds for long. */
function checkTransport(client: pg.Client, clock: Clock): readonly Check[] {
  const transport = transportOf(socketOf(client));
  const advice = 'set ssl = on in postgresql.conf, and postgres.ssl: verify-full here';
  const certificate = 'the certificate of PostgreSQL';
  return [
    ...judgeCleartext('postgres_tls', transport, advice),
    ...judgeCertificate(
      'postgres_certificate',
      certificate,
      transport.certificateUntil,
      clock.now(),
    ),
  ];
}

/** Each in a transaction of its own: one that fails must not take the others along. */
async function datasetChecks(
  client: pg.Client,
  dataset: Dataset,
  { clock, coldRanges }: HotStoreTarget,
): Promise<readonly Check[]> {
  try {
    const readCold = () => coldRanges(client, dataset.name);
    return await reading(client, () => checkDataset(client, dataset, clock, readCold));
  } catch (error) {
    return [failed(`dataset:${dataset.name}`, error)];
  }
}

/** Jobs work through a pooler; VACUUM and its session settings do not. */
async function checkPooling(target: HotStoreTarget, client: pg.Client): Promise<readonly Check[]> {
  const name = 'postgres_pooler';
  if (!(await isPooled(client))) return [{ name, status: 'ok', found: 'none' }];
  const advice = 'set postgres.direct_url to the server itself, past the pooler';
  if (target.directUrl === target.url) {
    const found = 'a pooler (PgBouncer or its like) stands between, and there is no direct_url';
    return [{ name, status: 'error', found, advice }];
  }
  const direct = await tryConnect('postgres_direct_connection', target, target.directUrl);
  if (direct.client === null) return [direct.check];
  try {
    return (await isPooled(direct.client))
      ? [{ name, status: 'error', found: 'direct_url leads to a pooler too', advice }]
      : [direct.check, { name, status: 'ok', found: 'a pooler, and a direct_url past it' }];
  } finally {
    await disconnect(direct.client);
  }
}

function reading<Result>(client: pg.Client, work: () => Promise<Result>): Promise<Result> {
  const options = { doing: 'looking', isolation: 'read committed', readOnly: true } as const;
  return inTransaction(client, options, work);
}

function failed(name: string, error: unknown): Check {
  const found = error instanceof Error ? error.message : String(error);
  const hint = error instanceof TierdError ? error.hint : undefined;
  return { name, status: 'error', found, ...(hint === undefined ? {} : { advice: hint }) };
}
