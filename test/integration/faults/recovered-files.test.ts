/** What a rotation says that it removed of an earlier run. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createStaging, listStaging } from '../../../src/lake/staging.ts';
import { openScene, rotateForced } from './scene.ts';

it('I4: counts the files that killed moves had staged, whether or not their end is in the ledger', async () => {
  const { rooms, dataset, database } = await openScene();
  const { fileSystem, store } = rooms;
  for (const [state, files] of [
    ['exporting', 2],
    ['abandoned', 1],
  ] as const) {
    const id = randomUUID();
    await database.query(
      `with run as (
         insert into tierd.runs (job, dataset, holder, state, started_at, finished_at)
         values ('rotate', $1, 'h', 'failed', now(), now()) returning id)
       insert into tierd.moves (id, run_id, dataset, token, removal, range_from, range_to, state)
       select $2, id, $1, 1, 'delete', '2026-01-01', '2026-01-02', $3 from run`,
      [dataset.name, id, state],
    );
    const directory = await createStaging(fileSystem, store.stagingRoot, id);
    for (let n = 0; n < files; n += 1) await writeFile(join(directory, `${String(n)}.parquet`), '');
  }
  const { recovered } = await rotateForced(rooms, dataset);
  expect(recovered).toMatchObject({ moves: 1, files: 3 });
  expect(await listStaging(fileSystem, store.stagingRoot)).toEqual([]);
});
