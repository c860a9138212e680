/** Loaded into a program by `program.ts`: when the runner is gone, its end of the pipe closes, and the whole group is interrupted. */
// Forks of the program inherit `--import`, and have another input: for them there is nothing to do.
if (process.env['BENCH_LEADER'] !== undefined) {
  delete process.env['BENCH_LEADER'];
  process.stdin.on('end', () => process.kill(-process.pid, 'SIGINT'));
  process.stdin.resume();
  // Waiting for it is no reason to stay.
  (process.stdin as unknown as { unref?(): void }).unref?.();
}
