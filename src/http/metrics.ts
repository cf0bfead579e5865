/** The daemon's state for Prometheus: read when it is asked for, kept nowhere. */
import { readdirSync } from 'node:fs';
import { Counter, Gauge, Registry } from 'prom-client';
import type { JobState } from '../daemon/state.ts';
import type { DaemonView } from '../daemon/view.ts';
import { ALERT_KINDS } from '../domain/alert.ts';
import type { QueryGate } from './query-gate.ts';
import { addSurveyMetrics } from './survey-metrics.ts';

export function createMetrics(view: DaemonView, queries: QueryGate): Registry {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({
    name: 'tierd_info',
    help: 'The version that runs, and whose datasets it looks after.',
    labelNames: ['version', 'owner'],
    registers,
    collect() {
      this.set({ version: view.version, owner: view.state().owner }, 1);
    },
  });
  const plain = (name: string, help: string, read: () => boolean): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read() ? 1 : 0);
      },
    });
  };
  plain('tierd_leader', '1 while this daemon leads.', () => view.state().role === 'leader');
  plain(
    'tierd_lease_known',
    '0 while this daemon can neither lead nor tell who does.',
    () => view.state().leader !== null,
  );
  plain(
    'tierd_config_reload_ok',
    '0 after a reload that was refused.',
    () => view.state().config.reloadError === null,
  );
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time of the daemon.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  addSurveyMetrics(registry, view);
  new Gauge({
    name: 'tierd_alerts',
    help: 'Alerts that fire now.',
    labelNames: ['kind'],
    registers,
    collect() {
      // A kind that does not fire is 0, not absent: a rule on it is a rule on a figure.
      for (const kind of ALERT_KINDS) {
        this.set({ kind }, view.state().alerts.filter((alert) => alert.kind === kind).length);
      }
    },
  });
  new Gauge({
    name: 'tierd_job_paused',
    help: '1 while no schedule starts the job, for a person has paused it.',
    labelNames: ['job'],
    registers,
    collect() {
      this.reset();
      const { jobs, pauses } = view.state();
      for (const job of Object.keys(jobs)) this.set({ job }, job in pauses.jobs ? 1 : 0);
    },
  });
  new Gauge({
    name: 'tierd_dataset_paused',
    help: '1 for each dataset that a person has paused.',
    labelNames: ['dataset'],
    registers,
    collect() {
      this.reset();
      for (const dataset of Object.keys(view.state().pauses.datasets)) this.set({ dataset }, 1);
    },
  });
  addQueryMetrics(registry, queries);
  addFetchMetrics(registry, queries);
  for (const { name, help, read } of PROCESS_METRICS) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const value = read();
        if (value !== null) this.set(value);
      },
    });
  }
  for (const { name, help, read } of JOB_METRICS) {
    new Gauge({
      name,
      help,
      labelNames: ['job'],
      registers,
      collect() {
        // A job that a reload took out leaves no figure behind.
        this.reset();
        for (const job of Object.values(view.state().jobs)) {
          const value = read(job);
          if (value !== null) this.set({ job: job.name }, value);
        }
      },
    });
  }
  return registry;
}

function addQueryMetrics(registry: Registry, gate: QueryGate): void {
  const registers = [registry];
  new Gauge({
    name: 'tierd_queries',
    help: 'Queries over HTTP that run, and that wait for their turn.',
    labelNames: ['state'],
    registers,
    collect() {
      this.set({ state: 'running' }, gate.running);
      this.set({ state: 'waiting' }, gate.waiting);
    },
  });
  new Counter({
    name: 'tierd_queries_total',
    help: 'Queries over HTTP, by how they ended; refused are those that found too many before them.',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(gate.counts)) this.inc({ outcome }, count);
    },
  });
}

function addFetchMetrics(registry: Registry, gate: QueryGate): void {
  const registers = [registry];
  new Counter({
    name: 'tierd_query_fetch_requests_total',
    help: 'Requests to the store of the lake for queries over HTTP; none where it is a disk.',
    registers,
    collect() {
      this.reset();
      this.inc(gate.fetched.requests);
    },
  });
  new Counter({
    name: 'tierd_query_fetched_bytes_total',
    help: 'Bytes that came from the store of the lake for queries over HTTP.',
    registers,
    collect() {
      this.reset();
      this.inc(gate.fetched.bytes);
    },
  });
}

/**
 * By hand and not by prom-client's own set: that one watches the event loop a hundred times a second,
 * which is most of what an idle daemon would do.
 */
const PROCESS_METRICS: readonly {
  readonly name: string;
  readonly help: string;
  readonly read: () => number | null;
}[] = [
  {
    name: 'process_resident_memory_bytes',
    help: "Resident memory of the daemon, without its jobs'.",
    read: () => process.memoryUsage.rss(),
  },
  {
    name: 'process_open_fds',
    help: 'Open files and connections. Linux only.',
    read: countOpenFiles,
  },
  {
    name: 'process_start_time_seconds',
    help: 'When the daemon was started.',
    read: () => Date.now() / 1000 - process.uptime(),
  },
];

function countOpenFiles(): number | null {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return null;
  }
}

const JOB_METRICS: readonly {
  readonly name: string;
  readonly help: string;
  readonly read: (job: JobState) => number | null;
}[] = [
  {
    name: 'tierd_job_running',
    help: '1 while the job runs.',
    read: ({ running }) => (running === null ? 0 : 1),
  },
  {
    name: 'tierd_job_memory_bytes',
    help: "Resident memory of the job's processes.",
    read: ({ running }) => running?.rssBytes ?? null,
  },
  {
    name: 'tierd_job_next_timestamp_seconds',
    help: 'When the job is due next.',
    read: ({ nextAtMs }) => seconds(nextAtMs),
  },
  {
    name: 'tierd_job_last_end_timestamp_seconds',
    help: 'When its last run ended.',
    read: ({ last }) => seconds(last?.finishedAtMs ?? null),
  },
  {
    name: 'tierd_job_last_duration_seconds',
    help: 'How long its last run took.',
    read: ({ last }) => (last === null ? null : seconds(last.finishedAtMs - last.startedAtMs)),
  },
  {
    name: 'tierd_job_last_ok',
    help: '1 when its last run was done to its end.',
    read: ({ last }) => (last === null ? null : last.state === 'done' ? 1 : 0),
  },
  {
    name: 'tierd_job_failures',
    help: 'Failed runs in a row.',
    read: ({ circuit }) => circuit.failures,
  },
  {
    name: 'tierd_job_resting',
    help: '1 while the job is left alone because it failed too often.',
    read: ({ circuit }) => (circuit.kind === 'open' ? 1 : 0),
  },
  {
    name: 'tierd_job_skipped',
    help: 'Times since the start that found it running, or resting.',
    read: ({ skipped }) => skipped,
  },
];

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
