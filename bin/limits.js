/**
 * What bounds the memory of a process that runs flows, from its start, as these limits cannot be set later. Plain JavaScript, as aorta.js;
 * the benchmarks start Aorta with them too. docs/performance.md has what each is worth.
 */
export const flags = [
  // V8 lets the space of young objects grow to 128 MB without need: most of what a worker allocates dies at once. 32 MB are what Node 22 had.
  '--max-semi-space-size=16',
  // It shrinks to 1 MB in each pause, and grows again only as objects survive: what comes after the pause is collected four times as often,
  // and what is under way then becomes old garbage.
  '--min-semi-space-size=16',
  // Where most of what a line of code makes outlives a collection, V8 makes it old from then on. Records under way do, and are garbage
  // a moment later: as old objects they wait for a full collection, and keep what they point to.
  '--no-allocation-site-pretenuring',
];

export const malloc = {
  // glibc keeps a heap for each thread and gives little of it back.
  MALLOC_ARENA_MAX: '2',
  // Named, it stays what it is. By itself it rises to 64 MB with each large buffer that is freed, and so does the size from which a
  // buffer has pages of its own: freed answers of the broker would stay with the process.
  MALLOC_TRIM_THRESHOLD_: '131072',
};
