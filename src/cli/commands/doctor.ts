import type { Command } from 'commander';
import { checkExposedSecrets } from '../../config/exposed-secrets.ts';
import type { TierdConfig } from '../../config/load.ts';
import type { Check } from '../../domain/check.ts';
import { EXIT } from '../../domain/errors.ts';
import type { CliContext, Report } from '../context.ts';
import type { Style } from '../terminal/style.ts';

interface DoctorFlags {
  readonly grants?: true;
  readonly role?: string;
}

export function registerDoctor(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .description(
      'check connections, versions, permissions, hazards, disk and clock, and say what to do',
    )
    .option('--grants', 'print the SQL that gives the role of postgres.url what it needs, no more')
    .option('--role <name>', 'with --grants: for this role')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd doctor\n  $ tierd doctor --json\n  $ tierd doctor --grants',
    )
    .action(async (flags: DoctorFlags) => {
      const config = context.loadConfig();
      if (flags.grants === true) {
        const script = await grantsFor(config, flags.role);
        context.report({ json: { sql: script }, text: () => script.trimEnd() });
        return;
      }
      const { examine } = await import('../../jobs/doctor.ts');
      const { composeLiveChecks } = await import('../rooms/live-rooms.ts');
      const { connector } = await import('../rooms/rooms.ts');
      const { openLake } = await import('../rooms/open-lake.ts');
      const rooms = {
        connect: connector(context, 'doctor'),
        openStore: () => openLake(config),
        clock: context.clock,
        hotStore: { ...config.postgres, sources: sourcesAtOnce(config) },
        minFreeBytes: config.lake.minFreeBytes,
        live: await composeLiveChecks(context),
      };
      const checks = await examine(rooms, config.datasets);
      context.report(
        reportChecks([
          ...checks,
          ...(await examineDrain(context, checks)),
          ...(await examineAttached(context, checks)),
          ...checkExposedSecrets(config, context.env),
        ]),
      );
    });
}

function sourcesAtOnce({ drain, redis }: TierdConfig): number {
  return redis === undefined ? 0 : drain.sources.filter(({ enabled }) => enabled).length;
}

/** Without a connection: the role may not be there yet. */
async function grantsFor(
  { postgres, datasets, drain }: TierdConfig,
  role = roleOf(postgres.url),
): Promise<string> {
  const { grantsScript } = await import('../../hot/doctor/grants.ts');
  const drained = new Set(drain.sources.map(({ dataset }) => dataset.name));
  return grantsScript({
    role,
    tables: datasets.map(({ name, table, partitions }) => ({
      table,
      drained: drained.has(name),
      growsAhead: partitions !== undefined,
    })),
  });
}

const DEFAULT_ROLE = 'tierd';

function roleOf(url: string): string {
  const user = URL.canParse(url) ? decodeURIComponent(new URL(url).username) : '';
  return user === '' ? DEFAULT_ROLE : user;
}

/** The sources' side of PostgreSQL, where it can be reached. */
async function examineDrain(
  context: CliContext,
  checks: readonly Check[],
): Promise<readonly Check[]> {
  const { drain, redis } = context.loadConfig();
  // The first check is whether PostgreSQL answers.
  if (redis === undefined || checks[0]?.status === 'error') return [];
  const { examineSources } = await import('../../jobs/drain/look-at-sources.ts');
  const { composeDrain } = await import('../rooms/drain-rooms.ts');
  return examineSources(await composeDrain(context, 'doctor', () => undefined), drain.sources);
}

/** What stands inside PostgreSQL of tierd's, where a face is configured that it could ask. */
async function examineAttached(
  context: CliContext,
  checks: readonly Check[],
): Promise<readonly Check[]> {
  const { postgresFace, datasets } = context.loadConfig();
  if (postgresFace === undefined || checks[0]?.status === 'error') return [];
  const { checkAttached } = await import('../../jobs/check-attached.ts');
  const { withDirectConnection } = await import('../rooms/hot-connection.ts');
  const { faceFor } = await import('../rooms/attach-rooms.ts');
  const rooms = { clock: context.clock, schema: postgresFace.attach.schema };
  return withDirectConnection(context, 'doctor', (db) =>
    checkAttached(rooms, db, datasets, faceFor(postgresFace)),
  );
}

function reportChecks(checks: readonly Check[]): Report {
  const errors = checks.filter((check) => check.status === 'error').length;
  const warnings = checks.filter((check) => check.status === 'warning').length;
  return {
    json: { ok: errors === 0, errors, warnings, checks },
    text: (style) =>
      [
        ...checks.map((check) => renderCheck(check, style)),
        '',
        [
          counted(checks.length, 'check'),
          counted(warnings, 'warning'),
          counted(errors, 'error'),
        ].join(', '),
      ].join('\n'),
    exitCode: errors === 0 ? EXIT.done : EXIT.failed,
  };
}

function counted(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
}

const WIDEST_STATUS = 'warning'.length;

function renderCheck({ name, status, found, advice }: Check, { colour }: Style): string {
  const paint = { ok: colour.green, warning: colour.yellow, error: colour.red }[status];
  const word = paint(status.padEnd(WIDEST_STATUS));
  const indent = ' '.repeat(WIDEST_STATUS + 2);
  return [
    `${word}  ${colour.bold(name)}: ${found}`,
    ...(advice === undefined ? [] : [`${indent}→ ${advice}`]),
  ].join('\n');
}
