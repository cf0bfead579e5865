import type { Command } from 'commander';
import type pg from 'pg';
import { isWildcard, type PostgresFaceConfig } from '../../config/postgres-face-section.ts';
import { TierdError } from '../../domain/errors.ts';
import { formatTable } from '../../domain/table.ts';
import type { AttachPlan, AttachStep } from '../../jobs/attach.ts';
import type { CliContext, Report } from '../context.ts';
import { selectDatasets } from '../select-datasets.ts';

interface AttachFlags {
  readonly dryRun?: true;
  readonly print?: true;
  readonly inPlace?: true;
}

export function registerAttach(program: Command, context: CliContext): void {
  program
    .command('attach')
    .description('show cold rows beside hot ones inside PostgreSQL: a view for each dataset')
    .argument('[dataset...]', 'which ones; all that are configured when left out')
    .option('--in-place', 'no view: the hypertable itself reaches into the lake (TimescaleDB)')
    .option('-n, --dry-run', 'say what would happen and change nothing')
    .option('--print', 'print the SQL, for who runs it in place of tierd')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd attach\n  $ tierd attach market_data --dry-run\n  $ tierd attach --print > attach.sql\n  $ tierd attach market_data --in-place',
    )
    .action(async (names: readonly string[], flags: AttachFlags) => {
      const { datasets, postgresFace } = context.loadConfig();
      const chosen = names.length === 0 ? datasets : selectDatasets(datasets, names);
      const face = reachable(configured(postgresFace));
      const { planAttach } = await import('../../jobs/attach.ts');
      const { faceFor } = await import('../rooms/attach-rooms.ts');
      const reached = faceFor(face, flags.print === true ? PASSWORD_VARIABLE : undefined);
      const rooms = { clock: context.clock, schema: face.attach.schema };
      const task = { job: 'attach', schema: face.attach.schema } as const;
      if (flags.inPlace !== true) {
        await carryOut(context, flags, task, (db) => planAttach(rooms, db, chosen, reached));
        return;
      }
      const { assertProbed, planAttachInPlace } = await import('../../jobs/attachment/in-place.ts');
      const plan = (db: pg.Client): Promise<AttachPlan> =>
        planAttachInPlace(rooms, db, chosen, reached);
      const probe = (db: pg.Client): Promise<void> => assertProbed(db, face.attach.schema);
      await carryOut(context, flags, task, plan, probe);
    });
}

export function registerDetach(program: Command, context: CliContext): void {
  program
    .command('detach')
    .description('remove from PostgreSQL what `tierd attach` made; no row is touched')
    .argument('[dataset...]', 'which ones; all that are attached when left out')
    .option('-n, --dry-run', 'say what would happen and change nothing')
    .option('--print', 'print the SQL, for who runs it in place of tierd')
    .addHelpText('after', '\nExamples:\n  $ tierd detach\n  $ tierd detach market_data --dry-run')
    .action(async (names: readonly string[], flags: AttachFlags) => {
      const { schema } = configured(context.loadConfig().postgresFace).attach;
      const { planDetach } = await import('../../jobs/attach.ts');
      const task = { job: 'detach', schema } as const;
      await carryOut(context, flags, task, (db) => planDetach({ schema }, db, names));
    });
}

/** A password is not for stdout: whoever runs the script gives it to psql. */
const PASSWORD_VARIABLE = `:'tierd_password'`;

