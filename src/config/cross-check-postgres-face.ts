/** Whoever can reach the PostgreSQL port must prove who it is, and beyond this machine encrypted. */
import { checkToken } from './cross-check-server.ts';
import { asRecord, type ConfigPath, formatPath, isRecord } from './path.ts';
import { isLoopback } from './server-section.ts';
import type { PlacedProblem } from './validate.ts';

const AT: ConfigPath = ['server', 'postgres'];

export function checkPostgresFace(file: Readonly<Record<string, unknown>>): PlacedProblem[] {
  const face = asRecord(file['server'])['postgres'];
  if (!isRecord(face)) return [];
  const users = asRecord(face['users']);
  return [...checkTls(face), ...checkUsers(users), ...checkAttach(asRecord(face['attach']), users)];
}

function checkAttach(
  { user }: Readonly<Record<string, unknown>>,
  users: Readonly<Record<string, unknown>>,
): PlacedProblem[] {
  if (typeof user !== 'string' || Object.hasOwn(users, user)) return [];
  const names = Object.keys(users).join(', ');
  return [
    problem([...AT, 'attach', 'user'], `is no user of this port: ${user}`, `one of ${names}`),
  ];
}

function checkTls(face: Readonly<Record<string, unknown>>): PlacedProblem[] {
  const { host } = face;
  const keys = ['tls_cert_file', 'tls_key_file'];
  const given = keys.filter((key) => Object.hasOwn(face, key));
  const missing = keys.find((key) => !given.includes(key));
  if (given.length === 1 && missing !== undefined) {
    return [problem([...AT, ...given], 'stands alone', `${missing} beside it`)];
  }
  if (given.length === 2 || typeof host !== 'string' || isLoopback(host)) return [];
  return [
    problem(
      [...AT, 'host'],
      'what is asked and answered could be read on its way',
      'tls_cert_file and tls_key_file beside it, or a loopback address',
    ),
  ];
}

function checkUsers(users: Readonly<Record<string, unknown>>): PlacedProblem[] {
  const names = Object.keys(users);
  if (names.length === 0) {
    return [problem([...AT, 'users'], 'nobody could ask', 'at least one user with a password')];
  }
  return names.flatMap((name) => {
    const user = asRecord(users[name]);
    const path = [...AT, 'users', name];
    const { password } = user;
    const hasFile = Object.hasOwn(user, 'password_file');
    if (password !== undefined && hasFile) {
      return [problem([...path, 'password_file'], 'stands beside password', 'only one of the two')];
    }
    if (password === undefined && !hasFile) {
      return [problem(path, 'has no password', 'password or password_file')];
    }
    return typeof password === 'string' ? checkToken([...path, 'password'], password) : [];
  });
}

function problem(path: ConfigPath, message: string, expected: string): PlacedProblem {
  return { where: formatPath(path), path, message, expected };
}
