/** One symbol and one month of the lake: through the view of `tierd attach`, over the face, and by `tierd query`. */
import pg from 'pg';
import { runChild } from '../child.ts';
import { type Spread, spreadOf } from '../figures.ts';
import type { FaceScene } from './scene.ts';

export interface ViewReport {
  /** The view's time ÷ that of the command, from the start of its process to its end; null where there is no view. */
  readonly view_ratio: number | null;
  /** The view's time ÷ that of the same question over the face, on a connection that is there. */
  readonly view_to_face_ratio: number | null;
  readonly view_ms: Readonly<Record<string, Spread>>;
}

/** Of each round, after one that warms. */
const TURNS = 5;

const monthOf = (table: string): string =>
  `select count(*), min(low), max(high), sum(volume) from ${table}
   where symbol = 'S7' and time >= '2024-01-01' and time < '2024-02-01'`;

export async function measureView(scene: FaceScene, rounds: number): Promise<ViewReport> {
  if (!scene.hasForeignTables) return { view_ratio: null, view_to_face_ratio: null, view_ms: {} };
  const face = new pg.Client(scene.face);
  await face.connect();
  const ways: Readonly<Record<string, () => Promise<string>>> = {
    view: () => asText(scene.client, monthOf('attached.bars')),
    face: () => asText(face, monthOf('bars')),
    command: async () => {
      await runChild([...scene.command, 'query', monthOf('bars'), '--format', 'csv', '--quiet']);
      return '';
    },
  };
  const times: Record<string, number[]> = {};
  const answers = new Set<string>();
  for (let turn = 0; turn <= rounds * TURNS; turn += 1) {
    for (const [way, ask] of Object.entries(ways)) {
      const startedAt = performance.now();
      const answer = await ask();
      if (turn > 0) (times[way] ??= []).push(performance.now() - startedAt);
      if (answer !== '') answers.add(answer);
    }
  }
  await face.end();
  if (answers.size !== 1) throw new Error('the view and the face answered otherwise');
  const ratio = (to: string): number =>
    spreadOf(
      (times['view'] ?? []).map((ms, turn) => ms / (times[to]?.[turn] ?? Number.NaN)),
      2,
    ).median;
  return {
    view_ratio: ratio('command'),
    view_to_face_ratio: ratio('face'),
    view_ms: Object.fromEntries(
      Object.entries(times).map(([way, values]) => [way, spreadOf(values, 1)]),
    ),
  };
}

async function asText(client: pg.Client, sql: string): Promise<string> {
  return JSON.stringify((await client.query(sql)).rows);
}
