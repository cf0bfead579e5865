/** Where a lake is to lie: the `lake` section of another configuration file. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { LakeConfig } from '../../config/lake-section.ts';
import { loadConfig } from '../../config/load.ts';
import { TierdError } from '../../domain/errors.ts';
import type { CopyRooms, CopyTarget } from '../../jobs/lake-copy/rooms.ts';
import type { CliContext } from '../context.ts';
import { fileSystemOf, openLake } from './open-lake.ts';
import { composeByHand } from './rooms.ts';

export interface LakeMove {
  readonly rooms: CopyRooms;
  readonly db: pg.Client;
  readonly target: CopyTarget;
  /** The file that names it, as an absolute path. */
  readonly file: string;
}

/** @throws TierdError USAGE, CONFIG_INVALID of either file */
export async function withLakeMove<Result>(
  context: CliContext,
  job: string,
  to: string,
  work: (move: LakeMove) => Promise<Result>,
): Promise<Result> {
  const { disconnect } = await import('../../hot/server/connect.ts');
  const { lake: from } = context.loadConfig();
  assertFile(to);
  const { env, workingDirectory } = context;
  const { lake, file } = loadConfig({ file: to, env, workingDirectory });
  assertOnePlace(lake, to);
  assertApart(from, lake, to);
  if (from.far !== null) assertApart(from.far, lake, to);
  const target: CopyTarget = {
    store: await openLake({ lake }),
    fileSystem: fileSystemOf(lake),
    isLocal: lake.type === 'local',
    minFreeBytes: lake.minFreeBytes,
  };
  const rooms: CopyRooms = {
    ...(await composeByHand(context, job)),
    newId: randomUUID,
    signal: context.signal,
  };
  const db = await rooms.connect('work');
  try {
    return await work({ rooms, db, target, file });
  } finally {
    await disconnect(db);
  }
}

function assertFile(to: string): void {
  if (!to.includes('://')) return;
  throw new TierdError({
    code: 'USAGE',
    message: `--to names a configuration file, and ${to} is none; nothing was done.`,
    hint: 'copy your configuration, let `lake` in the copy name the new place with all its settings, and give that file: it is the configuration that you go on with after the switch',
  });
}

/** Which of its segments are to lie far is for `tierd tier` to say, once it is a lake. */
function assertOnePlace({ far }: LakeConfig, file: string): void {
  if (far === null) return;
  throw new TierdError({
    code: 'USAGE',
    message: `${file} has a far place, and a copy of a lake is of one place; nothing was done.`,
    hint: `take \`lake.far\` and \`far_days\` out of ${file} until the lake is switched; then put in a far place of its own: the one of the old lake belongs to that`,
  });
}

/** One within the other would be listed, and removed, with it. */
function assertApart(from: LakeConfig, to: LakeConfig, file: string): void {
  const [inside, outside] = [wayTo(from), wayTo(to)].sort((a, b) => b.length - a.length);
  if (inside === undefined || outside === undefined || inside === outside) return;
  if (!inside.startsWith(outside)) return;
  throw new TierdError({
    code: 'USAGE',
    message: `of the two lakes, ${wayTo(from)} and ${wayTo(to)}, one lies within the other; nothing was done.`,
    hint: `name a place of its own in the \`lake\` section of ${file}`,
  });
}

function wayTo(lake: LakeConfig): string {
  if (lake.type === 'local') return `${lake.root}/`;
  const { endpoint, bucket, prefix } = lake.target;
  return `${endpoint ?? 's3:/'}/${bucket}/${prefix === '' ? '' : `${prefix}/`}`;
}
