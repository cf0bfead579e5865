import { describe, expect, it } from 'vitest';
import { loadConfig, type TierdConfig } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/domain/problem.ts';
import { directoryWith, errorOf, problemsOf } from '../../support/config-file.ts';

const MB = 1024 ** 2;

function load(text: string): TierdConfig {
  const directory = directoryWith({
    'unified_config.yaml': `
postgres: { url: "postgres://tierd@db/market" }
lake: { type: local, path: lake }
datasets: { news: { time_column: t } }
${text}`,
  });
  return loadConfig({ env: {}, workingDirectory: directory });
}

describe('the memory of a query', () => {
  it('is what its engine may have and half a gigabyte, unless given', () => {
    expect(load('').query.maxMemoryBytes).toBe(768 * MB);
    expect(load('maintenance: { memory_limit: 2GB }').query.maxMemoryBytes).toBe(2560 * MB);
    expect(load('query: { max_memory: 512MB }').query.maxMemoryBytes).toBe(512 * MB);
  });

  it.each([
    'query: { max_memory: 511MB }',
    'query: { max_memory: 1GB }\nmaintenance: { memory_limit: 1GB }',
  ])('has to have room for the program besides the engine: %s', (text) => {
    const [problem, ...more] = problemsOf(errorOf(() => load(text))).map(formatProblem);
    expect(more).toEqual([]);
    expect(problem).toContain('query.max_memory');
    expect(problem).toContain('at least 256MB more than maintenance.memory_limit');
  });

  it('that is no size is told once', () => {
    const problems = problemsOf(errorOf(() => load('query: { max_memory: much }')));
    expect(problems).toHaveLength(1);
  });
});

describe('the cache that daemons share', () => {
  const REDIS = 'redis: { url: "redis://cache/0" }';

  it('is off, and an hour and 64 MB where nothing else is said', () => {
    expect(load('').query.sharedCache).toBeNull();
    const { sharedCache } = load(`${REDIS}\nquery: { shared_cache: {} }`).query;
    expect(sharedCache).toEqual({ ttlMs: 3_600_000, maxBytes: 64 * MB });
  });

  it.each([
    ['query: { shared_cache: {} }', 'no redis section'],
    [`${REDIS}\nquery: { cache: 0MB, shared_cache: {} }`, 'a query.cache'],
    [`${REDIS}\nquery: { shared_cache: { ttl: 0s } }`, 'query.shared_cache.ttl'],
  ])('is told what it lacks: %s', (text, told) => {
    const [problem, ...more] = problemsOf(errorOf(() => load(text))).map(formatProblem);
    expect(more).toEqual([]);
    expect(problem).toContain(told);
  });
});
