/** What can be looked at, and which values its keys have: asked for once each. */
import { useEffect, useState } from 'preact/hooks';
import { partsOf, type Row, readAnswer } from '../ask/read-answer.ts';
import { type Problem, problemOf } from '../ask/use-question.ts';
import { useSurroundings } from '../surroundings.ts';
import type { AskableDataset, DatasetsDocument } from './datasets-document.ts';
import { keyColumns, latestPath } from './look.ts';

export interface Asked<Value> {
  readonly value: Value | null;
  readonly problem: Problem | null;
}

export function useDatasets(): Asked<readonly AskableDataset[]> {
  return useAsked('/v1/datasets', async (response) => {
    const { datasets } = (await response.json()) as DatasetsDocument;
    return datasets;
  });
}

/** Of the latest rows, the newest first; none where nothing has to be chosen. */
export function useLatestKeys(dataset: AskableDataset | null): Asked<readonly Row[]> {
  const needsNone = dataset === null || keyColumns(dataset).length === 0;
  return useAsked(needsNone ? null : latestPath(dataset), async ({ body }) =>
    body === null ? [] : (await readAnswer(partsOf(body), () => undefined)).rows,
  );
}

function useAsked<Value>(
  path: string | null,
  read: (response: Response) => Promise<Value>,
): Asked<Value> {
  const { server } = useSurroundings();
  const [asked, setAsked] = useState<Asked<Value> & { readonly path: string | null }>(NOTHING);
  useEffect(() => {
    if (path === null) return undefined;
    const controller = new AbortController();
    const { signal } = controller;
    server
      .query({ path }, signal)
      .then(read)
      .then(
        (value) => setAsked({ path, value, problem: null }),
        (error: unknown) => {
          if (!signal.aborted) {
            setAsked({ path, value: null, problem: problemOf(error, false, false) });
          }
        },
      );
    return () => controller.abort();
  }, [server, path]);
  return asked.path === path ? asked : NOTHING;
}

const NOTHING = { path: null, value: null, problem: null };
