/** The whole answer as a file: asked for anew, so that it is whole and not what the page keeps. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Question } from '../server.ts';
import { useSurroundings } from '../surroundings.ts';
import { problemOf } from './use-question.ts';

const FORMATS = ['csv', 'json', 'parquet'] as const;
/** The browser has begun to write it long before. */
const KEPT_MS = 60_000;

export function Downloads(props: {
  /** Null while there is none. */
  readonly question: ((format: Question['format']) => Question) | null;
}): JSX.Element {
  const { server, say } = useSurroundings();
  const { question } = props;
  const [busy, setBusy] = useState<string | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const load = async (format: (typeof FORMATS)[number]): Promise<void> => {
    if (question === null) return;
    const controller = new AbortController();
    running.current = controller;
    setBusy(format);
    let hasBegun = false;
    try {
      const response = await server.query(question(format), controller.signal);
      hasBegun = true;
      save(await response.blob(), `${nameOf(response.headers)}.${format}`);
    } catch (error) {
      const isCancelled = controller.signal.aborted;
      const { what, hint } = problemOf(error, isCancelled, hasBegun);
      if (!isCancelled) say({ kind: 'failed', text: `${format}: ${what} ${hint ?? ''}` });
    } finally {
      setBusy(null);
    }
  };
  return (
    <div class="downloads" role="group" aria-label="Download the whole answer">
      <span class="quiet">Download as</span>
      {FORMATS.map((format) => (
        <button
          key={format}
          type="button"
          aria-disabled={question === null || busy !== null}
          onClick={() => {
            if (busy === null) void load(format);
          }}
        >
          {busy === format ? `${format} …` : format}
        </button>
      ))}
      {busy !== null && (
        <button type="button" onClick={() => running.current?.abort()}>
          Cancel
        </button>
      )}
    </div>
  );
}

/** Of the snapshot, so that two of one question are told apart. */
function nameOf(headers: Headers): string {
  return `tierd-${headers.get('tierd-snapshot') ?? 'answer'}`;
}

function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
