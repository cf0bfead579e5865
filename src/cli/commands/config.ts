import type { Command } from 'commander';
import { stringify as toYaml } from 'yaml';
import { withInherited } from '../../config/datasets-section.ts';
import { configJsonSchema, editorSchema } from '../../config/json-schema.ts';
import { type CheckedFile, readConfig, type TierdConfig } from '../../config/load.ts';
import { redact } from '../../config/redact.ts';
import type { CliContext } from '../context.ts';
import { jobsOf } from '../daemon/jobs.ts';
import { stringify } from '../terminal/errors.ts';

export function registerConfig(program: Command, context: CliContext): void {
  const config = program
    .command('config')
    .description('check, print or describe the configuration file')
    .addHelpText('after', '\nExamples:\n  $ tierd config check\n  $ tierd config print');

  config
    .command('check')
    .description('read the configuration and report every problem in it')
    .addHelpText(
      'after',
      '\nExample:\n  $ tierd config check --config /etc/tierd/unified_config.yaml',
    )
    .action(() => {
      const { file, datasets } = context.loadConfig();
      const names = datasets.map(({ name }) => name);
      context.report({
        json: { ok: true, file, datasets: names },
        text: ({ colour }) => `${colour.green('ok')} ${file}: ${names.join(', ')}`,
      });
    });

  config
    .command('print')
    .description(
      'print the configuration as tierd understands it, defaults included, secrets hidden',
    )
    .addHelpText('after', '\nExamples:\n  $ tierd config print\n  $ tierd config print --json')
    .action(() => {
      const { file, document } = effective(readFrom(context));
      context.report({
        json: { file, config: document },
        text: () => `# ${file}\n${toYaml(document).trimEnd()}`,
      });
    });

  for (const { what, of } of NAMED) {
    config
      .command(what)
      .description(`print the names of the ${what}, one a line`)
      .addHelpText('after', `\nExample:\n  $ tierd config ${what}`)
      .action(() => {
        const names = of(context.loadConfig());
        context.report({ json: names, text: () => names.join('\n') });
      });
  }

  config
    .command('schema')
    .description('print the JSON Schema of the configuration, for editors')
    .addHelpText('after', '\nExample:\n  $ tierd config schema > unified_config.schema.json')
    .action(() => {
      const schema = editorSchema();
      context.report({ json: schema, text: () => stringify(schema, 2) });
    });
}

/** What shells complete names with. */
const NAMED: readonly {
  readonly what: string;
  readonly of: (config: TierdConfig) => readonly string[];
}[] = [
  { what: 'datasets', of: ({ datasets }) => datasets.map(({ name }) => name) },
  { what: 'sources', of: ({ drain }) => drain.sources.map(({ name }) => name) },
  { what: 'jobs', of: (config) => jobsOf(config).map(({ name }) => name) },
];

function readFrom(context: CliContext): CheckedFile {
  const { env, workingDirectory, options } = context;
  return readConfig({ file: options.config, env, workingDirectory });
}

/** What holds for each dataset stands with it, so that nobody has to work out what it inherits. */
function effective({ file, config }: CheckedFile): { file: string; document: unknown } {
  const datasets = Object.fromEntries(
    Object.entries(config.datasets).map(([name, dataset]) => [
      name,
      withInherited({ ...dataset, table: dataset.table ?? name }, config.storage),
    ]),
  );
  return { file, document: redact({ ...config, datasets }, configJsonSchema()) };
}
