import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { historyFile, openHistory } from '../../../../src/cli/shell/history.ts';
import { directoryWith } from '../../../support/config-file.ts';

const modeOf = (path: string): number => statSync(path).mode & 0o777;
const never = (text: string): void => {
  throw new Error(text);
};

describe('the history', () => {
  it('lies where the state of a user does', () => {
    expect(historyFile({ XDG_STATE_HOME: '/s', HOME: '/h' })).toBe('/s/tierd/query-history');
    expect(historyFile({ HOME: '/h' })).toBe('/h/.local/state/tierd/query-history');
    expect(historyFile({ XDG_STATE_HOME: 'state', HOME: '/h' })).toContain('/h/');
    expect(historyFile({})).toBeNull();
  });

  it('is there the next time, the newest first, each once in a row, for nobody else to read', () => {
    const file = join(directoryWith({}), 'state', 'tierd', 'query-history');
    const first = openHistory(file, never);
    for (const entry of ['select 1;', 'select 2;', 'select 2;']) first.add(entry);
    expect(openHistory(file, never).entries).toEqual(['select 2;', 'select 1;']);
    expect(modeOf(file)).toBe(0o600);
    expect(modeOf(join(file, '..'))).toBe(0o700);
  });

  it('that others could read is closed to them', () => {
    const file = join(directoryWith({ 'query-history': 'select 1;\n' }), 'query-history');
    chmodSync(file, 0o644);
    openHistory(file, never);
    expect(modeOf(file)).toBe(0o600);
  });

  it('does not grow for ever', () => {
    const file = join(directoryWith({}), 'query-history');
    writeFileSync(file, Array.from({ length: 5_000 }, (_, n) => `select ${String(n)};\n`).join(''));
    expect(openHistory(file, never).entries).toHaveLength(1_000);
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(1_001);
    expect(openHistory(file, never).entries[0]).toBe('select 4999;');
  });

  it('that can not be kept is told once, and hinders nobody', () => {
    const said: string[] = [];
    const file = join(directoryWith({ blocked: 'a file' }), 'blocked', 'query-history');
    const history = openHistory(file, (text) => said.push(text));
    history.add('select 1;');
    history.add('select 2;');
    expect(history.entries).toEqual(['select 2;', 'select 1;']);
    expect(said).toEqual([expect.stringContaining('is not kept') as string]);
    expect(existsSync(file)).toBe(false);
  });
});
