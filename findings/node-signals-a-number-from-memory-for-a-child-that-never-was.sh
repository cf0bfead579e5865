#!/usr/bin/env bash
# Node 20.20.2, 22.22.2, 24.14.0, 26.0.0 and 26.10.0 (npm node), Linux; needs strace.
#
# Guess before running: kill() of a child that could not be started (there is no such program) asks the kernel for
# nothing and returns false, for there is no process: `pid` is undefined.
#
# Seen: between spawn() and the child's 'error' event, kill() calls kill(2) with whatever number stands in the memory
# of the handle, which nobody has written yet: 0, which is one's own process group, a large or a negative number, or a
# small one that may be somebody's. It returns true where such a process or group is. 26.10.0 asks for nothing. So a program that
# stops what it starts, at once, in the very turn in which the start fails, may end itself or another.
# (Tried here with signal 0, which only asks whether the process is there.)
#
# What it means for tierd: jobs and processes of queries are sent a signal only where they have a pid. Before, a
# stop in the turn of a failed start ended the daemon with 143.
set -euo pipefail
command -v strace >/dev/null || { echo 'needs strace: apt-get install strace' >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >run.mjs <<'JS'
import { spawn } from 'node:child_process';
for (let n = 0; n < 5; n += 1) {
  const child = spawn('/nowhere/no-such-program', []);
  child.on('error', () => undefined);
  if (child.pid !== undefined) throw new Error('it was started');
  child.kill(0);
}
JS
found=''
for version in 20.20.2 22.22.2 24.14.0 26.0.0 26.10.0; do
  npm init -y >/dev/null
  npm install --silent --no-audit --no-fund "node@$version" >/dev/null
  calls=$(strace -f -e trace=kill node_modules/.bin/node run.mjs 2>&1 | grep -o 'kill(.*' || true)
  printf '%s\n%s\n' "$version" "$calls"
  found+="$version $(grep -c 'kill(' <<<"$calls" || true)"$'\n'
done
expected='20.20.2 5
22.22.2 5
24.14.0 5
26.0.0 5
26.10.0 0
'
[ "$found" = "$expected" ] || { printf 'changed: found\n%sexpected\n%s' "$found" "$expected" >&2; exit 1; }
echo 'as found: up to 26.0 Node asks the kernel to signal a number that no child ever had'
