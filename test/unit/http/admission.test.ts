import { describe, expect, it } from 'vitest';
import { admit, type Scope, type Tokens } from '../../../src/http/admission.ts';

const TOKENS: Tokens = { status: 's'.repeat(16), query: 'q'.repeat(16), control: 'c'.repeat(16) };

/** What a holder of each token, of a wrong one and of none is told. */
const answers = (scope: Scope, tokens: Tokens = TOKENS): (number | null)[] =>
  [TOKENS.status, TOKENS.query, TOKENS.control, 'wrong', null].map((token) =>
    admit(scope, tokens, token === null ? undefined : `Bearer ${token}`),
  );

describe('a token', () => {
  it('allows its own scope, and to read', () => {
    expect(answers('open')).toEqual([null, null, null, null, null]);
    expect(answers('status')).toEqual([null, null, null, 401, 401]);
    expect(answers('query')).toEqual([403, null, 403, 401, 401]);
    expect(answers('control')).toEqual([403, 403, null, 401, 401]);
  });

  it('that is not configured leaves reading open, and all else shut', () => {
    const none: Tokens = { status: null, query: null, control: null };
    expect(answers('status', none)).toEqual([null, null, null, null, null]);
    expect(answers('query', none)).toEqual([403, 403, 403, 403, 403]);
    expect(answers('control', none)).toEqual([403, 403, 403, 403, 403]);
  });
});
