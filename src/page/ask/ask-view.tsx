/** Whether somebody may ask here, and the form, which is loaded when it is first looked at. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { AccessDocument, StatusDocument } from '../documents.ts';
import { useSurroundings } from '../surroundings.ts';
import { TokenDialog } from '../token-dialog.tsx';
import type { Ask } from './ask.tsx';

export function AskView(props: {
  readonly status: StatusDocument;
  readonly access: AccessDocument | null;
}): JSX.Element {
  const { access } = props;
  const { server } = useSurroundings();
  const [isEntering, setEntering] = useState(false);
  const mayAsk = server.hasQueryToken() || access?.query === true;
  const datasets = (props.status.survey?.datasets ?? []).map(({ dataset }) => dataset);
  return (
    <section class="ask" aria-labelledby="ask">
      <h2 id="ask">Ask</h2>
      {access?.query_enabled === false ? (
        <p>
          Nobody may ask over HTTP: <code>server.query_token</code> is not configured.{' '}
          <code>tierd query</code> asks on the command line.
        </p>
      ) : mayAsk ? (
        <Loaded datasets={datasets} onRefused={() => setEntering(true)} />
      ) : (
        <div class="locked">
          <p>Rows are shown to who knows the query token.</p>
          <button type="button" class="primary" onClick={() => setEntering(true)}>
            Enter the query token
          </button>
        </div>
      )}
      {isEntering && <TokenDialog purpose="query" onClose={() => setEntering(false)} />}
    </section>
  );
}

function Loaded(props: {
  readonly datasets: readonly string[];
  readonly onRefused: () => void;
}): JSX.Element {
  const [Form, setForm] = useState<typeof Ask | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    import('./ask.tsx').then(
      (loaded) => setForm(() => loaded.Ask),
      () => setProblem('This part of the page could not be loaded. Reload it.'),
    );
  }, []);
  if (problem !== null) return <p class="problem">{problem}</p>;
  return Form === null ? <p class="quiet">It is loaded …</p> : <Form {...props} />;
}
