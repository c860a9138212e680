import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { aorta } from './run.ts';

const repository = resolve(import.meta.dirname, '../..');
const project = mkdtempSync(join(tmpdir(), 'aorta-check-'));
after(() => rmSync(project, { recursive: true, force: true }));
cpSync(join(repository, 'package.json'), join(project, 'package.json'));
for (const name of ['src', 'node_modules', 'schemas']) symlinkSync(join(repository, name), join(project, name));
mkdirSync(join(project, 'topologies'));

const marien = join(project, 'sources/marien.ts');
const edit = (file: string, from: string, to: string) => {
  const text = readFileSync(file, 'latin1');
  assert.ok(text.includes(from), from);
  writeFileSync(file, text.replace(from, to), 'latin1');
};
const check = async (...flags: string[]) => {
  const { code, stdout, stderr } = await aorta(['check', '--json', ...flags], { cwd: project });
  return { code, said: JSON.parse(stdout), stderr };
};

beforeEach(() => {
  rmSync(join(project, 'sources'), { recursive: true, force: true });
  rmSync(join(project, 'aorta.config.ts'), { force: true });
  cpSync(join(repository, 'test/sources'), join(project, 'sources'), { recursive: true });
});

test('the samples of every profile are run as ingress takes them; profiles in force are told with their hash', async () => {
  const { code, said } = await check();
  assert.equal(code, 0, JSON.stringify(said));
  const { hash, strict, profiles, samples } = said.sources;
  assert.match(hash, /^[0-9a-f]{64}$/);
  assert.equal(strict, false);
  assert.deepEqual(
    profiles.map(({ file, name, version }: Record<string, unknown>) => [file, name, version]),
    [['sources/marien.ts', 'marien', 2]],
  );
  assert.deepEqual(
    samples.map(({ file, profile, passed }: Record<string, unknown>) => [file, profile, passed]),
    ['transfer-as-update', 'billing', 'class-change'].map((name) => [`sources/marien/${name}.hl7`, 'marien@2', true]),
  );
  const text = await aorta(['check'], { cwd: project });
  assert.match(text.stdout, /^1 source profile, 3 samples$/m);
});

test('a sample with another outcome fails the check, and the difference can be read', async () => {
  edit(marien, "zone: 'Europe/Vienna'", "zone: 'Europe/London'");
  edit(marien, "{ copy: 'PV1-50', to: 'PV1-19' },", '');
  edit(marien, "skip: 'billing-update',", "skip: 'invoice',");
  const { code, said } = await check();
  assert.equal(code, 3);
  const [transfer, billing] = said.sources.samples;
  assert.deepEqual(
    transfer.differences.filter(({ place }: { place: string }) => !place.startsWith('extensions')),
    [
      { place: 'occurredAt', expected: '2026-07-04T20:15:00.000Z', actual: '2026-07-04T21:15:00.000Z' },
      { place: 'fields.PV1-19.1', expected: 'F-77001', actual: 'OLD-1' },
    ],
  );
  assert.ok(transfer.differences.some(({ place }: { place: string }) => place.startsWith('extensions.https://')));
  assert.deepEqual(billing.differences, [{ place: 'skip', expected: 'billing-update', actual: 'invoice' }]);
  const text = await aorta(['check'], { cwd: project });
  assert.equal(text.code, 3);
  assert.match(
    text.stdout,
    /^sources\/marien\/transfer-as-update\.hl7 \(marien@2\):\n {2}occurredAt\n {4}expected "2026-07-04T20:15:00\.000Z"\n {4}actual {3}"2026-07-04T21:15:00\.000Z"$/m,
  );
  assert.match(text.stdout, /^1 source profile, 3 samples, 2 failed$/m);
});

