import { createFileAudit } from '../../../../src/governance/audit/file/index.ts';

// A process that is killed in the middle of writing: it prints the number of each record that it was told is durable.
const [dir, key] = process.argv.slice(2) as [string, string];
const audit = await createFileAudit({ dir, key });
for (let n = 1; ; n++) {
  const appended = audit.append({
    at: n,
    actor: 'writer',
    action: 'write',
    target: 'test',
    outcome: 'success',
    details: { n, filler: 'x'.repeat(n % 3000) },
  });
  void appended.then(() => process.stdout.write(`${n}\n`));
  if (n % 8 === 0) await appended;
}
