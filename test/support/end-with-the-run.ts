/**
 * vitest set-up file. A worker whose vitest was killed would finish its file all the same, and its
 * private servers with it: it ends at once instead, and the kernel ends the servers.
 */
process.once('disconnect', () => {
  process.kill(process.pid, 'SIGKILL'); // vitest has replaced process.exit
});
