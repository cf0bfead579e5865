/** What a glance is for: what needs a person, what the stores hold and what flows, what runs next. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Alerts } from './alerts.tsx';
import { Charts } from './charts.tsx';
import type { FlowDocument, StatusDocument } from './documents.ts';
import { Jobs } from './jobs.tsx';
import { usePolled } from './polling.ts';
import { Stores } from './stores.tsx';

const FLOW_MS = 30_000;

export function Overview(props: {
  readonly status: StatusDocument;
  /** The last runs that ended: what they changed is asked for at once. */
  readonly since: string;
}): JSX.Element {
  const { status, since } = props;
  const [hours, setHours] = useState(24);
  const flow = usePolled<FlowDocument>(`/v1/flow?hours=${String(hours)}`, FLOW_MS, since);
  return (
    <>
      <Alerts alerts={status.alerts} survey={status.survey} />
      <Stores status={status} flow={flow.value} />
      <Jobs jobs={status.jobs} />
      <Charts flow={flow} hours={hours} onHours={setHours} />
    </>
  );
}
