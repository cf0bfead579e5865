/** What the stores hold, for Prometheus: the figures of the last survey. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { DaemonView } from '../daemon/view.ts';
import type { Survey } from '../domain/survey/survey.ts';
import { SOURCES } from './source-figures.ts';
import { BACKUPS, DATASETS, type Figure, SERVERS, STORES } from './survey-figures.ts';

export function addSurveyMetrics(registry: Registry, view: DaemonView): void {
  const add = <Of>(
    figures: readonly Figure<Of>[],
    label: string | null,
    entries: (survey: Survey) => readonly (readonly [name: string, of: Of])[],
  ): void => {
    for (const figure of figures) {
      addFigure(registry, figure, label, () => {
        const { survey } = view.state();
        return survey === null ? [] : entries(survey);
      });
    }
  };
  add(STORES, null, (survey) => [['', survey]]);
  add(SERVERS, 'server', ({ live }) => (live?.servers ?? []).map((of) => [of.server, of]));
  add(DATASETS, 'dataset', ({ datasets }) => datasets.map((of) => [of.dataset, of]));
  add(BACKUPS, 'kind', ({ backups }) => (backups ?? []).map((of) => [of.kind, of]));
  add(SOURCES, 'source', ({ sources }) => sources.map((of) => [of.source, of]));
}

function addFigure<Of>(
  registry: Registry,
  { name, help, isCounter, read }: Figure<Of>,
  label: string | null,
  entries: () => readonly (readonly [name: string, of: Of])[],
): void {
  const options = {
    name,
    help,
    labelNames: label === null ? [] : [label],
    registers: [registry],
  };
  const collect = (metric: Gauge | Counter): void => {
    // What a reload took out leaves no figure behind.
    metric.reset();
    // One without labels would be told as 0 until there is a survey.
    if (label === null) metric.remove();
    for (const [entry, of] of entries()) {
      const value = read(of);
      if (value !== null) metric.inc(label === null ? {} : { [label]: entry }, Number(value));
    }
  };
  if (isCounter === true) {
    new Counter({
      ...options,
      collect() {
        collect(this);
      },
    });
  } else {
    new Gauge({
      ...options,
      collect() {
        collect(this);
      },
    });
  }
}
