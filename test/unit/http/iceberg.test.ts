import type { LightMyRequestResponse } from 'fastify';
import { describe, expect, it } from 'vitest';
import { TierdError } from '../../../src/domain/errors.ts';
import type { ServerParts } from '../../../src/http/server.ts';
import { bearer, LEADING, open, QUERY, STATUS, TOKENS } from './scene.ts';

describe('the catalogue of Iceberg tables', () => {
  const SNAPSHOTS = [{ 'snapshot-id': 1 }, { 'snapshot-id': 2 }];
  const METADATA = { 'table-uuid': 'u', 'current-snapshot-id': 2, snapshots: SNAPSHOTS };
  const LOCATION = 'file:///lake/_iceberg/ticks/metadata/00002-a.metadata.json';
  const iceberg = {
    listTables: async () => ['ticks'],
    readTable: async (name: string) => {
      // As PostgreSQL takes a name.
      if (name.includes('\0')) throw new Error('invalid byte sequence for encoding "UTF8": 0x00');
      return name === 'ticks' ? { location: LOCATION, metadata: METADATA } : null;
    },
  };
  const ask = async (
    url: string,
    { method = 'GET', ...headers }: Record<string, string> & { method?: string } = {},
    change: Partial<ServerParts> = {},
  ): Promise<LightMyRequestResponse> => {
    const { server } = open(LEADING, { ...TOKENS, iceberg, ...change });
    const all = { host: 'localhost:9464', ...bearer(QUERY), ...headers };
    return server.inject({ method: method as 'GET', url: `/iceberg/v1${url}`, headers: all });
  };
  const table = '/namespaces/lake/tables/ticks';

  it('answers what clients ask to find a table', async () => {
    const config = (await ask('/config?warehouse=any')).json<{ endpoints: string[] }>();
    expect(config.endpoints).toContain('GET /v1/{prefix}/namespaces/{namespace}/tables/{table}');
    expect(config.endpoints).toContain('GET /v1/{prefix}/namespaces');
    expect(config.endpoints.filter((one) => /config|metrics|views/.test(one))).toEqual([]);
    expect((await ask('/namespaces?pageToken=')).json()).toEqual({ namespaces: [['lake']] });
    expect((await ask('/namespaces?parent=lake')).json()).toEqual({ namespaces: [] });
    expect((await ask('/namespaces/lake')).json()).toEqual({ namespace: ['lake'], properties: {} });
    expect((await ask('/namespaces/lake', { method: 'HEAD' })).statusCode).toBe(204);
    expect((await ask('/namespaces/lake/tables?pageSize=10')).json()).toEqual({
      identifiers: [{ namespace: ['lake'], name: 'ticks' }],
    });
    expect((await ask(table, { method: 'HEAD' })).statusCode).toBe(204);
    const { server } = open(LEADING, { ...TOKENS, iceberg });
    const headers = { host: 'localhost:9464', ...bearer(QUERY) };
    const url = `/iceberg/v1${table}/metrics`;
    const sent = await server.inject({ method: 'POST', url, headers, payload: { a: 1 } });
    expect(sent.statusCode).toBe(204);
  });

  it('gives a table as it is, all of it or its current snapshot, and 304 where that is known', async () => {
    const whole = await ask(table);
    expect(whole.json()).toEqual({ 'metadata-location': LOCATION, metadata: METADATA, config: {} });
    const current = await ask(`${table}?snapshots=refs`);
    expect(current.json()).toMatchObject({ metadata: { snapshots: [{ 'snapshot-id': 2 }] } });
    const etag = String(whole.headers.etag);
    expect(current.headers.etag).not.toBe(etag);
    expect((await ask(table, { 'if-none-match': etag })).statusCode).toBe(304);
    expect((await ask(`${table}?snapshots=refs`, { 'if-none-match': etag })).statusCode).toBe(200);
  });

  it.each([
    ['/namespaces/other', 404, 'NoSuchNamespaceException'],
    ['/namespaces?parent=lake%1Fticks', 404, 'NoSuchNamespaceException'],
    ['/namespaces/other/tables', 404, 'NoSuchNamespaceException'],
    ['/namespaces/lake%1Fticks/tables/snapshots', 404, 'NoSuchTableException'],
    ['/namespaces/lake/tables/other', 404, 'NoSuchTableException'],
    ['/namespaces/lake/tables/a%00b', 404, 'NoSuchTableException'],
    ['/namespaces/lake/views', 404, 'NotFoundException'],
    [`/namespaces/lake/tables/${'long'.repeat(1_000)}`, 404, 'NoSuchTableException'],
    ['/namespaces/lake/tables/%FF', 400, 'BadRequestException'],
    ['/namespaces/%E0%A4%A', 400, 'BadRequestException'],
    [`${table}?snapshots=some`, 400, 'BadRequestException'],
  ])('tells by the type what is missing: %.60s', async (url, code, type) => {
    const { statusCode, headers, ...answer } = await ask(url);
    expect(statusCode).toBe(code);
    expect(headers['content-type']).toContain('application/json');
    expect(answer.json()).toMatchObject({ error: { code, type } });
  });

  it.each([
    ['POST', table],
    ['POST', '/namespaces'],
    ['POST', '/oauth/tokens'],
    ['DELETE', table],
    ['PUT', '/namespaces/lake'],
  ])('takes no change, whatever is sent: %s %s', async (method, url) => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const headers of [{ method }, { method, ...form }]) {
      const answer = await ask(url, headers);
      expect(answer.statusCode).toBe(405);
      expect(answer.json()).toMatchObject({ error: { type: 'UnsupportedOperationException' } });
    }
  });

  it('is for who shows the query token, and says so in its own way', async () => {
    const shown = async (authorization: string) => {
      const answer = await ask(table, { authorization });
      return [answer.statusCode, answer.json<{ error: { type: string } }>().error.type];
    };
    expect(await shown('Bearer None')).toEqual([401, 'NotAuthorizedException']);
    expect(await shown(`Bearer ${STATUS}`)).toEqual([403, 'ForbiddenException']);
    const nobody = await ask(table, {}, { tokens: { status: null, query: null, control: null } });
    expect(nobody.json()).toMatchObject({ error: { code: 403, type: 'ForbiddenException' } });
  });

  it('says that PostgreSQL is away as clients are told to ask again', async () => {
    const away = new TierdError({ code: 'POSTGRES_UNREACHABLE', message: 'away' });
    const readTable = () => Promise.reject(away);
    const answer = await ask(table, {}, { iceberg: { ...iceberg, readTable } });
    expect(answer.json()).toEqual({
      error: { code: 503, type: 'ServiceUnavailableException', message: 'away' },
    });
  });
});
