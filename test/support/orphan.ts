/**
 * Loaded before every test file: a test process whose runner is gone (killed, out of time) ends too. Without this a test
 * that waits for something would go on for ever, with everything that it started.
 */
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
}, 2000).unref();
