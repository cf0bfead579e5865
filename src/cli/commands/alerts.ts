import { hostname } from 'node:os';
import type { Command } from 'commander';
import type { Receiver, Sent } from '../../daemon/alerts/receiver.ts';
import type { Notification } from '../../domain/alert.ts';
import { EXIT, TierdError } from '../../domain/errors.ts';
import type { CliContext, Report } from '../context.ts';

export function registerAlerts(program: Command, context: CliContext): void {
  const alerts = program
    .command('alerts')
    .description('whom the daemon tells by itself when something is wrong')
    .addHelpText('after', '\nExample:\n  $ tierd alerts test');

  alerts
    .command('test')
    .description('send a test alert to every receiver, and say what each answered')
    .argument('[receiver...]', 'only these')
    .addHelpText('after', '\nExamples:\n  $ tierd alerts test\n  $ tierd alerts test ops --json')
    .action((names: string[]) => test(context, names));
}

async function test(context: CliContext, names: readonly string[]): Promise<void> {
  const { receiversOf } = await import('../daemon/alert-receivers.ts');
  const config = context.loadConfig();
  const holder = `${hostname()}:${String(process.pid)}`;
  const all = receiversOf(config, context, { owner: config.daemon.owner, holder });
  const chosen = choose(all, names);
  const now = context.clock.now();
  const notification: Notification = {
    event: 'test',
    atMs: now,
    alert: {
      id: `test:${holder}`,
      kind: 'test',
      severity: 'warning',
      subject: holder,
      message: 'somebody tries out whether alerts arrive; nothing is wrong',
      sinceMs: now,
    },
  };
  const results = await Promise.all(
    chosen.map(async ({ name, send }) => ({
      name,
      sent: await send(notification, context.signal),
    })),
  );
  context.report(reportTest(results));
}

function choose(all: readonly Receiver[], names: readonly string[]): readonly Receiver[] {
  const known = all.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (all.length === 0 || unknown.length > 0) {
    throw new TierdError({
      code: 'USAGE',
      message:
        all.length === 0
          ? 'no receiver of alerts is configured; nothing was sent'
          : `there is no receiver ${unknown.join(', ')}; nothing was sent`,
      hint:
        all.length === 0
          ? 'add one under alerts.webhooks or alerts.commands: docs/configuration.md'
          : `there are ${known.join(', ')}`,
    });
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

function reportTest(results: readonly { readonly name: string; readonly sent: Sent }[]): Report {
  const answerOf = (sent: Sent): string => (sent.ok ? sent.answer : sent.reason);
  return {
    json: {
      receivers: results.map(({ name, sent }) => ({
        receiver: name,
        delivered: sent.ok,
        answer: answerOf(sent),
      })),
    },
    text: ({ colour }) =>
      results
        .map(({ name, sent }) => {
          const word = sent.ok ? colour.green('ok') : colour.red('failed');
          return `${word} ${name}: ${answerOf(sent)}`;
        })
        .join('\n'),
    exitCode: results.every(({ sent }) => sent.ok) ? EXIT.done : EXIT.failed,
  };
}
