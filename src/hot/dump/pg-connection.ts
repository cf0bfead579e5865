/** A connection URL as libpq's programs take it: without what only the driver knows, and the password in nobody's list of processes. */
export interface PgConnection {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Of the driver, whose words libpq refuses. */
const DRIVERS_OWN: readonly string[] = ['uselibpqcompat'];
/** What a setting of the environment may say that the URL does not. */
const KEPT: ReadonlySet<string> = new Set(['PGPASSWORD', 'PGPASSFILE', 'PGSYSCONFDIR']);

/** @param url empty to take everything from the environment */
export function pgConnection(
  url: string,
  env: Readonly<Record<string, string | undefined>>,
): PgConnection {
  if (url === '') return { args: [], env: { ...env, PGAPPNAME: 'tierd/backup' } };
  const own = new URL(url);
  const password = decodeURIComponent(own.password);
  own.password = '';
  for (const name of DRIVERS_OWN) own.searchParams.delete(name);
  const mode = own.searchParams.get('sslmode') ?? '';
  // As the driver does; libpq by itself looks for a file in the user's home.
  if (mode.startsWith('verify') && !own.searchParams.has('sslrootcert')) {
    own.searchParams.set('sslrootcert', 'system');
  }
  const rest = Object.entries(env).filter(([name]) => !name.startsWith('PG') || KEPT.has(name));
  return {
    args: ['--no-password', `--dbname=${own.href}`],
    env: {
      ...Object.fromEntries(rest),
      PGAPPNAME: 'tierd/backup',
      ...(password === '' ? {} : { PGPASSWORD: password }),
    },
  };
}
