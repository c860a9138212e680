/**
 * CPU time of the quickest of several runs at 16 times the size, by that at the size: linear work gives 16, quadratic
 * 256. Ratios of CPU time hold on a busy machine, where times do not.
 */
export function growth(size: number, run: (size: number) => void): number {
  const cpu = (n: number) => {
    const before = process.cpuUsage();
    run(n);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  cpu(size * 4);
  const small: number[] = [];
  const large: number[] = [];
  for (let round = 0; round < 3; round++) {
    small.push(cpu(size), cpu(size), cpu(size));
    large.push(cpu(size * 16));
  }
  return Math.min(...large) / Math.max(Math.min(...small), 1);
}
