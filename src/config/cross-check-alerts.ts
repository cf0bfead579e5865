/** Each receiver has one name and one place. Reads the file as it is written. */
import { RECEIVER_NAME, RECEIVER_NAME_EXPECTED } from './alerts-section.ts';
import { asRecord, type ConfigPath, formatPath } from './path.ts';
import type { PlacedProblem } from './validate.ts';

export function checkAlerts(file: Readonly<Record<string, unknown>>): PlacedProblem[] {
  const alerts = asRecord(file['alerts']);
  const webhooks = asRecord(alerts['webhooks']);
  const commands = asRecord(alerts['commands']);
  return [
    ...Object.entries(webhooks).flatMap(([name, value]) => checkWebhook(name, asRecord(value))),
    ...Object.keys(commands)
      .filter((name) => Object.hasOwn(webhooks, name))
      .map((name) =>
        problem(['alerts', 'commands', name], 'a webhook has this name too', 'another name'),
      ),
    ...[...named('webhooks', webhooks), ...named('commands', commands)],
  ];
}

function named(group: string, receivers: Readonly<Record<string, unknown>>): PlacedProblem[] {
  return Object.keys(receivers)
    .filter((name) => !RECEIVER_NAME.test(name))
    .map((name) => {
      const path = ['alerts', group, name];
      const found = JSON.stringify(name);
      return { where: formatPath(path), path, found, expected: RECEIVER_NAME_EXPECTED };
    });
}

function checkWebhook(name: string, webhook: Readonly<Record<string, unknown>>): PlacedProblem[] {
  const path = ['alerts', 'webhooks', name];
  const has = (key: string): boolean => Object.hasOwn(webhook, key);
  if (has('url') && has('url_file')) {
    return [problem([...path, 'url_file'], 'stands beside url', 'only one of the two')];
  }
  if (!has('url') && !has('url_file')) {
    return [problem(path, 'says nowhere to send to', 'url or url_file')];
  }
  const { url } = webhook;
  return typeof url === 'string' ? checkWebhookUrl([...path, 'url'], url) : [];
}

/** Also for what came out of a file. Never echoes it: whoever knows it can speak in its channel. */
export function checkWebhookUrl(path: ConfigPath, url: string): PlacedProblem[] {
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return [];
  const found = 'something that is not such a URL';
  return [{ where: formatPath(path), path, found, expected: 'https://… or http://…' }];
}

function problem(path: ConfigPath, message: string, expected: string): PlacedProblem {
  return { where: formatPath(path), path, message, expected };
}
