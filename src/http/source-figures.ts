/** The figures of a source that Prometheus is told. */
import type { SourceSurvey } from '../domain/survey/survey.ts';
import type { Figure } from './survey-figures.ts';

export const SOURCES: readonly Figure<SourceSurvey>[] = [
  {
    name: 'tierd_drain_enabled',
    help: '1 for a source that is drained.',
    read: ({ enabled }) => enabled,
  },
  {
    name: 'tierd_drain_backlog',
    help: 'Entries that wait in Redis.',
    read: ({ backlogEntries }) => backlogEntries,
  },
  {
    name: 'tierd_drain_lag_seconds',
    help: 'How long entries have waited without one being drained; 0 when none waits.',
    read: ({ lagSeconds }) => lagSeconds,
  },
  {
    name: 'tierd_drain_entries_total',
    help: 'Entries read and committed.',
    isCounter: true,
    read: ({ entries }) => entries,
  },
  {
    name: 'tierd_drain_rows_total',
    help: 'Rows written to PostgreSQL.',
    isCounter: true,
    read: ({ rowsWritten }) => rowsWritten,
  },
  {
    name: 'tierd_drain_repeated_total',
    help: 'Entries that came again and were left out.',
    isCounter: true,
    read: ({ repeated }) => repeated,
  },
  {
    name: 'tierd_drain_same_key_total',
    help: "Entries that share the key of another's row, so that one of the two stayed.",
    isCounter: true,
    read: ({ sameKey }) => sameKey,
  },
  {
    name: 'tierd_drain_lost_total',
    help: 'Entries that were trimmed from a stream before anybody had read them.',
    isCounter: true,
    read: ({ lost }) => lost,
  },
  {
    name: 'tierd_dead_letters',
    help: 'Entries that could not become rows, and that nobody has dealt with.',
    read: ({ deadLettersWaiting }) => deadLettersWaiting,
  },
];
