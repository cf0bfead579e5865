/** What of the `redis` section can only be judged by looking at several values together. */
import { asRecord, type ConfigPath, formatPath } from './path.ts';
import { isNode, REDIS_SECRETS, SENTINEL_SECRETS } from './redis-section.ts';
import type { PlacedProblem } from './validate.ts';

type Raw = Readonly<Record<string, unknown>>;

const PLACES = ['url', 'host', 'sentinel', 'cluster'] as const;
const PLACES_EXPECTED = 'one of url, url_file, host, sentinel and cluster';

export function checkRedis(file: Raw): PlacedProblem[] {
  if (file['redis'] === undefined) return [];
  const redis = asRecord(file['redis']);
  return [
    ...checkPlace(redis),
    ...checkDoubles(redis, ['redis'], REDIS_SECRETS),
    ...checkDoubles(asRecord(redis['sentinel']), ['redis', 'sentinel'], SENTINEL_SECRETS),
    ...checkNodes(redis, 'sentinel'),
    ...checkNodes(redis, 'cluster'),
    ...checkCluster(redis),
    ...checkTls(redis),
    ...(typeof redis['url'] === 'string'
      ? checkRedisUrl(['redis', 'url'], redis['url'], redis)
      : []),
  ];
}

function checkPlace(redis: Raw): PlacedProblem[] {
  const given = PLACES.filter((key) => has(redis, key) || has(redis, `${key}_file`));
  const [first, ...others] = given;
  if (first === undefined) {
    return [problem(['redis'], 'says nowhere to connect to', PLACES_EXPECTED)];
  }
  const problems = others.map((key) =>
    problem(['redis', key], `stands beside ${first}`, PLACES_EXPECTED),
  );
  if (has(redis, 'port') && !has(redis, 'host')) {
    problems.push(
      problem(['redis', 'port'], 'has no effect without host', 'it inside the url or the nodes'),
    );
  }
  return problems;
}

function checkDoubles(
  section: Raw,
  path: readonly string[],
  keys: readonly string[],
): PlacedProblem[] {
  return keys
    .filter((key) => has(section, key) && has(section, `${key}_file`))
    .map((key) => problem([...path, `${key}_file`], `stands beside ${key}`, 'only one of the two'));
}

function checkNodes(redis: Raw, kind: 'sentinel' | 'cluster'): PlacedProblem[] {
  const section = redis[kind];
  if (section === undefined) return [];
  const nodes: unknown = asRecord(section)['nodes'];
  if (!Array.isArray(nodes)) return [];
  const path = ['redis', kind, 'nodes'];
  if (nodes.length === 0) return [problem(path, 'is an empty list', 'at least one host:port')];
  return nodes.flatMap((node: unknown, index) =>
    typeof node !== 'string' || isNode(node)
      ? []
      : [problem([...path, index], 'is not a node', 'host:port, such as 10.0.0.1:6379')],
  );
}

function checkCluster(redis: Raw): PlacedProblem[] {
  const db = redis['db'];
  if (!has(redis, 'cluster') || db === undefined || db === 0) return [];
  return [
    problem(['redis', 'db'], 'stands beside cluster', 'no db: a cluster is read in database 0'),
  ];
}

function checkTls(redis: Raw): PlacedProblem[] {
  const problems: PlacedProblem[] = [];
  for (const [key, other] of [
    ['tls_cert_file', 'tls_key_file'],
    ['tls_key_file', 'tls_cert_file'],
  ] as const) {
    if (has(redis, key) && !has(redis, other)) {
      problems.push(problem(['redis', key], `has no effect without ${other}`, 'both or neither'));
    }
  }
  const { tls } = redis;
  const byUrl = has(redis, 'url') || has(redis, 'url_file');
  if (tls === 'disable' || (tls === undefined && !byUrl)) problems.push(...checkIdle(redis));
  if (tls === 'require' && has(redis, 'tls_ca_file')) {
    const message = 'has no effect beside tls: require, which asks nobody who answers';
    problems.push(problem(['redis', 'tls_ca_file'], message, 'tls: verify-full'));
  }
  return problems;
}

/** Whoever names an authority takes the line for one that is encrypted. */
function checkIdle(redis: Raw): PlacedProblem[] {
  return (['tls_ca_file', 'tls_cert_file', 'tls_key_file'] as const)
    .filter((key) => has(redis, key))
    .map((key) =>
      problem(['redis', key], 'has no effect without TLS', 'tls: verify-full, or rediss:// in url'),
    );
}

const URL_EXPECTED =
  'redis://user:password@host:6379/0 (rediss:// for TLS), with special characters in the password percent-encoded';

/** Also for a URL that came out of a file. Never echoes the URL: it holds the password. */
export function checkRedisUrl(path: ConfigPath, url: string, redis: Raw): PlacedProblem[] {
  const isUrl = /^rediss?:\/\/[^/]/.test(url) && URL.canParse(url);
  if (!isUrl || !/^\/?\d*$/.test(new URL(url).pathname)) {
    const found = 'something that is not such a URL';
    return [{ where: formatPath(path), path, found, expected: URL_EXPECTED }];
  }
  const { tls } = redis;
  const isEncrypted = url.startsWith('rediss:');
  if (tls === 'disable' && isEncrypted) {
    return [problem(['redis', 'tls'], 'contradicts the rediss:// of url', 'only one of them')];
  }
  return tls === undefined && !isEncrypted ? checkIdle(redis) : [];
}

function has(record: Raw, key: string): boolean {
  return Object.hasOwn(record, key);
}

function problem(path: ConfigPath, message: string, expected: string): PlacedProblem {
  return { where: formatPath(path), path, message, expected };
}
