/** The `lake` section: what may be written there and what it becomes. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { LAKE_READERS, type LakeReaders } from '../domain/lake/lake-readers.ts';
import { choice, size, text } from './fields.ts';
import { lakeIceberg } from './iceberg-field.ts';
import { resolveS3Lake, type S3LakeConfig, s3Lake } from './s3-lake-section.ts';
import { parseSize } from './units.ts';

/** One member for each kind of object store; `type` tells them apart. */
export type LakeConfig = (LocalLakeConfig | S3LakeConfig) & {
  /** Where old segments lie; it has none itself. Null: all of the lake lies in one place. */
  readonly far: LakeConfig | null;
};

export interface LocalLakeConfig {
  readonly type: 'local';
  /** Absolute: `cold_storage` in the configured directory. The object store lives here. */
  readonly root: string;
  readonly minFreeBytes: number;
  readonly readers: LakeReaders;
  /** Whether datasets are Iceberg tables as well, unless they say otherwise. */
  readonly iceberg: boolean;
}

const localLake = z.strictObject({
  type: z.literal('local').meta({ description: 'The lake is a directory on this machine.' }),
  path: text(
    'Directory of the lake; `cold_storage/` is made in it. Relative to this file.',
    '/var/lib/tierd/data_lake',
  ),
  min_free: size(
    'Refuse to rotate when less than this would remain free on the disk of the lake.',
  ).default('1GB'),
  readers: choice(
    LAKE_READERS,
    'Who may read what tierd writes there: `owner` the user that tierd runs as, `group` its group too (files 0640, folders 0750), `everyone` all users of the machine (0644, 0755). A stricter umask holds as well. What is there already stays as it is.',
  ).default('group'),
  iceberg: lakeIceberg,
});

const STORE = { error: 'a store: "local" or "s3"' };

/** Whether a dataset is an Iceberg table is no matter of where its segments lie. */
const far = z
  .discriminatedUnion(
    'type',
    [localLake.omit({ iceberg: true }), s3Lake.omit({ iceberg: true })],
    STORE,
  )
  .optional()
  .meta({
    description:
      'A second place of the lake, for what is older than `far_days`: `tierd tier` sends it there, proven like any move. See docs/operations.md.',
  });

export const lakeSection = z.discriminatedUnion(
  'type',
  [localLake.extend({ far }), s3Lake.extend({ far })],
  STORE,
);

export type LakeFile = z.output<typeof lakeSection>;

type PlaceFile = z.output<typeof localLake> | z.output<typeof s3Lake>;

export function resolveLake({ far, ...near }: LakeFile, fileDirectory: string): LakeConfig {
  return {
    ...resolvePlace(near, fileDirectory),
    far:
      far === undefined
        ? null
        : { ...resolvePlace({ ...far, iceberg: false }, fileDirectory), far: null },
  };
}

function resolvePlace(file: PlaceFile, fileDirectory: string): LocalLakeConfig | S3LakeConfig {
  if (file.type === 's3') return resolveS3Lake(file, fileDirectory);
  return {
    type: file.type,
    root: resolve(fileDirectory, file.path, 'cold_storage'),
    minFreeBytes: parseSize(file.min_free),
    readers: file.readers,
    iceberg: file.iceberg,
  };
}
