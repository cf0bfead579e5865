import { describe, expect, it } from 'vitest';
import type { TableHazard } from '../../../../src/domain/plan/hazards.ts';
import { type HazardVerdict, judgeHazards } from '../../../../src/domain/plan/judge-hazards.ts';
import { judgeMove } from '../../../../src/domain/plan/part-hazards.ts';
import type { Region } from '../../../../src/domain/plan/regions.ts';
import type { Part, TableDescription } from '../../../../src/domain/table.ts';

const table: TableDescription = {
  ref: { schema: 'public', name: 'ticks' },
  oid: 1,
  kind: 'plain',
  columns: [],
  columnsPrint: '',
  timeColumn: { name: 'ts', kind: 'timestamptz' },
  parts: [],
};

const region = (removal: Region['removal']): Region => ({
  lane: 'aged',
  removal,
  range: { fromInclusive: Date.UTC(2024, 0, 1), toExclusive: Date.UTC(2024, 0, 2) },
  parts: [],
});

const judge = (hazard: TableHazard, ...removals: Region['removal'][]): HazardVerdict =>
  judgeHazards(table, [hazard], removals.map(region));

const guards = (verdict: HazardVerdict): string[] =>
  verdict.refusals.map((refusal) => `${refusal.guard}${refusal.forceable ? ' (forceable)' : ''}`);

const orders = { schema: 'public', name: 'orders' };
const on = table.ref;

