import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CONFIG_DOCS, renderConfigDocs } from '../../../scripts/config-docs.ts';
import { configJsonSchema, keysAt } from '../../../src/config/json-schema.ts';
import { loadConfig, readConfig } from '../../../src/config/load.ts';
import { ERROR_CODES } from '../../../src/domain/errors.ts';
import { directoryWith } from '../../support/config-file.ts';

const DEFAULT_FILE = fileURLToPath(new URL('../../../config/unified_config.yaml', import.meta.url));

it('docs/configuration.md is what the schema says (npm run docs:config)', () => {
  expect(readFileSync(CONFIG_DOCS, 'utf8')).toBe(renderConfigDocs());
});

it('docs/errors.md has a paragraph for every error code, and for no other', () => {
  const text = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const parts = text.split(/^### /m).slice(1);
  const documented = parts.map((part) => part.split('\n', 1)[0] ?? '');
  expect([...documented].sort()).toEqual(Object.keys(ERROR_CODES).sort());
  for (const part of parts) {
    const [code = '', ...lines] = part.split('\n');
    expect(lines.join('').trim().length, `${code} has no paragraph`).toBeGreaterThan(40);
  }
});

it('every example of docs/configuration.md is, as YAML, the value that the schema has', () => {
  const text = readFileSync(CONFIG_DOCS, 'utf8');
  const shown = [...text.matchAll(/Example: `(.+?)`\. \|/gu)].map(([, example]) => example ?? '');
  expect(shown.length).toBeGreaterThan(40);
  const meant = new Set(examplesOf(configJsonSchema()).map((value) => JSON.stringify(value)));
  for (const example of shown) {
    const { value } = parse(`value: ${example}`) as { readonly value: unknown };
    expect(meant, example).toContain(JSON.stringify(value));
  }
});

function examplesOf(node: object): readonly unknown[] {
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) => {
    if (key === 'examples' && Array.isArray(value)) return value as unknown[];
    return typeof value === 'object' && value !== null ? examplesOf(value) : [];
  });
}

describe('config/unified_config.yaml', () => {
  const place = {
    file: DEFAULT_FILE,
    env: { TIERD_POSTGRES_URL: 'postgres://tierd@localhost/market' },
    workingDirectory: '/',
  };

  it('is valid as it is, given where PostgreSQL is', () => {
    const { datasets, lifecycle } = loadConfig(place);
    expect(datasets.map(({ name }) => name)).toEqual([
      'market_data',
      'news',
      'features',
      'social_sentiment',
    ]);
    expect(lifecycle).toMatchObject({ hotDays: 30, hotIntervals: ['1day'] });
  });

  it('shows as comments the real defaults of keys that exist', () => {
    const written = readFileSync(DEFAULT_FILE, 'utf8');
    const shown = parse(uncommented(written)) as {
      readonly maintenance: object;
      readonly storage: { readonly lifecycle: { readonly guards: object } };
    };
    const { config } = readConfig(place);
    expect({ ...config.maintenance, temp_dir: '/var/tmp' }).toEqual(shown.maintenance);
    expect(config.storage.lifecycle.guards).toEqual(shown.storage.lifecycle.guards);
  });

  it('shows as comments a drain that is valid once it is switched on', () => {
    const directory = directoryWith({
      'unified_config.yaml': uncommented(readFileSync(DEFAULT_FILE, 'utf8')),
    });
    const env = {
      ...place.env,
      TIERD_POSTGRES_DIRECT_URL: place.env.TIERD_POSTGRES_URL,
      TIERD_REDIS_URL: 'redis://cache',
    };
    const { drain } = loadConfig({ env, workingDirectory: directory });
    expect(new Set(drain.sources.map(({ live }) => live.kind))).toEqual(
      new Set(['snapshot', 'move', 'claim', 'list', 'stream', 'zset']),
    );
  });

  it('mentions every section', () => {
    const shown = parse(uncommented(readFileSync(DEFAULT_FILE, 'utf8'))) as object;
    expect(Object.keys(shown).sort()).toEqual([...keysAt(configJsonSchema(), [])].sort());
  });
});

/** The file with its commented-out keys switched on; prose stays a comment. */
function uncommented(text: string): string {
  return text.replace(/^( *)# ( *[a-z_]+:( |$))/gm, '$1$2');
}
