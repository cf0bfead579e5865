/** Certificates of an authority of the test's own, made where the test servers' programs are. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeRunDir } from './server-process.ts';
import { openServerTree } from './server-tree.ts';
import { isOnValkey } from './valkey.ts';

const run = promisify(execFile);

export interface Certificate {
  /** As the server that shows it names them. */
  readonly inside: { readonly cert: string; readonly key: string; readonly ca: string };
  /** As this process does. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * A certificate for 127.0.0.1 unless another name is given, of an authority that nobody else knows.
 *
 * @param days for how long it holds from now; one that is negative ran out
 */
export async function makeCertificate(
  owner: string,
  { days, name = 'IP:127.0.0.1' }: { readonly days: number; readonly name?: string },
): Promise<Certificate> {
  const tree = await openServerTree();
  const dir = join(await makeRunDir(tree.runsDir, 'certificates'), 'of');
  await mkdir(dir);
  await tree.giveTo(owner, dir);
  const at = (file: string): string => tree.inside(join(dir, file));
  const openssl = async (...argv: string[]): Promise<void> => {
    const [program = '', ...rest] = tree.command(owner, 'KILL', ['openssl', ...argv]);
    await run(program, rest);
  };
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const until = (offsetDays: number): string =>
    new Date(Date.now() + offsetDays * 86_400_000).toISOString().replace(/[-T:]|\.\d+/g, '');
  const ca = [at('ca.crt'), at('ca.key')] as const;
  await openssl(
    'req',
    '-x509',
    ...fresh,
    '-keyout',
    ca[1],
    '-out',
    ca[0],
    '-subj',
    '/CN=test authority',
  );
  await openssl(
    'req',
    '-x509',
    ...fresh,
    '-keyout',
    at('server.key'),
    '-out',
    at('server.crt'),
    '-subj',
    '/CN=test',
    '-addext',
    `subjectAltName=${name}`,
    '-CA',
    ca[0],
    '-CAkey',
    ca[1],
    '-not_before',
    until(-400),
    '-not_after',
    until(days),
  );
  const outside = {
    ca: join(dir, 'ca.crt'),
    cert: join(dir, 'server.crt'),
    key: join(dir, 'server.key'),
  };
  // The tree has the openssl; Valkey is this machine's own, and runs as the tests do.
  const isShownByValkey = owner === 'redis' && isOnValkey();
  const inTree = { cert: at('server.crt'), key: at('server.key'), ca: ca[0] };
  return { ...outside, inside: isShownByValkey ? outside : inTree };
}
