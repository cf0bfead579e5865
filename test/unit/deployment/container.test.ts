/** Dockerfile, compose.yaml and its configuration: what they say of each other. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { daemonSection } from '../../../src/config/daemon-section.ts';
import { loadConfig, type TierdConfig } from '../../../src/config/load.ts';
import { parseDuration } from '../../../src/config/units.ts';
import { directoryWith } from '../../support/config-file.ts';

const read = (file: string): string =>
  readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly volumes: readonly string[];
        readonly secrets?: readonly string[];
        readonly ports?: readonly string[];
        readonly read_only?: boolean;
        readonly stop_grace_period?: string;
        readonly environment?: Readonly<Record<string, string>>;
      }
    >
  >;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const compose = parse(read('compose.yaml')) as Compose;
const dockerfile = read('Dockerfile');

/** The configuration of compose.yaml, with the secrets in a directory that exists. */
function composedConfig(): TierdConfig {
  const secrets = Object.fromEntries(
    Object.keys(compose.secrets).map((name) => [name, `${name}-0123456789abcdef`]),
  );
  const directory = directoryWith(secrets);
  const text = read('config/compose_config.yaml').replaceAll('/run/secrets', directory);
  const file = join(directoryWith({ 'unified_config.yaml': text }), 'unified_config.yaml');
  const [, lake] = /TIERD_LAKE=(\S+)/.exec(dockerfile) ?? [];
  return loadConfig({ file, env: { TIERD_LAKE: lake }, workingDirectory: '/opt/tierd' });
}

describe('the image', () => {
  it('runs as a user of its own, by number, with the thread pool set before Node starts', () => {
    expect(dockerfile).toMatch(/^USER 10001:10001$/m);
    expect(dockerfile).toMatch(/UV_THREADPOOL_SIZE=\d+/);
  });

  it('needs of the checkout only what reaches the builder', () => {
    const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
      ([, paths = '']) => paths.split(' '),
    );
    const admitted = [...read('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, path]) => path);
    expect(sources.length).toBeGreaterThan(4);
    expect(admitted).toEqual(expect.arrayContaining(sources));
  });
});

describe('compose.yaml', () => {
  it('gives tierd a configuration that is valid, and its secrets', () => {
    const config = composedConfig();
    expect(new URL(config.postgres.url)).toMatchObject({ hostname: 'timescaledb', port: '5432' });
    expect(config.server?.statusToken).toContain('status_token');
    for (const { secrets = [] } of Object.values(compose.services)) {
      expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining([...secrets]));
    }
  });

  it('lets tierd in as no superuser, and nobody into Redis without a password', () => {
    const { postgres, redis } = composedConfig();
    const { timescaledb, redis: server } = compose.services;
    expect(timescaledb?.environment?.['POSTGRES_USER']).not.toBe(new URL(postgres.url).username);
    expect(read('config/compose_roles.sh')).toMatch(/create role tierd login nosuperuser/);
    expect(timescaledb?.volumes.join()).toContain('compose_roles.sh:/docker-entrypoint-initdb.d/');
    expect(redis).toMatchObject({ username: 'tierd', password: 'redis_password-0123456789abcdef' });
    expect(server?.secrets).toEqual(['redis_password']);
    expect(read('config/compose_redis.sh')).toContain('requirepass %s');
    // What compose.yaml's user may do is what config/redis.conf says.
    expect(read('config/redis.conf')).toMatch(/^# +user tierd on >PASSWORD ~\* /m);
  });

  it('keeps what is written on its volumes: the rest is read-only', () => {
    const { tierd } = compose.services;
    expect(tierd?.read_only).toBe(true);
    const [, mounted] =
      tierd?.volumes.find((volume) => volume.startsWith('cold:'))?.split(':') ?? [];
    const { lake, maintenance } = composedConfig();
    expect(mounted).toMatch(/^\//);
    expect(lake).toMatchObject({
      type: 'local',
      root: expect.stringMatching(`^${mounted ?? ''}/`),
    });
    expect(maintenance.tempDirectory.startsWith(`${mounted ?? ''}/`)).toBe(true);
    expect(dockerfile).toContain(`VOLUME ["${mounted ?? ''}"]`);
  });

  it('publishes the port that is served and looked at, on the loopback interface', () => {
    const port = String(composedConfig().server?.port);
    expect(compose.services['tierd']?.ports).toEqual([`127.0.0.1:${port}:${port}`]);
    expect(dockerfile).toContain(`EXPOSE ${port}`);
    expect(dockerfile).toContain(`http://127.0.0.1:${port}/healthz`);
  });

  it('lets the daemon take as long to stop as its configuration says', () => {
    const patience = compose.services['tierd']?.stop_grace_period ?? '0s';
    const minutes = Number(/^(\d+)m$/.exec(patience)?.[1]);
    const needed = parseDuration(daemonSection.parse({}).shutdown_timeout);
    expect(minutes * 60_000).toBeGreaterThan(needed);
  });
});
