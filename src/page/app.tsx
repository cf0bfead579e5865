/** The whole page, top to bottom as it is read. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { Alerts } from './alerts.tsx';
import { Charts } from './charts.tsx';
import { Datasets } from './datasets.tsx';
import type { FlowDocument, StatusDocument } from './documents.ts';
import { Header } from './header.tsx';
import { Jobs } from './jobs.tsx';
import { Notice } from './notice.tsx';
import { usePolled, useStatus } from './polling.ts';
import { Runs } from './runs.tsx';
import type { Server } from './server.ts';
import { Sources } from './sources.tsx';
import { Stores } from './stores.tsx';
import { type Message, type Surroundings, SurroundingsContext } from './surroundings.ts';
import { type Purpose, TokenDialog } from './token-dialog.tsx';

export function App({ server }: { readonly server: Server }): JSX.Element {
  const watch = useStatus(server);
  const [message, setMessage] = useState<Message | null>(null);
  const [asking, setAsking] = useState<Purpose | null>(null);
  const canControl = watch.access?.control === true;
  const { refresh } = watch;
  const surroundings = useMemo<Surroundings>(
    () => ({ server, canControl, say: setMessage, refresh }),
    [server, canControl, refresh],
  );
  const [isPutOff, setPutOff] = useState(false);
  const purpose = asking ?? (watch.needsToken && !isPutOff ? 'status' : null);
  const isStale = watch.problem !== null;
  return (
    <SurroundingsContext.Provider value={surroundings}>
      <Header watch={watch} onToken={setAsking} />
      <Notice watch={watch} message={message} onDismiss={() => setMessage(null)} />
      <main class={isStale ? 'stale' : ''} aria-busy={watch.status === null}>
        {watch.status === null ? (
          <Waiting needsToken={watch.needsToken} onToken={() => setAsking('status')} />
        ) : (
          <Board status={watch.status} />
        )}
      </main>
      {purpose !== null && (
        <TokenDialog
          purpose={purpose}
          onClose={() => {
            setAsking(null);
            setPutOff(true);
          }}
        />
      )}
    </SurroundingsContext.Provider>
  );
}

const FLOW_MS = 30_000;

function Board({ status }: { readonly status: StatusDocument }): JSX.Element {
  const [hours, setHours] = useState(24);
  // What a run changed is asked for when it has ended.
  const since = status.jobs.map(({ last }) => last?.run ?? '').join();
  const flow = usePolled<FlowDocument>(`/v1/flow?hours=${String(hours)}`, FLOW_MS, since);
  return (
    <>
      <Alerts alerts={status.alerts} survey={status.survey} />
      <Stores status={status} flow={flow.value} />
      <div class="side">
        <Jobs jobs={status.jobs} />
        <Runs since={since} />
      </div>
      <Datasets status={status} />
      <Charts flow={flow} hours={hours} onHours={setHours} />
      <Sources survey={status.survey} />
    </>
  );
}

function Waiting(props: {
  readonly needsToken: boolean;
  readonly onToken: () => void;
}): JSX.Element {
  if (!props.needsToken) return <p class="waiting">Asking the daemon …</p>;
  return (
    <section class="waiting" aria-labelledby="locked">
      <h2 id="locked">A token is needed</h2>
      <p>This daemon shows its state to who has one.</p>
      <button type="button" class="primary" onClick={props.onToken}>
        Enter a token
      </button>
    </section>
  );
}
