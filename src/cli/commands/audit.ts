import type { Command } from 'commander';
import { LAKE_CHAIN, partitionsChainOf } from '../../domain/audit.ts';
import { TierdError } from '../../domain/errors.ts';
import { wholeNumber } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { exportedRecord, reportAudit, reportVerdict } from '../reports/audit-report.ts';
import { withLedger } from '../rooms/ledger.ts';
import { selectDatasets } from '../select-datasets.ts';
import { writeAll } from '../terminal/write-all.ts';

interface ListFlags {
  readonly limit: number;
}

export function registerAudit(program: Command, context: CliContext): void {
  const audit = program
    .command('audit')
    .description('what was done to the lake, by whom, and whether that log is as it was written')
    .addHelpText('after', '\nExamples:\n  $ tierd audit list market_data\n  $ tierd audit verify');

  audit
    .command('list')
    .description('the newest entries')
    .argument('[dataset]', 'of this dataset; of all, and of the lake as a whole, without it')
    .option('--limit <count>', 'at most so many', wholeNumber({ min: 1, max: 100_000 }), 50)
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd audit list\n  $ tierd audit list market_data --limit 5 --json',
    )
    .action((dataset: string | undefined, flags: ListFlags) => list(context, dataset, flags));

  audit
    .command('verify')
    .description('read all of it, and hold it against the heads that lie in the lake')
    .addHelpText('after', '\nExamples:\n  $ tierd audit verify\n  $ tierd audit verify --json')
    .action(() => verify(context));

  audit
    .command('export')
    .description('print all of it, oldest first, an entry with its hash on each line')
    .argument('[dataset]', 'of this dataset; of all, and of the lake as a whole, without it')
    .addHelpText('after', '\nExample:\n  $ tierd audit export > audit.ndjson')
    .action((dataset: string | undefined) => exportAll(context, dataset));
}

async function list(
  context: CliContext,
  dataset: string | undefined,
  { limit }: ListFlags,
): Promise<void> {
  const chains = chainsOf(context, dataset);
  const { listAudit } = await import('../../ledger/audit.ts');
  await withLedger(context, 'audit', async (db) => {
    context.report(reportAudit(await listAudit(db, { chains, limit })));
  });
}

async function verify(context: CliContext): Promise<void> {
  const { verifyAudit } = await import('../../jobs/audit/verify-audit.ts');
  const { openLake } = await import('../rooms/open-lake.ts');
  const store = await openLake(context.loadConfig());
  await withLedger(context, 'audit', async (db) => {
    context.report(reportVerdict(await verifyAudit({ store }, db)));
  });
}

const PAGE = 1_000;

async function exportAll(context: CliContext, dataset: string | undefined): Promise<void> {
  if (context.options.json === true) {
    throw new TierdError({
      code: 'USAGE',
      message: '`tierd audit export` prints a JSON object on each line; nothing was done.',
      hint: 'Leave out --json; `tierd audit list --json` prints one document.',
    });
  }
  const chains = chainsOf(context, dataset);
  const { listAuditHeads, readAudit } = await import('../../ledger/audit.ts');
  await withLedger(context, 'audit', async (db) => {
    const heads = await listAuditHeads(db);
    for (const head of heads.filter(({ chain }) => chains?.includes(chain) ?? true)) {
      for (let after = 0n; after < head.number; ) {
        const records = await readAudit(db, { chain: head.chain, after, limit: PAGE });
        const last = records.at(-1);
        if (last === undefined) break;
        after = last.number;
        await writeAll(
          context.stdout,
          records.map((record) => exportedRecord(head.chain, record)).join(''),
          context.signal,
        );
      }
    }
  });
}

/** Null is all of them. */
function chainsOf(context: CliContext, dataset: string | undefined): readonly string[] | null {
  const { datasets } = context.loadConfig();
  if (dataset === undefined) return null;
  if (dataset === LAKE_CHAIN) return [dataset];
  selectDatasets(datasets, [dataset]);
  return [dataset, partitionsChainOf(dataset)];
}
