/** Opens the PostgreSQL face beside the daemon, where the configuration wants one. */
import { readFileSync } from 'node:fs';
import type { TierdConfig } from '../../config/load.ts';
import type { PostgresFaceConfig } from '../../config/postgres-face-section.ts';
import { TierdError } from '../../domain/errors.ts';
import { WrongSecrets } from '../../domain/wrong-secrets.ts';
import type { HotFacts } from '../../faces/postgres/face-desk.ts';
import { PostgresFace } from '../../faces/postgres/server.ts';
import { withClient } from '../../hot/server/connect.ts';
import { readServerFacts } from '../../hot/server/server-facts.ts';
import { holdSnapshot } from '../../query/held-snapshot.ts';
import type { CliContext } from '../context.ts';
import { CatalogueLine } from './catalogue-line.ts';
import type { OpenQueries } from './queries.ts';
import { connectForDaemon } from './take-lead.ts';

export interface OpenFace {
  /** Users are those of the new configuration; where it listens holds until the daemon is started anew. */
  reloaded(): void;
  close(): Promise<void>;
}

/** @throws TierdError SERVER_NOT_OPENED when the address is taken or not this machine's, or the certificate is none */
export async function openPostgresFace(
  context: CliContext,
  config: () => TierdConfig,
  queries: OpenQueries,
): Promise<OpenFace | null> {
  const { postgresFace: settings } = config();
  if (settings === undefined) return null;
  const { logger, clock } = context;
  const { host, port, users, maxConnections } = settings;
  const wrong = new WrongSecrets(clock, 'a wrong password', (found) => logger.warn({}, found));
  const catalogue = new CatalogueLine(config);
  let face: PostgresFace;
  try {
    face = await PostgresFace.open({
      host,
      port,
      users,
      maxConnections,
      tls: readTls(settings),
      desk: {
        ...queries.face,
        askHot: catalogue.ask,
        holdSnapshot: async () => {
          const { datasets, query } = config();
          const db = await connectForDaemon(config());
          return holdSnapshot(
            db,
            datasets.map(({ table }) => table),
            query.maxHoldMs,
          );
        },
        readHotFacts: keptFacts(config, () => clock.now()),
      },
      onError: (error) => logger.error({ err: error }, 'the PostgreSQL face failed'),
      onWrongPassword: (address) => wrong.note(address, 'to the PostgreSQL face'),
    });
  } catch (cause) {
    throw notOpened(settings, cause);
  }
  logger.info({}, `queries are answered in PostgreSQL's protocol at ${host}:${String(face.port)}`);
  return {
    reloaded() {
      void face.setUsers(config().postgresFace?.users ?? []);
    },
    close: async () => {
      await face.close();
      await catalogue.close();
    },
  };
}

function readTls({ tls }: PostgresFaceConfig): { cert: Buffer; key: Buffer } | null {
  if (tls === null) return null;
  return { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) };
}

/** A server's version is asked again now and then: it may have been upgraded. */
const FACTS_MS = 60_000;

function keptFacts(config: () => TierdConfig, now: () => number): () => Promise<HotFacts> {
  let kept: { readonly facts: HotFacts; readonly untilMs: number } | null = null;
  return async () => {
    if (kept !== null && now() < kept.untilMs) return kept.facts;
    const found = await withClient(() => connectForDaemon(config()), readServerFacts);
    const facts = { serverVersion: found.version, serverVersionNum: String(found.versionNumber) };
    kept = { facts, untilMs: now() + FACTS_MS };
    return facts;
  };
}

function notOpened({ host, port }: PostgresFaceConfig, cause: unknown): TierdError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new TierdError({
    code: 'SERVER_NOT_OPENED',
    message: `the PostgreSQL face could not be opened at ${host}:${String(port)} (${code ?? message}); nothing was started`,
    hint: 'choose another server.postgres.port or server.postgres.host, end what listens there, or see to server.postgres.tls_cert_file and tls_key_file',
    context: { host, port },
    cause,
  });
}
