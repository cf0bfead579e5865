/** The receivers of alerts as the configuration has them. */
import { hostname } from 'node:os';
import type { TierdConfig } from '../../config/load.ts';
import type { Receiver, Sender } from '../../daemon/alerts/receiver.ts';
import { commandSender } from '../../daemon/alerts/run-command.ts';
import { webhookSender } from '../../daemon/alerts/send-webhook.ts';
import { describeDatabase } from '../../hot/server/connect.ts';
import type { CliIo } from '../context.ts';

export function receiversOf(
  { alerts, postgres }: TierdConfig,
  io: Pick<CliIo, 'env' | 'workingDirectory'>,
  daemon: Pick<Sender, 'owner' | 'holder'>,
): readonly Receiver[] {
  const { timeoutMs } = alerts;
  const sender = { ...daemon, host: hostname(), database: describeDatabase(postgres.url) };
  const { env, workingDirectory } = io;
  return [
    ...alerts.webhooks.map(({ kinds, ...webhook }) => ({
      name: webhook.name,
      kinds,
      send: webhookSender({ ...webhook, timeoutMs }, sender),
    })),
    ...alerts.commands.map(({ kinds, ...command }) => ({
      name: command.name,
      kinds,
      send: commandSender({ ...command, timeoutMs, env, workingDirectory }, sender),
    })),
  ];
}
