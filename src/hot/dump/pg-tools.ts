/** pg_dump and pg_restore as they are installed here. */
import { join } from 'node:path';
import { TierdError } from '../../domain/errors.ts';
import { printedBy } from './run-program.ts';

export interface PgPrograms {
  /** Null: wherever PATH finds them. */
  readonly directory: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface PgTool {
  readonly program: string;
  /** `17.5` */
  readonly version: string;
  readonly major: number;
  readonly env: PgPrograms['env'];
}

/**
 * One older than the server can't dump it; a newer one can.
 *
 * @param major the least that will do
 * @throws TierdError BACKUP_TOOL_UNFIT
 */
export async function findTool(
  { directory, env }: PgPrograms,
  name: 'pg_dump' | 'pg_restore',
  major: number,
  signal: AbortSignal,
): Promise<PgTool> {
  const program = directory === null ? name : join(directory, name);
  const said = await printedBy({ program, args: ['--version'], env, signal });
  const version = /\b(\d+(?:\.\d+)*(?:devel|beta\d+|rc\d+)?)/.exec(said)?.[1] ?? '';
  const found = Number.parseInt(version, 10);
  if (found >= major) return { program, version, major: found, env };
  throw new TierdError({
    code: 'BACKUP_TOOL_UNFIT',
    message: `${program} is of version ${version === '' ? `"${said.trim()}"` : version}, and ${String(major)} or newer is needed; nothing was changed`,
    hint: 'install the PostgreSQL client of the server’s version, and let `backup.programs` name its directory (Debian: /usr/lib/postgresql/17/bin)',
    context: { program, found: version, needed: major },
  });
}

/** @param versionNumber `170005` */
export function majorOf(versionNumber: number): number {
  return Math.floor(versionNumber / 10_000);
}
