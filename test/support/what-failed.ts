/**
 * vitest reporter: why a run failed, into a file that is there only where it did. Vitest's own JSON
 * says nothing of errors that belong to no test, which fail a run of passed tests all the same.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SerializedError } from 'vitest';
import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node';

export class WhatFailed implements Reporter {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    rmSync(this.#file, { force: true });
    if (reason === 'passed' && unhandled.length === 0) return;
    const lines = [
      `The run ended as ${reason}.`,
      ...modules.flatMap((module) => [...failuresOf(module)]),
      ...unhandled.map((error) => `outside of any test: ${describe(error)}`),
    ];
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(this.#file, `${lines.join('\n')}\n`);
  }
}

function* failuresOf(module: TestModule): Iterable<string> {
  for (const error of module.errors()) yield `${module.relativeModuleId}: ${describe(error)}`;
  for (const suite of module.children.allSuites()) {
    for (const error of suite.errors()) {
      yield `${module.relativeModuleId} > ${suite.fullName}: ${describe(error)}`;
    }
  }
  for (const test of module.children.allTests('failed')) {
    for (const error of test.result().errors ?? []) {
      yield `${module.relativeModuleId} > ${test.fullName}: ${describe(error)}`;
    }
  }
}

function describe(error: Partial<SerializedError>): string {
  return error.stack ?? error.message ?? 'an error without words';
}
