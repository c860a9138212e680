import { deepStrictEqual, ok } from 'node:assert/strict';
import { framed } from '../../src/ingress/mllp/framer.ts';
import { createMllpClient } from '../../src/sandbox/mllp-client.ts';
import { patientId } from '../fault/support/oracle.ts';
import { eventually, type Product } from '../fault/support/product.ts';
import { adt, rawSender } from '../ingress/mllp/sender.ts';
import { canary } from '../support/canary.ts';

/** Words that are in a patient's data and nowhere else; each must stay out of logs, metrics, errors and URLs. */
const canaries = [canary.family, canary.given, canary.mrn, canary.phone, 'ZZCANARYSTREET', 'ZZCANARYVISIT', 'ZZCANARYWARD', 'ZZCANARYDATE'];

const message = (controlId: string, edit: (text: string) => string = (text) => text): Buffer =>
  Buffer.from(
    edit(
      adt({ controlId, mrn: 'ZZCANARYMRN', name: 'ZZCANARYFAMILY^ZZCANARYGIVEN', more: 'ZZZ|1|ZZCANARYSTREET\r' })
        .toString('latin1')
        .replace('PV1|1|I|W1^R1^B1', 'PV1|1|I|ZZCANARYWARD^R1^B1|||||||||||||||ZZCANARYVISIT'),
    ),
    'latin1',
  );

/** Sends the canaries in every way that ends in a log line, a metric, an error or a URL, and looks for them there. */
export async function lookForCanaries(product: Product): Promise<void> {
  const client = createMllpClient({ host: '127.0.0.1', port: product.mllpPort });
  const refusals: string[] = [];
  for (const bytes of [
    message('ZZOK1'),
    message('ZZOK2', (text) => text.replaceAll('A01', 'A02')),
    message('ZZOK1', (text) => text.replace('R1^B1', 'R2^B2')),
    message('ZZBAD1', (text) => text.replace('20240131115900', 'ZZCANARYDATE')),
    message('ZZBAD2', (text) => text.replace(/\rPID[^\r]*/, '\rPID|1||||ZZCANARYFAMILY')),
    message('ZZBAD3', (text) => text.replaceAll('A01', 'ZZCANARYWARD')),
    message('ZZBAD4', (text) => text.replace('UNICODE UTF-8', 'ZZCANARYGIVEN')),
    message('ZZBAD5', (text) => text.replace('ADT^A01', 'ZZCANARYMRN^A01')),
    message('ZZBAD6', (text) => text.replace('|P|2.5', '|ZZCANARYMRN|ZZCANARYMRN')),
    Buffer.from('MSH|^~\\&|ZZCANARYFAMILY'),
  ]) {
    const ack = await client.send(bytes);
    refusals.push(ack.raw.toString('latin1'));
  }
  await client.close();
  for (const bytes of [
    Buffer.from('ZZCANARYFAMILY ZZCANARYMRN'),
    framed(Buffer.from('ZZCANARYFAMILY')),
    framed(message('ZZHALF')).subarray(0, 200),
  ]) {
    const sender = await rawSender(product.mllpPort);
    sender.write(bytes);
    sender.socket.end();
    await sender.closed;
  }
  await eventually('the patient', async () => (await patientId(product, 'ZZCANARYMRN')) !== undefined);
  const id = await patientId(product, 'ZZCANARYMRN');

  // What is asked with PHI in the question, and answered with an error.
  const answers: string[] = [];
  for (const path of [
    '/fhir/Patient/ZZCANARYMRN',
    '/fhir/Patient?family=ZZCANARYFAMILY',
    '/fhir/ZZCANARYFAMILY',
    '/api/patients/ZZCANARYMRN/timeline',
    '/api/patients/ZZCANARYMRN/timeline?limit=ZZCANARYGIVEN',
    '/ZZCANARYFAMILY/ZZCANARYMRN',
    '/api/ops/why?patient=ZZCANARYMRN',
    `/api/ops/why?patient=${id}`,
    '/api/ops/flows',
    '/api/ops/parked',
  ]) {
    answers.push((await product.status(path)).body);
  }
  const scrape = (await product.status('/metrics')).body;
  ok(scrape.includes('aorta_mllp_messages_total'));
  const list = (await product.status('/api/ops/quarantine?limit=100')).body;

  const found: string[] = [];
  const look = (where: string, text: string) => {
    for (const canary of canaries)
      if (text.includes(canary))
        found.push(`${canary} in ${where}: …${text.slice(Math.max(0, text.indexOf(canary) - 150), text.indexOf(canary) + 60)}…`);
  };
  look('/metrics', scrape);
  look('list of the quarantine', list);
  // MSH, MSA and QPD echo what the sender said of itself; ERR is ours.
  look('ERR segments', refusals.flatMap((ack) => ack.split('\r').filter((line) => line.startsWith('ERR'))).join('\n'));
  look('stderr', product.stderr());
  look('stdout', product.stdout());
  if (id) {
    const { events } = await product.get<{ events: { eventId: string }[] }>(`/api/patients/${id}/timeline`);
    ok(events.length > 0);
    for (const { eventId } of events) {
      const { status, body } = await product.status(`/api/ops/trace/${eventId}`);
      deepStrictEqual([status, body.includes(eventId)], [200, true]);
      look('trace of an event', body);
    }
    for (const [where, text] of [
      ['/metrics', scrape],
      ['stderr', product.stderr()],
      ['stdout', product.stdout()],
    ] as const) {
      if (text.includes(id)) found.push(`the patient's id in ${where}`);
    }
  }
  deepStrictEqual(found, []);
  // A question's own words may come back in its answer's text only if they are no more than the path that was asked for.
  deepStrictEqual(
    answers.filter((body) => canaries.some((canary) => body.includes(canary))),
    [],
    'errors repeat nothing',
  );
}
