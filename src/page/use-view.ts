import { useEffect, useState } from 'preact/hooks';
import { type View, viewOf } from './views.ts';

/** The view that the address names, also after it has changed. */
export function useView(): View {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return viewOf(hash);
}
