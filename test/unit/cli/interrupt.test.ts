import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { listenForInterrupt } from '../../../src/cli/interrupt.ts';

function listen() {
  const source = new EventEmitter();
  const said: string[] = [];
  const exits: number[] = [];
  const interrupt = listenForInterrupt(
    source,
    (line) => said.push(line),
    (code) => exits.push(code),
  );
  return { source, said, exits, interrupt };
}

describe('Ctrl-C', () => {
  it.each(['SIGINT', 'SIGTERM'])('the first %s asks for an orderly end', (name) => {
    const { source, said, exits, interrupt } = listen();
    source.emit(name, name);
    expect(interrupt.signal.aborted).toBe(true);
    expect(interrupt.signal.reason).toBe(name);
    expect(said).toEqual(['Finishing the current step; press again to stop at once.']);
    expect(exits).toEqual([]);
  });

  it('the second ends the process at once', () => {
    const { source, said, exits } = listen();
    source.emit('SIGTERM', 'SIGTERM');
    source.emit('SIGINT', 'SIGINT');
    expect(exits).toEqual([130]);
    expect(said).toHaveLength(1);
  });

  it('a terminal that goes away asks for the same end, however often it is said', () => {
    const { source, said, exits, interrupt } = listen();
    source.emit('SIGHUP', 'SIGHUP');
    source.emit('SIGHUP', 'SIGHUP');
    expect(interrupt.signal.reason).toBe('SIGHUP');
    expect(said).toEqual(['The terminal is gone: finishing the current step.']);
    expect(exits).toEqual([]);
    source.emit('SIGTERM', 'SIGTERM');
    expect(exits).toEqual([130]);
  });

  it('leaves SIGHUP to whoever means something else by it', () => {
    const { source, said, interrupt } = listen();
    source.on('SIGHUP', () => undefined);
    source.emit('SIGHUP', 'SIGHUP');
    expect(interrupt.signal.aborted).toBe(false);
    expect(said).toEqual([]);
  });

  it('a reader that went away aborts without a word', () => {
    const { said, interrupt } = listen();
    interrupt.abort('reader gone');
    expect(interrupt.signal.aborted).toBe(true);
    expect(said).toEqual([]);
  });

  it('is heard no more after the release', () => {
    const { source, interrupt } = listen();
    interrupt.release();
    expect(source.eventNames()).toEqual([]);
  });
});
