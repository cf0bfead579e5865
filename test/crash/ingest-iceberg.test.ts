import { describe } from 'vitest';
import { killIngestEverywhere } from './kill-ingest-everywhere.ts';

describe('an ingest into an Iceberg table that is killed (I1, I2, I3, I4)', () => {
  killIngestEverywhere('ingested_ice', { iceberg: true });
});