describe('judging hazards', () => {
  it('never lets a move cascade into another table, and lets one try that PostgreSQL would stop', () => {
    for (const onDelete of ['cascade', 'set null', 'set default'] as const) {
      expect(
        guards(
          judge({ kind: 'foreign_key', constraint: 'k', from: orders, to: on, onDelete }, 'delete'),
        ),
      ).toEqual(['foreign_key']);
    }
    expect(
      guards(
        judge(
          { kind: 'foreign_key', constraint: 'k', from: orders, to: on, onDelete: 'restrict' },
          'delete',
        ),
      ),
    ).toEqual(['foreign_key (forceable)']);
  });

  it('refuses row security and rules, for what they hide can’t be proven', () => {
    expect(guards(judge({ kind: 'row_security' }, 'drop'))).toEqual(['row_security']);
    expect(guards(judge({ kind: 'delete_rule', rule: 'r', on }, 'delete'))).toEqual([
      'delete_rule',
    ]);
  });

  it('refuses a rule only where a DELETE names its table, and says how to drop it', () => {
    const part: Part = {
      oid: 2,
      ref: { schema: 'public', name: 'ticks_1' },
      range: region('drop').range,
      compressed: false,
      estimatedRows: 1,
      bytes: 1,
    };
    const cut: TableDescription = { ...table, kind: 'partitioned', parts: [part] };
    const ofPart: TableHazard = { kind: 'delete_rule', rule: 'No Delete', on: part.ref };
    const ofWhole: TableHazard = { kind: 'delete_rule', rule: 'No Delete', on };
    expect(judgeHazards(cut, [ofPart, ofWhole], [region('drop')])).toMatchObject({
      refusals: [],
      notes: [
        { message: expect.stringContaining('does not fire') as string },
        { message: expect.stringContaining('does not fire') as string },
      ],
    });
    expect(judgeHazards(cut, [ofPart, ofWhole], [region('delete')])).toMatchObject({
      refusals: [{ hint: expect.stringContaining('drop rule "No Delete" on "public".') as string }],
    });
  });

  it('refuses a trigger where rows are deleted, mentions it where parts are dropped', () => {
    const trigger: TableHazard = {
      kind: 'delete_trigger',
      trigger: 'audit',
      on,
      mayKeepRows: false,
    };
    expect(guards(judge(trigger, 'delete', 'drop'))).toEqual(['delete_trigger (forceable)']);
    expect(judge(trigger, 'drop')).toMatchObject({
      refusals: [],
      notes: [{ message: expect.stringContaining('does not fire') as string }],
    });
    expect(judge(trigger)).toEqual({ refusals: [], notes: [] });
  });

  it('refuses a DELETE that logical replication would refuse, mentions what subscribers keep or lose', () => {
    const publication = { kind: 'publication', publication: 'p', sendsDeletes: true } as const;
    expect(guards(judge({ ...publication, hasIdentity: false }, 'delete'))).toEqual([
      'replica_identity',
    ]);
    expect(judge({ ...publication, hasIdentity: true }, 'delete').notes[0]?.message).toContain(
      'lose',
    );
    expect(judge({ ...publication, hasIdentity: false }, 'drop').notes[0]?.message).toContain(
      'keep',
    );
    expect(judge({ ...publication, sendsDeletes: false, hasIdentity: false }, 'delete')).toEqual({
      refusals: [],
      notes: [],
    });
  });

  it('needs ownership to drop, not to delete', () => {
    const missing = { kind: 'missing_privilege', privilege: 'ownership' } as const;
    expect(guards(judge(missing, 'drop'))).toEqual(['privilege']);
    expect(judge(missing, 'delete')).toEqual({ refusals: [], notes: [] });
    const vacuum = { ...missing, privilege: 'vacuum' } as const;
    expect(judge(vacuum, 'drop')).toEqual({ refusals: [], notes: [] });
    expect(judge(vacuum, 'delete')).toMatchObject({
      refusals: [],
      notes: [{ message: expect.stringContaining('autovacuum') as string }],
    });
    expect(guards(judge({ ...missing, privilege: 'select' }, 'delete'))).toEqual(['privilege']);
  });

  it('minds a trigger of a partition only where rows are deleted from it', () => {
    const [part] = [{ oid: 7, ref: orders, range: region('drop').range }];
    const parted = {
      ...table,
      kind: 'partitioned' as const,
      parts: [{ ...part, compressed: false, estimatedRows: 1, bytes: 1 }],
    };
    const trigger = {
      kind: 'delete_trigger',
      trigger: 'audit',
      on: orders,
      mayKeepRows: true,
    } as const;
    const later = { fromInclusive: Date.UTC(2025, 0, 1), toExclusive: Date.UTC(2025, 0, 2) };
    const elsewhere = { ...region('delete'), range: later };
    expect(judgeHazards(parted, [trigger], [region('drop'), elsewhere]).refusals).toEqual([]);
    expect(guards(judgeHazards(parted, [trigger], [region('delete')]))).toEqual([
      'delete_trigger (forceable)',
    ]);
  });

  it('leaves to each move what no chunk can be dropped for', () => {
    const hyper = { ...table, kind: 'hypertable' as const };
    const key = {
      kind: 'foreign_key',
      constraint: 'k',
      from: orders,
      to: on,
      onDelete: 'restrict',
    } as const;
    expect(judgeHazards(hyper, [key], [region('drop')]).refusals).toEqual([]);
    const around = { table: [key], parts: [] };
    expect(judgeMove(hyper, around, region('drop'))).toMatchObject([
      {
        guard: 'foreign_key',
        forceable: false,
        hint: expect.stringContaining('drop constraint') as string,
      },
    ]);
    expect(judgeMove(hyper, around, region('delete'))).toEqual([]);
  });

  it('refuses to race TimescaleDB’s own retention', () => {
    expect(
      guards(judge({ kind: 'retention_policy', job: 1000, dropAfter: '90 days' }, 'drop')),
    ).toEqual(['retention_policy (forceable)']);
  });

  it('refuses to unpack compressed chunks by DELETE, and does not mind where it drops', () => {
    const hazard = { kind: 'compressed_chunks', count: 3, example: orders } as const;
    expect(guards(judge(hazard, 'delete'))).toEqual(['compressed_chunks']);
    expect(judge(hazard, 'drop')).toEqual({ refusals: [], notes: [] });
  });

  it('says what late rows and missing indexes will cost, only where it matters', () => {
    expect(judge({ kind: 'no_default_partition' }, 'drop').notes).toMatchObject([
      {
        message: expect.stringContaining('late') as string,
        hint: expect.stringContaining('partition of "public"."ticks" default') as string,
      },
    ]);
    expect(judge({ kind: 'no_default_partition' }, 'delete').notes).toEqual([]);
    expect(judge({ kind: 'no_time_index' }, 'delete').notes).toMatchObject([
      { hint: 'create index concurrently on "public"."ticks" ("ts")' },
    ]);
    expect(judge({ kind: 'no_time_index' }, 'drop').notes).toEqual([]);
  });
});
