/** The whole of `unified_config.yaml`, section by section. */
import { z } from 'zod';
import { alertsSection } from './alerts-section.ts';
import { backupSection } from './backup-section.ts';
import { daemonSection } from './daemon-section.ts';
import { datasetsSection } from './datasets-section.ts';
import { drainSection } from './drain-section.ts';
import { lakeSection } from './lake-section.ts';
import { logSection } from './log-section.ts';
import { maintenanceSection } from './maintenance-section.ts';
import { postgresSection } from './postgres-section.ts';
import { querySection } from './query-section.ts';
import { redisSection } from './redis-section.ts';
import { schedulesSection } from './schedules-section.ts';
import { serverSection } from './server-section.ts';
import { storageSection } from './storage-section.ts';

export const configSchema = z.strictObject({
  postgres: postgresSection.meta({
    description: 'The hot store: PostgreSQL, with or without TimescaleDB.',
  }),
  redis: redisSection
    .optional()
    .meta({ description: 'The live store: Redis. Needed only where something is drained.' }),
  lake: lakeSection.meta({ description: 'The cold store: where Parquet segments are kept.' }),
  storage: storageSection
    .prefault({})
    .meta({ description: 'How long rows stay hot, and when they are moved.' }),
  datasets: datasetsSection.meta({
    description: 'One entry for each table that tierd looks after.',
  }),
  drain: drainSection.prefault({}).meta({
    description: 'What is moved from Redis into the hot store, and what it must be like.',
  }),
  query: querySection.prefault({}).meta({
    description: 'What a question may take from the hot store.',
  }),
  maintenance: maintenanceSection
    .prefault({})
    .meta({ description: 'What is done after a move, and what the work may use.' }),
  backup: backupSection.optional().meta({
    description: 'Where `tierd backup` keeps dumps and snapshots. Without it there are none.',
  }),
  schedules: schedulesSection.prefault({}).meta({
    description: 'When `tierd run` runs which job, and what it does when one fails.',
  }),
  daemon: daemonSection.prefault({}).meta({
    description: 'How `tierd run` leads, what its jobs may use, and how it stops.',
  }),
  server: serverSection.prefault({}).meta({
    description: 'Where the daemon tells how it is, and who may command it.',
  }),
  alerts: alertsSection.prefault({}).meta({
    description: 'Whom the daemon tells by itself when something is wrong, and of what.',
  }),
  log: logSection.prefault({}).meta({ description: 'Logs go to stderr; stdout is for results.' }),
});

/** The file as written, every default filled in. */
export type ConfigFile = z.output<typeof configSchema>;
