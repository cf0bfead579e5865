import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { runTierd, TIERD } from '../support/cli.ts';
import { directoryWith } from '../support/config-file.ts';

const DATASETS = `
lake: { type: local, path: lake }
datasets: { news: { time_column: t } }
`;

const servers: { server: Server; sockets: Socket[] }[] = [];

afterEach(async () => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
});

/** A PostgreSQL that accepts connections and never says a word. */
async function silentServer(): Promise<{ url: string; connected: Promise<unknown> }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  servers.push({ server, sockets });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { url: `postgres://u@127.0.0.1:${port}/d`, connected: once(server, 'connection') };
}

function shell(script: string, cwd = '/'): Promise<{ code: number | null; output: string }> {
  const child = spawn('bash', ['-c', script], {
    cwd,
    env: { ...process.env, TIERD: `${process.execPath} ${TIERD}` },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** NODE_OPTIONS that run `statement` in tierd again and again once its main.ts listens for signals. */
function onceUp(statement: string): string {
  const code = `setInterval(()=>{if(process.listenerCount('SIGINT')>0){${statement}}},20).unref()`;
  return `--import=data:text/javascript,${code}`;
}

describe('the process', () => {
  it('ends with the exit code of what happened', async () => {
    const directory = directoryWith({
      'unified_config.yaml': `postgres: { url: "postgres://u@127.0.0.1:1/d" }${DATASETS}`,
    });
    const place = { workingDirectory: directory };
    expect((await runTierd(['--version'])).exitCode).toBe(0);
    expect((await runTierd(['config', 'check'], place)).exitCode).toBe(0);
    expect((await runTierd(['migrate'], place)).exitCode).toBe(1);
    expect((await runTierd(['rotat'])).exitCode).toBe(2);
  });

  it('sends no colours and no stack into a pipe', async () => {
    const { stdout, stderr } = await runTierd(['config', 'check', '--bogus']);
    expect(stdout).toBe('');
    expect(stderr).toContain('unknown option');
    expect(stderr).not.toContain('\u001b');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('has nothing to say when its reader goes away', async () => {
    // `true` is gone long before the first byte: every write meets a closed pipe.
    const { code, output } = await shell('set -o pipefail; $TIERD config schema | true');
    expect({ code, output }).toEqual({ code: 0, output: '' });
    const stderr = await shell('set -o pipefail; { $TIERD bogus 2>&1 >&3 | true; } 3>&1');
    expect(stderr).toEqual({ code: 2, output: '' });
  });

  it('goes on when its reader goes away, until its job has noticed', async () => {
    const { url } = await silentServer();
    const directory = directoryWith({
      'unified_config.yaml': `postgres: { url: "${url}", connect_timeout: 1s }${DATASETS}`,
    });
    const chatter = onceUp('process.stdout.write(process.version)');
    const { code, output } = await shell(
      `set -o pipefail; NODE_OPTIONS="${chatter}" $TIERD migrate | true`,
      directory,
    );
    expect(code).toBe(1);
    expect(output).toMatch(/^error Connecting to PostgreSQL .*in time/);
    expect(output).not.toContain('EPIPE');
  });

  it('tells also what escaped every catch in words', async () => {
    const { url } = await silentServer();
    const directory = directoryWith({
      'unified_config.yaml': `postgres: { url: "${url}", connect_timeout: 5min }${DATASETS}`,
    });
    const bomb = onceUp('throw/**/new/**/Error(process.platform)');
    const { exitCode, stdout, stderr } = await runTierd(['migrate'], {
      workingDirectory: directory,
      env: { NODE_OPTIONS: bomb },
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(`did not foresee: ${process.platform}`);
    expect(stderr).toContain('code  INTERNAL, exit 1');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('completes in bash out of its own script', async () => {
    const { code, output } = await shell(
      'source <($TIERD completion bash) && COMP_WORDS=(tierd config ch) COMP_CWORD=2 && _tierd && echo "${COMPREPLY[@]}"',
    );
    expect({ code, output }).toEqual({ code: 0, output: 'check\n' });
    for (const name of ['bash', 'zsh', 'fish']) {
      expect((await runTierd(['completion', name])).exitCode).toBe(0);
    }
  });

  it('goes on after the first Ctrl-C, and stops at once at the second', async () => {
    const { url, connected } = await silentServer();
    const directory = directoryWith({
      'unified_config.yaml': `postgres: { url: "${url}", connect_timeout: 5min }${DATASETS}`,
    });
    const child = spawn(process.execPath, [TIERD, 'migrate'], { cwd: directory });
    const closed = once(child, 'close');
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    await connected;
    child.kill('SIGINT');
    await expect.poll(() => stderr).toContain('press again to stop at once');
    expect(child.exitCode).toBeNull();
    child.kill('SIGINT');
    expect(await closed).toEqual([130, null]);
    expect(stderr).toBe('Finishing the current step; press again to stop at once.\n');
  });
});
