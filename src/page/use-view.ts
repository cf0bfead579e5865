/** Which view is looked at: it is in the address, so that it can be linked, reloaded and gone back from. */
import { useEffect, useState } from 'preact/hooks';
import { type View, viewOf } from './views.ts';

export function useView(): View {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return viewOf(hash);
}
