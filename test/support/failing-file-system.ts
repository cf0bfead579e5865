import type { FileSystem } from '../../src/lake/file-system.ts';

export type Effect = keyof Pick<
  FileSystem,
  | 'makeDirectory'
  | 'writeNewFile'
  | 'syncFile'
  | 'syncDirectory'
  | 'link'
  | 'rename'
  | 'unlink'
  | 'removeDirectory'
>;

/** Called before and after each effect; what it throws, the caller of the effect gets. */
export interface EffectHooks {
  before?(effect: Effect, path: string): void;
  after?(effect: Effect, path: string): void;
}

/** The file system with something to say around every effect. */
export function watchEffects(inner: FileSystem, hooks: EffectHooks): FileSystem {
  const around = async (effect: Effect, path: string, run: () => Promise<void>) => {
    hooks.before?.(effect, path);
    await run();
    hooks.after?.(effect, path);
  };
  return {
    ...inner,
    makeDirectory: (path) => around('makeDirectory', path, () => inner.makeDirectory(path)),
    writeNewFile: (path, bytes) =>
      around('writeNewFile', path, () => inner.writeNewFile(path, bytes)),
    syncFile: (path) => around('syncFile', path, () => inner.syncFile(path)),
    syncDirectory: (path) => around('syncDirectory', path, () => inner.syncDirectory(path)),
    link: (existing, added) => around('link', added, () => inner.link(existing, added)),
    rename: (from, to) => around('rename', to, () => inner.rename(from, to)),
    unlink: (path) => around('unlink', path, () => inner.unlink(path)),
    removeDirectory: (path) => around('removeDirectory', path, () => inner.removeDirectory(path)),
  };
}

/** An error as the operating system gives it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made by the test`), { code });
}
