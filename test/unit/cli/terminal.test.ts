import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { renderError, stringify } from '../../../src/cli/terminal/errors.ts';
import { createLiveLine } from '../../../src/cli/terminal/live-line.ts';
import { createLog } from '../../../src/cli/terminal/log.ts';
import { createProgress, renderProgress } from '../../../src/cli/terminal/progress.ts';
import { RateMeter } from '../../../src/cli/terminal/rate-meter.ts';
import { safeText } from '../../../src/cli/terminal/safe-text.ts';
import { type Style, styleOf } from '../../../src/cli/terminal/style.ts';
import { renderTable } from '../../../src/cli/terminal/table.ts';
import { showControls, truncate, widthOf } from '../../../src/cli/terminal/text-width.ts';
import { TierdError } from '../../../src/domain/errors.ts';

const plain = styleOf(new PassThrough(), { wanted: true, env: {} });

function terminal(columns: number, wanted = false) {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns });
  return { stream, style: styleOf(stream, { wanted, env: {} }) };
}

function written(stream: PassThrough): string {
  return String(stream.read() ?? '');
}

describe('a table', () => {
  const columns = [{ title: 'dataset' }, { title: 'rows', align: 'right' as const }];

  it('is aligned with spaces, figures to the right, nothing at the ends of lines', () => {
    const rows = [
      ['market_data', '1,234,567'],
      ['news', '8'],
    ];
    expect(renderTable(columns, rows, plain)).toBe(
      ['dataset           rows', 'market_data  1,234,567', 'news                 8'].join('\n'),
    );
  });

  it('is narrowed on a terminal until it fits, the widest column first', () => {
    const rows = [['a'.repeat(60), '12']];
    const text = renderTable(columns, rows, terminal(30).style);
    expect(Math.max(...text.split('\n').map(widthOf))).toBe(30);
    expect(renderTable(columns, rows, terminal(0).style)).toBe(
      renderTable(columns, rows, terminal(80).style),
    );
    expect(text).toContain(`${'a'.repeat(23)}…    12`);
    expect(renderTable(columns, rows, plain)).toContain('a'.repeat(60));
  });

  it('keeps its columns under wide characters and colours', () => {
    const red = terminal(80, true).style.colour.red;
    const rows = [
      [{ text: '日本', paint: red }, '1'],
      ['ab🙂', '2'],
      ['é', '3'],
    ];
    const lines = renderTable(columns, rows, terminal(80, true).style).split('\n');
    expect(lines.map(widthOf)).toEqual([13, 13, 13, 13]);
    expect(lines[1]).toContain('\u001b[31m日本');
  });

  it('never hands control characters of the data to the terminal', () => {
    const text = renderTable(columns, [['a\tb\u001b[2Jc\nd\u009b', '1']], plain);
    expect(text).toContain('a\\tb\\x1b[2Jc\\nd\\x9b');
    expect(text.split('\n')).toHaveLength(2);
  });

  it('without rows is its head', () => {
    expect(renderTable(columns, [], plain)).toBe('dataset  rows');
  });
});

describe('an error', () => {
  it.each([
    ['the lake is full', 'The lake is full'],
    ['bars: nothing was moved', 'bars: nothing was moved'],
    ['bars has no unique key', 'bars has no unique key'],
  ])('begins as a sentence, but for the name of a dataset: %s', (message, begin) => {
    const error = new TierdError({ code: 'USAGE', message, context: { dataset: 'bars' } });
    expect(renderError(error, terminal(80, false).style, false)).toContain(`error ${begin}`);
  });
});

