import type { Command } from 'commander';
import type { CliContext } from '../context.ts';

export function registerRun(program: Command, context: CliContext): void {
  program
    .command('run')
    .description('the daemon: run every job on its schedule, or stand by while another does')
    .addHelpText(
      'after',
      `
Signals:
  SIGTERM, SIGINT  stop: jobs end their step or roll it back; a second one stops at once
  SIGHUP           read the configuration again; one with a problem changes nothing

Example:
  $ tierd run --config /etc/tierd/unified_config.yaml`,
    )
    .action(async () => {
      const { runDaemon } = await import('../daemon/run.ts');
      await runDaemon(context);
    });
}
