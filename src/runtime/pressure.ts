/** Load of the event loop from which on flows make room for what waits, and at which they make all that they can. */
const [spare, full] = [0.5, 0.75];

/**
 * How much flows should make room for ingress, from 0 to 1: as its answers are late, and only where the loop is busy. A log
 * or database that is far away makes them late, too, and would not be quicker for it.
 */
export const pressureOn = (late: () => number, load: () => number) => (): number => {
  const lateness = late();
  return lateness <= 0 ? 0 : lateness * Math.min(1, Math.max(0, (load() - spare) / (full - spare)));
};
