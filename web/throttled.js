/**
 * Runs `work` at once, then at most every `ms`; what is asked meanwhile becomes one more run at the end. Never twice at
 * the same time. `tell` hears of each run: what went wrong, or nothing.
 */
export function throttled(ms, work, tell) {
  let running = false;
  let again = false;
  const run = async () => {
    if (running) {
      again = true;
      return;
    }
    if (document.hidden) return;
    running = true;
    again = false;
    const pause = new Promise((resolve) => setTimeout(resolve, ms));
    await work().then(
      () => tell(undefined),
      (thrown) => tell(thrown),
    );
    await pause;
    running = false;
    if (again) run();
  };
  return run;
}
