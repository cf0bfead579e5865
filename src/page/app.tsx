/** The whole page: what is on it always, and the view that is looked at. */
import type { ComponentType, JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { Datasets } from './datasets.tsx';
import type { AccessDocument, StatusDocument } from './documents.ts';
import { Header } from './header.tsx';
import { Nav } from './nav.tsx';
import { Notice } from './notice.tsx';
import { Overview } from './overview.tsx';
import { useStatus } from './polling.ts';
import { type AskerProps, QueryView } from './query-view.tsx';
import { Runs } from './runs.tsx';
import type { Server } from './server.ts';
import { Sources } from './sources.tsx';
import { type Message, type Surroundings, SurroundingsContext } from './surroundings.ts';
import { type Purpose, TokenDialog } from './token-dialog.tsx';
import { useView } from './use-view.ts';
import type { View } from './views.ts';

export function App({ server }: { readonly server: Server }): JSX.Element {
  const watch = useStatus(server);
  const [message, setMessage] = useState<Message | null>(null);
  const [asking, setAsking] = useState<Purpose | null>(null);
  const canControl = watch.access?.control === true;
  const { refresh } = watch;
  const isStale = watch.problem !== null;
  const asOfMs = isStale ? watch.answeredAtMs : null;
  const surroundings = useMemo<Surroundings>(
    () => ({ server, canControl, asOfMs, say: setMessage, refresh }),
    [server, canControl, asOfMs, refresh],
  );
  const [isPutOff, setPutOff] = useState(false);
  const purpose = asking ?? (watch.needsToken && !isPutOff ? 'status' : null);
  const view = useView();
  return (
    <SurroundingsContext.Provider value={surroundings}>
      <Header watch={watch} onToken={setAsking} />
      <Nav view={view} status={watch.status} isAway={isStale} />
      <Notice watch={watch} message={message} onDismiss={() => setMessage(null)} />
      <main class={`${view.name}${isStale ? ' stale' : ''}`} aria-busy={watch.status === null}>
        {watch.status === null ? (
          <Waiting needsToken={watch.needsToken} onToken={() => setAsking('status')} />
        ) : (
          <Board status={watch.status} access={watch.access} view={view} />
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

const loadAsk = async (): Promise<ComponentType<AskerProps>> => (await import('./ask/ask.tsx')).Ask;
const loadData = async (): Promise<ComponentType<AskerProps>> =>
  (await import('./data/data.tsx')).Data;

function Board(props: {
  readonly status: StatusDocument;
  readonly access: AccessDocument | null;
  readonly view: View;
}): JSX.Element {
  const { status, access, view } = props;
  // What a run changed is asked for when it has ended.
  const since = status.jobs.map(({ last }) => last?.run ?? '').join();
  const datasets = (status.survey?.datasets ?? []).map(({ dataset }) => dataset);
  switch (view.name) {
    case 'overview':
      return <Overview status={status} since={since} />;
    case 'datasets':
      return (
        <>
          <Datasets status={status} open={view.dataset} />
          <Sources survey={status.survey} />
        </>
      );
    case 'data':
      return (
        <QueryView
          id="data"
          title="Data"
          load={loadData}
          open={view.dataset}
          {...{ access, datasets }}
        />
      );
    case 'ask':
      return (
        <QueryView
          id="ask"
          title="Ask"
          load={loadAsk}
          hasSources={(status.survey?.sources.length ?? 0) > 0}
          {...{ access, datasets }}
        />
      );
    case 'runs':
      return <Runs jobs={status.jobs} since={since} />;
  }
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