test('a sample that is not there, is no HL7, or is another profile’s fails', async () => {
  rmSync(join(project, 'sources/marien/billing.hl7'));
  writeFileSync(join(project, 'sources/marien/class-change.hl7'), 'PID|1\n');
  edit(join(project, 'sources/marien/transfer-as-update.hl7'), '|ORBIS|MARIEN|', '|ORBIS|SOMEWHERE|');
  const { code, said } = await check();
  assert.equal(code, 3);
  const [transfer, billing, broken] = said.sources.samples;
  assert.deepEqual(transfer.differences[0], { place: 'profile', expected: 'marien@2', actual: null });
  assert.deepEqual(billing.differences, [{ place: 'file', expected: 'one HL7 message', actual: 'no such file' }]);
  assert.deepEqual(broken.differences, [{ place: 'errors', expected: ['AORTA_PROFILE_003'], actual: ['AORTA_HL7_001'] }]);
});

test('earlier versions keep their samples, and are run by their own rules', async () => {
  const old = `{ name: 'marien', version: 1, sender: { application: 'ORBIS', facility: 'MARIEN*' },
    samples: [{ file: 'marien/billing.hl7', expect: { ack: 'AA', event: 'A08', fields: { 'PID-3.5': 'PI' } } }] }`;
  edit(marien, 'export default defineSourceProfile({', 'const newest = defineSourceProfile({');
  writeFileSync(marien, `${readFileSync(marien, 'utf8')}\nexport default [newest, ${old}];\n`);
  const { code, said } = await check();
  assert.equal(code, 0, JSON.stringify(said));
  assert.deepEqual(said.sources.samples.at(-1), { file: 'sources/marien/billing.hl7', profile: 'marien@1', passed: true, differences: [] });
});

test('faults are told all at once, with file and key; files without a profile are named', async () => {
  edit(marien, "zone: 'Europe/Vienna'", "zone: 'Europe/Wien'");
  edit(marien, 'identifierTypes: {', 'identifierType: {');
  const faulty = await check();
  assert.equal(faulty.code, 1);
  assert.equal(faulty.said.error.code, 'AORTA_PROFILE_001');
  assert.match(faulty.said.error.message, /sources\/marien\.ts: zone: .*; sources\/marien\.ts: identifierType is not known/);
  writeFileSync(marien, 'export const profile = 1;\n');
  const none = await check();
  assert.equal(none.code, 1);
  assert.match(none.said.error.message, /sources\/marien\.ts gives no source profile.*AORTA_PROFILE_004/);
});

test('strictSenders is configuration, and part of the hash', async () => {
  const open = (await check()).said.sources.hash;
  writeFileSync(join(project, 'aorta.config.ts'), 'export default { strictSenders: true };\n');
  const { said } = await check();
  assert.equal(said.sources.strict, true);
  assert.notEqual(said.sources.hash, open);
  writeFileSync(join(project, 'aorta.config.ts'), "export default { strictSenders: 'yes' };\n");
  assert.match((await check()).said.error.message, /strictSenders: expected true or false, got "yes"/);
});

test('a new source profile passes the check as written, and touches nothing that exists', async () => {
  const args = ['new', 'source', 'west-campus', '--application', 'EPIC', '--facility', "WEST'*", '--json'];
  const dry = await aorta([...args, '--dry-run'], { cwd: project });
  assert.deepEqual(JSON.parse(dry.stdout), { written: false, files: ['sources/west-campus.ts', 'sources/west-campus/admission.hl7'] });
  assert.ok(!existsSync(join(project, 'sources/west-campus.ts')));
  assert.equal((await aorta(args, { cwd: project })).code, 0);
  const { code, said } = await check('--strict');
  assert.equal(code, 0, JSON.stringify(said));
  assert.deepEqual(
    said.sources.profiles.map(({ name }: { name: string }) => name),
    ['marien', 'west-campus'],
  );
  const again = await aorta(args, { cwd: project });
  assert.equal(again.code, 1);
  assert.match(again.stderr, /AORTA_CLI_003/);
  assert.match((await aorta(['new', 'source', 'none'], { cwd: project })).stderr, /AORTA_CLI_007/);
});
