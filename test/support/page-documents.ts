/** Documents as a daemon answers them on a day with a bit of everything. */
import type {
  CalendarDay,
  DatasetDocument,
  DayState,
  FlowDocument,
  JobDocument,
  RunsDocument,
  SourceDocument,
  StatusDocument,
} from '../../src/page/documents.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function aStatus(now: number): StatusDocument {
  return {
    version: '0.1.0',
    owner: 'default',
    holder: 'here:1',
    role: 'leader',
    leader: 'here:1',
    lease_error: null,
    started_at: iso(now - 3 * DAY_MS),
    config: { file: '/etc/tierd/unified_config.yaml', reload_error: null },
    jobs: [
      aJob('rotate', { next_at: iso(now + 3 * HOUR_MS + 12 * 60_000) }),
      aJob('scrub', { next_at: iso(now + 2 * DAY_MS), last: null }),
      aJob('drain', {
        command: 'tierd drain --follow',
        schedule: 'all the time',
        last: null,
        running: aRun(now - HOUR_MS),
      }),
    ],
    alerts: [],
    paused_datasets: [],
    survey: {
      taken_at: iso(now - 5_000),
      error: null,
      hot: {
        reachable: true,
        error: null,
        version: '17.6',
        timescale: '2.19.3',
        database_bytes: 512 * 1024 ** 2,
        connections: 7,
        max_connections: 100,
      },
      live: {
        reachable: true,
        error: null,
        servers: [
          {
            server: '127.0.0.1:6379',
            product: 'Redis',
            version: '8.0.2',
            keys: 1_204,
            used_bytes: 12 * 1024 ** 2,
            max_bytes: 256 * 1024 ** 2,
          },
        ],
        warnings: [],
      },
      cold: {
        error: null,
        free_bytes: 80 * 1024 ** 3,
        segments: 147,
        rows: 2_511_904,
        bytes: 31 * 1024 ** 2,
      },
      totals: {
        hot: {
          rows: 976_192,
          rows_are_estimated: true,
          bytes: 82 * 1024 ** 2,
          missing: [],
          stale: [],
        },
        waiting: { entries: 1_204, missing: [] },
      },
      datasets: [aDataset(now, 'flights'), aDataset(now, 'market_data')],
      sources: [
        aSource(now, 'flights_list', 'list', 0.4),
        aSource(now, 'flights_stream', 'stream', 12),
      ],
      dead_letters_waiting: 3,
      backups: [{ kind: 'snapshot', finished_at: iso(now - 9 * HOUR_MS) }],
    },
  };
}

export function aJob(job: string, change: Partial<JobDocument>): JobDocument {
  return {
    job,
    command: `tierd ${job}`,
    schedule: '0 2 * * * UTC',
    next_at: null,
    is_queued: false,
    skipped: 0,
    paused: null,
    circuit: { state: 'closed', failures: 0, open_until: null },
    running: null,
    last: {
      run: '41',
      state: 'done',
      started_at: '2026-11-24T02:00:00.000Z',
      finished_at: '2026-11-24T02:00:14.000Z',
      error_code: null,
      error_message: null,
    },
    ...change,
  };
}

export function aRun(
  startedAtMs: number,
  progress: NonNullable<JobDocument['running']>['progress'] = null,
): JobDocument['running'] {
  return {
    run: '42',
    cause: 'schedule',
    started_at: iso(startedAtMs),
    attempt: 1,
    rss_bytes: 90 * 1024 ** 2,
    progress,
  };
}

function aDataset(now: number, dataset: string): DatasetDocument {
  return {
    dataset,
    kind: 'partitioned',
    error: null,
    hot: {
      rows: 488_096,
      rows_are_estimated: true,
      bytes: 41 * 1024 ** 2,
      oldest: iso(now - 30 * DAY_MS),
      newest: iso(now),
    },
    cold: {
      segments: 147,
      rows: 2_511_904,
      bytes: 31 * 1024 ** 2,
      oldest: iso(now - 177 * DAY_MS),
      newest: iso(now - 31 * DAY_MS),
    },
    last_run: null,
    due: { rows: 16_420, moves: 1 },
    refusals: [],
    care: aCare(now),
  };
}

