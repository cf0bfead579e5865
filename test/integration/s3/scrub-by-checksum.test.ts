/** A bucket is asked for the checksums that it keeps, in place of reading all of it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { scrub } from '../../../src/jobs/scrub.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { createTestDatabase } from '../../support/database.ts';
import { openBench } from '../../support/rotation.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { describeOn } from '../../support/servers.ts';
import { openBucketScene, rotate } from './job-scene.ts';

const BY_CHECKSUM = {
  ...({ dataset: null, sample: null, prove: 'standard', byChecksum: true } as const),
  onProgress: () => undefined,
};

describeOn('s3', 'a scrub by checksum', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());

  async function openCold(more?: string) {
    const scene = await openBucketScene(server, async (database) => {
      if (more !== undefined) await database.query(more);
    });
    await rotate(scene.rooms, scene.dataset);
    const keys = (await listSegments(scene.client, { states: ['live'] })).map(({ key }) => key);
    const noted = async () =>
      (
        await scene.database.query(
          `select (select count(*)::int from tierd.scrubs) as scrubs, (select count(*)::int from tierd.scrub_findings) as findings,
                  (select count(*)::int from tierd.runs where dataset like 'scrub:%') as runs`,
        )
      ).rows[0];
    // moto doesn't tell of any, versitygw does.
    const { store } = scene.lake;
    await store.putSmallIfAbsent('_tierd_probe/one', new Uint8Array([1]));
    const keeps = (await store.checksums?.look('_tierd_probe/one'))?.sha256 !== null;
    await store.remove('_tierd_probe/one');
    return { ...scene, keys, noted, keeps };
  }

  it('reads no segment, and is noted as no scrub', async () => {
    const scene = await openCold();
    const before = scene.proxy.seen.length;
    const { bytes, provenSlices } = await scrub(scene.rooms, BY_CHECKSUM);
    expect((scene.keeps ? bytes.alike : bytes.untold).map(({ key }) => key)).toEqual(scene.keys);
    expect(bytes.alike.length + bytes.untold.length).toBe(scene.keys.length);
    expect(bytes).toMatchObject({ ok: [], altered: [], missing: [], bytesRead: 0 });
    expect(provenSlices).toBe(0);
    const asked = scene.proxy.seen.slice(before).filter(({ path }) => path.includes('/ticks/year'));
    expect(asked.map(({ method }) => method)).toEqual(scene.keys.map(() => 'HEAD'));
    expect(await scene.noted()).toEqual({ scrubs: 0, findings: 0, runs: 0 });
  });

  it('tells what is missing, or of another checksum or length, and clears no finding of a scrub', async () => {
    const scene = await openCold();
    const [first = '', second = ''] = scene.keys;
    await scene.lake.store.remove(first);
    await scene.lake.plant(second, new Uint8Array(10));
    const { bytes } = await scrub(scene.rooms, BY_CHECKSUM);
    expect(bytes.missing.map(({ key }) => key)).toEqual([first]);
    expect(bytes.altered.map(({ segment }) => segment.key)).toEqual([second]);
    expect(await scene.noted()).toEqual({ scrubs: 0, findings: 2, runs: 0 });
  });

  it('tells one of the same length whose checksum is another', async () => {
    const scene = await openCold();
    const [segment] = await listSegments(scene.client, { states: ['live'] });
    const body = new Uint8Array(Number(segment?.bytes)).fill(7);
    await scene.lake.store.remove(segment?.key ?? '');
    await scene.lake.store.putSmallIfAbsent(segment?.key ?? '', body);
    const { bytes } = await scrub(scene.rooms, BY_CHECKSUM);
    expect(bytes.altered.map(({ segment: { key } }) => key)).toEqual(
      scene.keeps ? [segment?.key] : [],
    );
    if (!scene.keeps) expect(bytes.untold.map(({ key }) => key)).toContain(segment?.key);
  });

  it('keeps the findings of a scrub that has read', async () => {
    const scene = await openCold();
    await scene.database.query(
      `insert into tierd.scrub_findings (object_key, reason) values ($1, 'altered')`,
      [scene.keys[0]],
    );
    await scrub(scene.rooms, BY_CHECKSUM);
    expect(await scene.noted()).toMatchObject({ findings: 1 });
  });

  it('says of which segments the bucket keeps none: of those that came in parts', async () => {
    const scene = await openCold(
      `alter table ticks add body text;
       update ticks set body = (select string_agg(md5(ticks.id::text || n), '') from generate_series(1, 40000) n)
       where id between 1000 and 1019`,
    );
    const { bytes } = await scrub(scene.rooms, BY_CHECKSUM);
    expect(bytes.alike).toHaveLength(scene.keeps ? 1 : 0);
    const large = bytes.untold.filter((one) => one.bytes > 8n * 1024n * 1024n);
    expect(large).toHaveLength(1);
  });
});

it('a scrub by checksum of a lake on a disk is refused by name', async () => {
  const { rooms } = await openBench(await createTestDatabase());
  await expect(scrub(rooms, BY_CHECKSUM)).rejects.toMatchObject({ code: 'USAGE' });
});
