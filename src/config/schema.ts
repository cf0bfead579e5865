/** The whole of `unified_config.yaml`, section by section. */
import { z } from 'zod';
import { datasetsSection } from './datasets-section.ts';
import { lakeSection } from './lake-section.ts';
import { logSection } from './log-section.ts';
import { maintenanceSection } from './maintenance-section.ts';
import { postgresSection } from './postgres-section.ts';
import { storageSection } from './storage-section.ts';

export const configSchema = z.strictObject({
  postgres: postgresSection.meta({
    description: 'The hot store: PostgreSQL, with or without TimescaleDB.',
  }),
  lake: lakeSection.meta({ description: 'The cold store: where Parquet segments are kept.' }),
  storage: storageSection
    .prefault({})
    .meta({ description: 'How long rows stay hot, and when they are moved.' }),
  datasets: datasetsSection.meta({
    description: 'One entry for each table that tierd looks after.',
  }),
  maintenance: maintenanceSection
    .prefault({})
    .meta({ description: 'What is done after a move, and what the work may use.' }),
  log: logSection.prefault({}).meta({ description: 'Logs go to stderr; stdout is for results.' }),
});

/** The file as written, every default filled in. */
export type ConfigFile = z.output<typeof configSchema>;

/** Sections that other versions of tierd know. */
export const OTHER_SECTIONS: ReadonlySet<string> = new Set(['redis', 'drain', 'backup', 'server']);