function aCare(now: number): NonNullable<DatasetDocument['care']> {
  return {
    compaction: { segments: 117, segments_after: 4, bytes: 24 * 1024 ** 2 },
    expiring: { within_days: 30, rows: 492_600, rows_are_at_most: false },
    holds: [
      {
        id: '3',
        from: iso(now - 100 * DAY_MS),
        to: iso(now - 70 * DAY_MS),
        until: null,
        reason: 'case 17',
      },
    ],
    scrubs: { oldest: iso(now - 20 * DAY_MS), newest: iso(now - 6 * DAY_MS), never: 6 },
    audit_head: { number: 151, hash: 'c0ffee'.repeat(10).slice(0, 64).padEnd(64, '0') },
  };
}

export function aLastRun(): NonNullable<DatasetDocument['last_run']> {
  return {
    job: 'rotate',
    state: 'failed',
    started_at: '2026-11-24T02:00:00.000Z',
    finished_at: '2026-11-24T02:00:14.000Z',
    rows_moved: 16_420,
    error_message: 'canceling statement due to lock timeout',
  };
}

/** One could not be looked at, one was refused; the later the more rows. */
export function manyDatasets(count: number): readonly DatasetDocument[] {
  return Array.from({ length: count }, (_, index) => {
    const dataset = aDataset(Date.now(), `trades_${String(index)}`);
    return {
      ...dataset,
      hot: { ...dataset.hot, rows: 1_000 * index },
      error: index === 7 ? 'relation "trades_7" does not exist' : null,
      refusals: index === 3 ? ['57 % of the table would leave'] : [],
    };
  });
}

function aSource(now: number, source: string, kind: string, lag: number): SourceDocument {
  return {
    source,
    dataset: 'flights',
    kind,
    enabled: true,
    backlog_entries: 602,
    error: null,
    rows_written: 50_120,
    dead_letters_waiting: 0,
    lag_seconds: lag,
    last_batch_at: iso(now - 2_000),
  };
}

/** A year: nothing, then cold with a gap and a bad day, hot, and today. */
export function aCalendar(now: number): readonly CalendarDay[] {
  return Array.from({ length: 372 }, (_, index) => {
    const daysAgo = 371 - index;
    const state = stateOf(daysAgo);
    const isCold = state === 'cold' || state === 'bad';
    return {
      day: iso(now - daysAgo * DAY_MS).slice(0, 10),
      state,
      hot_rows: ['hot', 'live', 'moving'].includes(state) ? 16_420 : 0,
      cold_rows: isCold ? 16_420 : 0,
      segments: isCold ? 1 : 0,
      is_pinned: daysAgo >= 20 && daysAgo < 24,
      is_held: daysAgo > 70 && daysAgo <= 100,
    };
  });
}

function stateOf(daysAgo: number): DayState {
  if (daysAgo === 0) return 'live';
  if (daysAgo < 30) return 'hot';
  if (daysAgo === 30) return 'moving';
  if (daysAgo === 40 || daysAgo === 41) return 'gap';
  if (daysAgo === 60) return 'bad';
  return daysAgo < 177 ? 'cold' : 'empty';
}

export function aFlow(now: number): FlowDocument {
  const hours = Array.from({ length: 24 }, (_, index) => now - (23 - index) * HOUR_MS);
  return {
    from: iso(now - DAY_MS),
    to: iso(now),
    missing: [],
    stale: [],
    bucket_seconds: 3_600,
    moved: hours.slice(2, 4).map((at) => ({ at: iso(at), rows: 16_420, bytes: 220_000 })),
    drained: hours.map((at, index) => ({ at: iso(at), rows: 400 + 30 * index })),
    lag: hours.flatMap((at, index) => [
      { at: iso(at), source: 'flights_list', seconds: 0.4 + (index % 5) / 10, backlog: 3 },
      { at: iso(at), source: 'flights_stream', seconds: 2 + (index % 7), backlog: 9 },
    ]),
  };
}

export function someRuns(now: number): RunsDocument {
  return {
    runs: [
      {
        id: '41',
        job: 'rotate',
        subject: null,
        cause: 'schedule',
        state: 'done',
        started_at: iso(now - 12 * HOUR_MS),
        finished_at: iso(now - 12 * HOUR_MS + 14_000),
        rows_moved: 16_420,
        error_code: null,
        error_message: null,
      },
      {
        id: '40',
        job: 'scrub',
        subject: null,
        cause: 'catch_up',
        state: 'failed',
        started_at: iso(now - 14 * HOUR_MS),
        finished_at: iso(now - 14 * HOUR_MS + 3_000),
        rows_moved: null,
        error_code: 'LAKE_UNREADABLE',
        error_message: 'the lake could not be read',
      },
    ],
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
