import { describe, expect, it } from 'vitest';
import { judgeCertificate, judgeCleartext } from '../../../src/domain/transport.ts';

const NOW = Date.parse('2026-03-01T00:00:00Z');
const DAY = 86_400_000;

describe('a line to a store', () => {
  const statusOf = (address: string | null, isEncrypted = false): string =>
    judgeCleartext('x', { address, isEncrypted, certificateUntil: null }, 'do')[0]?.status ?? 'ok';

  it('in the clear is warned of where it leaves this machine', () => {
    for (const local of ['127.0.0.1', '127.8.0.1', '::1', '::ffff:127.0.0.1', null]) {
      expect(statusOf(local), String(local)).toBe('ok');
    }
    for (const far of ['10.0.0.1', '192.0.2.7', '2001:db8::1', '::ffff:10.0.0.1']) {
      expect(statusOf(far), far).toBe('warning');
      expect(statusOf(far, true), far).toBe('ok');
    }
  });

  it.each([
    [31, 'ok'],
    [29, 'warning'],
    [0.5, 'warning'],
    [-1, 'error'],
  ])('with a certificate for %s more days is %s', (days, status) => {
    const [check] = judgeCertificate('x', 'it', NOW + days * DAY, NOW);
    expect(check?.status ?? 'ok').toBe(status);
  });

  it('without a certificate, or with one that can not be read, has nothing to be told', () => {
    expect(judgeCertificate('x', 'it', null, NOW)).toEqual([]);
    expect(judgeCertificate('x', 'it', Number.NaN, NOW)).toEqual([]);
  });
});
