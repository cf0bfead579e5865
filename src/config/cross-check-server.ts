/** A page that anybody can reach must ask who reads. Reads the file as it is written. */
import { asRecord, type ConfigPath, formatPath } from './path.ts';
import { isLoopback, MIN_TOKEN_LENGTH, SERVER_SECRETS } from './server-section.ts';
import type { PlacedProblem } from './validate.ts';

export function checkServer(file: Readonly<Record<string, unknown>>): PlacedProblem[] {
  const server = asRecord(file['server']);
  const { host } = server;
  const has = (key: string): boolean => Object.hasOwn(server, key);
  const problems: PlacedProblem[] = [];
  for (const key of SERVER_SECRETS) {
    if (has(key) && has(`${key}_file`)) {
      const path = ['server', `${key}_file`];
      problems.push(problem(path, `stands beside ${key}`, 'only one of the two'));
    }
    const token = server[key];
    if (typeof token === 'string') problems.push(...checkToken(['server', key], token));
  }
  const isOpen = !has('status_token') && !has('status_token_file');
  if (typeof host === 'string' && !isLoopback(host) && isOpen) {
    problems.push(
      problem(
        ['server', 'host'],
        'others than this machine could read',
        'status_token or status_token_file beside it, or a loopback address',
      ),
    );
  }
  return problems;
}

/** Also for what came out of a file. Never echoes it. */
export function checkToken(path: ConfigPath, token: string): PlacedProblem[] {
  if (token.length >= MIN_TOKEN_LENGTH) return [];
  const least = `at least ${String(MIN_TOKEN_LENGTH)} characters, as from \`openssl rand -hex 32\``;
  return token === '' ? [] : [problem(path, 'is too short to be a secret', least)];
}

function problem(path: ConfigPath, message: string, expected: string): PlacedProblem {
  return { where: formatPath(path), path, message, expected };
}
