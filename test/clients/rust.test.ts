/** The driver of Rust gets over the PostgreSQL face what it gets of PostgreSQL itself. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'vitest';
import { expectAlike, type FacePlace } from '../support/face-clients.ts';
import { SESSION } from './session.ts';

const cargo = process.env['TIERD_TEST_CARGO'];

it.skipIf(cargo === undefined)('tokio-postgres gets what PostgreSQL gives it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tierd-rust-'));
  cpSync(join(import.meta.dirname, 'rust'), folder, { recursive: true });
  execFileSync(cargo ?? '', ['build', '--quiet'], { cwd: folder });
  const query = `sslmode=disable&options=${SESSION}`;
  const order = (postgres: string, { host, port, user, password, dbname }: FacePlace): string => {
    const signedIn = `${user}:${encodeURIComponent(password)}`;
    return `${postgres}?${query}\npostgres://${signedIn}@${host}:${String(port)}/${dbname}?${query}\n`;
  };
  await expectAlike([join(folder, 'target/debug/face_clients')], order, 12);
});