describe('what comes from elsewhere', () => {
  const error = new TierdError({
    code: 'DATASET_PAUSED',
    message: 'paused by \u001b]0;owned\u0007\u001b[2Jme\u009b31m',
    hint: 'resume\rit \u202e',
    context: { by: '\u001b[8m' },
  });

  it.each([true, false])('steers no terminal, in an error (colours: %s)', (wanted) => {
    const text = renderError(error, terminal(80, wanted).style, false);
    expect(text.replace(/\u001b\[(?:0|1|2|22|3[1-6]|39|90)m/g, '')).not.toMatch(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      /[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/,
    );
    expect(text).toContain('\\x1b]0;owned\\x07\\x1b[2Jme\\x9b31m');
    if (!wanted) expect(text).not.toContain('\u001b');
  });

  it('steers none in the text of a report, and keeps its lines and colours', () => {
    const { colour } = terminal(80, true).style;
    const said = `${colour.yellow('paused')} by \u001b[2J\u001b[7mx\nnext`;
    expect(safeText(said, colour)).toBe('\u001b[33mpaused\u001b[39m by \\x1b[2J\\x1b[7mx\nnext');
    expect(safeText('\u001b[33mx', { isColorSupported: false })).toBe('\\x1b[33mx');
  });

  it('steers none in JSON, which means the same', () => {
    expect(stringify({ by: 'a\u009b\u007f' })).toBe('{"by":"a\\u009b\\u007f"}');
  });
});

it('text is cut by columns, not by characters', () => {
  expect(truncate('abcdef', 6)).toBe('abcdef');
  expect(truncate('abcdef', 4)).toBe('abc…');
  expect(truncate('日本語', 4)).toBe('日…');
  expect(truncate('abc', 0)).toBe('');
  expect(showControls('\r\0')).toBe('\\r\\x00');
});

describe('the rate', () => {
  it('is that of the last ten seconds', () => {
    const meter = new RateMeter();
    expect(meter.perSecond(0)).toBeUndefined();
    for (let second = 0; second <= 60; second++) {
      meter.add(second * 1000, second < 40 ? second * 10 : 400 + (second - 40) * 1000);
    }
    expect(meter.perSecond(60_000)).toBeCloseTo(1000);
  });

  it('sinks while nothing happens', () => {
    const meter = new RateMeter();
    meter.add(0, 0);
    meter.add(1000, 1000);
    expect(meter.perSecond(1000)).toBe(1000);
    expect(meter.perSecond(10_000)).toBe(100);
  });

  it('begins anew with new work', () => {
    const meter = new RateMeter();
    meter.add(0, 0);
    meter.add(1000, 5000);
    meter.add(1100, 10);
    expect(meter.perSecond(1100)).toBeUndefined();
    meter.add(2100, 110);
    expect(meter.perSecond(2100)).toBe(100);
  });
});

describe('a line of progress', () => {
  const moment = {
    label: 'market_data 2024-01-15 export',
    done: 1_200_000,
    total: 5_000_000,
    perSecond: 850_000,
    unit: 'rows' as const,
  };
  const at = (columns: number): string => renderProgress(moment, terminal(columns).style);

  it('shows share, rows, time left and rate where there is room', () => {
    expect(at(120)).toBe(
      `market_data 2024-01-15 export  ${'█'.repeat(7)}${'░'.repeat(23)}  24 %  1.2 M of 5.0 M rows  5 s left  850 k rows/s`,
    );
  });

  it('shows the bar, time left and rate also in the usual 80 columns', () => {
    expect(at(80)).toBe(
      `market_data 2024-01-15 export  ${'█'.repeat(4)}${'░'.repeat(14)}  24 %  5 s left  850 k rows/s`,
    );
  });

  it('lets go of what matters least when it is narrow, and always fits', () => {
    expect(at(50)).toBe('market_data 2024-01-15 export  24 %  5 s left');
    expect(at(40)).toBe('market_data 2024-01-15 export  24 %');
    expect(at(20)).toBe('market_data …  24 %');
    for (let columns = 10; columns < 140; columns++) {
      expect(widthOf(at(columns))).toBeLessThan(columns);
    }
  });

  it('has no bar and no time left while nobody knows the total', () => {
    const { total: _, ...unknown } = moment;
    expect(renderProgress(unknown, terminal(100).style)).toBe(
      'market_data 2024-01-15 export  1.2 M rows  850 k rows/s',
    );
  });
});

describe('progress', () => {
  function start(style: Style, stream: PassThrough) {
    const time = { now: 0 };
    const lines: string[] = [];
    const logger = pino({ base: null }, { write: (line: string) => lines.push(line) });
    const progress = createProgress({
      unit: 'rows',
      style,
      liveLine: createLiveLine(stream),
      logger,
      clock: { now: () => time.now },
    });
    return { progress, lines, time };
  }

  it('on a terminal redraws one line at most ten times a second and takes it away', () => {
    const { stream, style } = terminal(80);
    const { progress, lines, time } = start(style, stream);
    for (time.now = 0; time.now < 1000; time.now += 10) {
      progress.update({ label: 'x', done: time.now, total: 1000 });
    }
    const drawn = written(stream);
    expect(drawn.split('\r\u001b[2K')).toHaveLength(11);
    expect(drawn).not.toContain('\n');
    progress.end();
    expect(written(stream)).toBe('\r\u001b[2K');
    expect(lines).toEqual([]);
  });

  it('elsewhere is a log line every five seconds', () => {
    const stream = new PassThrough();
    const { progress, lines, time } = start(plain, stream);
    for (time.now = 0; time.now <= 12_000; time.now += 100) {
      progress.update({ label: 'x', done: time.now, total: 24_000 });
    }
    progress.end();
    expect(written(stream)).toBe('');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'x: 21 %, 5,000 of 24 k rows, 19 s left, 1,000 rows/s',
      'x: 42 %, 10 k of 24 k rows, 14 s left, 1,000 rows/s',
    ]);
  });
});

describe('the log', () => {
  function open(columns?: number) {
    const stream =
      columns === undefined
        ? new PassThrough()
        : Object.assign(new PassThrough(), { isTTY: true, columns });
    const liveLine = createLiveLine(stream);
    const style = styleOf(stream, { wanted: false, env: {} });
    return { stream, liveLine, log: createLog({ liveLine, style, level: 'info', format: 'text' }) };
  }

  it('is one line for people, with its figures', () => {
    const { stream, log } = open();
    log.logger.info({ rows: 5, dataset: 'news' }, 'exported');
    expect(written(stream)).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info {2}exported rows=5 dataset=news\n$/,
    );
  });

  it('names an error by its message, without its stack', () => {
    const { stream, log } = open();
    log.logger.error({ err: new Error('disk on fire') }, 'could not publish');
    expect(written(stream)).toMatch(/error could not publish disk on fire\n$/);
  });

  it('is one object a line for machines, and obeys the level', () => {
    const { stream, log } = open();
    log.configure('warn', 'json');
    log.logger.info('no');
    log.logger.warn({ lag: 7 }, 'yes');
    expect(JSON.parse(written(stream))).toMatchObject({ level: 'warn', lag: 7, msg: 'yes' });
  });

  it('stays above the bar on a terminal', () => {
    const { stream, liveLine, log } = open(80);
    liveLine.show('[bar]');
    written(stream);
    log.logger.info('news');
    expect(written(stream)).toMatch(/^\r\u001b\[2K.*info {2}news\n\[bar\]$/);
  });

  it('never hands control characters to the terminal', () => {
    const { stream, log } = open(80);
    log.logger.info({ table: 'a\u001b[2Jb' }, 'two\nlines\u001b[31m');
    const text = written(stream);
    expect(text).not.toContain('\u001b');
    expect(text.split('\n')).toHaveLength(2);
  });
});
