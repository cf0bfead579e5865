/** The machine as it is, and whatever is written to it is written into nothing: for commands that install. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The folders that installing writes to. */
const WRITTEN = ['/etc', '/opt', '/usr/local', '/var/lib'];

const MOUNT = `set -e
mount -t tmpfs tmpfs "$0"
for folder in ${WRITTEN.join(' ')}; do
  mkdir -p "$0$folder/upper" "$0$folder/work"
  mount -t overlay -o "lowerdir=$folder,upperdir=$0$folder/upper,workdir=$0$folder/work" overlay "$folder"
done
`;

/**
 * Runs a script of bash as root, over overlays of those folders that only it sees.
 *
 * @param scratch an existing directory, over which they are mounted
 * @returns what it printed on stdout; throws with both streams when a command of it fails
 */
export async function runInPrivateRoot(
  scratch: string,
  { script, workingDirectory }: { readonly script: string; readonly workingDirectory: string },
): Promise<string> {
  const argv = ['--mount', 'bash', '-c', `${MOUNT}cd '${workingDirectory}'\n${script}`, scratch];
  const { stdout } = await run('unshare', argv, { maxBuffer: 1 << 24 });
  return stdout;
}
