/** Prometheus' own checker: no run can bring it along, so it is used where it is installed. */
import { spawnSync } from 'node:child_process';

export const hasPromtool = (): boolean =>
  spawnSync('promtool', ['--version'], { stdio: 'ignore' }).status === 0;

export function promtool(
  argv: readonly string[],
  input = '',
): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync('promtool', argv, { input, encoding: 'utf8' });
  return { status, text: stdout + stderr };
}