async function carryOut(
  context: CliContext,
  flags: AttachFlags,
  { job, schema }: { readonly job: 'attach' | 'detach'; readonly schema: string },
  plan: (db: pg.Client) => Promise<AttachPlan>,
  assertSound?: (db: pg.Client) => Promise<void>,
): Promise<void> {
  const { postgres } = context.loadConfig();
  const { lookOnly, runPlan, takeStatistics } = await import('../../jobs/attach.ts');
  const { withDirectConnection } = await import('../rooms/hot-connection.ts');
  const { assertMayChange } = await import('../../jobs/attachment/refusals.ts');
  const planOwn = async (db: pg.Client): Promise<AttachPlan> => {
    const made = await plan(db);
    await assertMayChange(db, schema, made.statements, job);
    return made;
  };
  await withDirectConnection(context, job, async (db) => {
    const doing = `${job}ing datasets in PostgreSQL`;
    if (flags.print === true) {
      const notes = flags.inPlace === true ? [NOT_TRIED] : [];
      context.report(reportScript(await lookOnly(db, doing, () => plan(db)), notes));
    } else if (flags.dryRun === true) {
      context.report(reportPlan(await lookOnly(db, doing, () => planOwn(db)), true));
    } else {
      const { assertWritable } = await import('../../hot/server/writable.ts');
      await assertWritable(db);
      const done = await runPlan(
        postgres,
        db,
        doing,
        () => planOwn(db),
        () => assertSound?.(db) ?? Promise.resolve(),
      );
      for (const failure of flags.inPlace === true ? [] : await takeStatistics(db, done)) {
        context.logger.warn(
          {},
          `no statistics of ${failure}: run \`analyze\` of it when the daemon runs, or plans of large questions may be bad`,
        );
      }
      context.report(reportPlan(done, false));
    }
  });
}

function configured(face: PostgresFaceConfig | undefined): PostgresFaceConfig {
  if (face !== undefined) return face;
  throw new TierdError({
    code: 'ATTACH_REFUSED',
    message:
      'server.postgres is not configured, and PostgreSQL would have nobody to ask; nothing was changed',
    hint: 'Configure server.postgres and start the daemon (docs/postgres-face.md).',
  });
}

function reachable(face: PostgresFaceConfig): PostgresFaceConfig {
  const { host, port } = face.attach;
  if (port !== 0 && !isWildcard(host)) return face;
  throw new TierdError({
    code: 'ATTACH_REFUSED',
    message: `PostgreSQL can't find the daemon at ${host}:${String(port)}; nothing was changed`,
    hint: 'Set server.postgres.attach.host and server.postgres.attach.port to where it finds it.',
  });
}

const WORDS: Readonly<Record<AttachStep, readonly [done: string, wouldBe: string]>> = {
  new: ['attached', 'would attach'],
  changed: ['attached anew', 'would attach anew'],
  same: ['as it was', 'stays as it is'],
  gone: ['detached', 'would detach'],
};

function reportPlan({ datasets, statements }: AttachPlan, isDry: boolean): Report {
  return {
    json: {
      dry_run: isDry,
      datasets: datasets.map(({ dataset, schema, table, step }) => ({
        dataset,
        view: formatTable({ schema, name: table }),
        step,
      })),
      statements: statements.length,
    },
    text: ({ colour }) =>
      datasets.length === 0
        ? 'Nothing is attached.'
        : datasets
            .map(({ dataset, schema, table, step }) => {
              const [done, wouldBe] = WORDS[step];
              return `${colour.green(isDry ? wouldBe : done)} ${dataset} as ${formatTable({ schema, name: table })}`;
            })
            .join('\n'),
  };
}

/** To try it writes, and is rolled back: nothing is written for what is printed. */
const NOT_TRIED =
  '-- Not tried: whether this version of TimescaleDB does what reading in place is built upon. `tierd attach --in-place` tries it first; docs/attach.md names the versions that do.';

function reportScript({ statements }: AttachPlan, notes: readonly string[]): Report {
  const lines = ['begin', 'set local search_path = pg_catalog, pg_temp', ...statements, 'commit'];
  const script =
    statements.length === 0 ? '-- Nothing has to be changed.' : `${lines.join(';\n\n')};`;
  const password = script.includes(PASSWORD_VARIABLE)
    ? [
        '-- psql -v ON_ERROR_STOP=1 -v tierd_password=… -f this-file: the password of the user in server.postgres.users',
      ]
    : [];
  const head = [...password, ...(statements.length === 0 ? [] : notes)];
  return { json: { sql: script }, text: () => [...head, script].join('\n\n') };
}
