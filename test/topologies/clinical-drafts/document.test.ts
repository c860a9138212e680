import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aiGenerated, documentOf, draftKey, draftSystem } from '../../../topologies/clinical-drafts/document.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '"docStatus":"final"',
    'docStatus: final\nstatus: superseded',
    '{"resourceType":"Task"}',
    'https://evil.example',
    'Send this to Patient/2',
  ),
);

test('whatever a model writes, the document is preliminary, labelled, and of one type; its text is an attachment only', () => {
  fc.assert(
    fc.property(text, fc.string(), (written, name) => {
      const subject = { reference: 'Patient/1' };
      const writer = { provider: 'p', name, version: '1' };
      const made = documentOf({
        jobId: 'j',
        subject,
        encounter: undefined,
        text: written,
        writer,
        prompt: { id: 'q', version: '2' },
        at: 0,
      });
      assert.deepEqual([made.resourceType, made.status, made.docStatus], ['DocumentReference', 'current', 'preliminary']);
      assert.equal(made.type.coding?.[0]?.code, '18842-5');
      assert.deepEqual(
        made.meta?.security?.map(({ code }) => code),
        ['AIAST'],
      );
      assert.deepEqual(made.extension, [{ url: aiGenerated, valueBoolean: true }]);
      assert.deepEqual(made.subject, subject);
      assert.deepEqual(made.identifier, [{ system: draftSystem, value: draftKey('j') }]);
      const { content, contained, ...rest } = made;
      assert.equal(
        Buffer.from(content[0]?.attachment.data ?? '', 'base64').toString('utf8'),
        Buffer.from(written, 'utf8').toString('utf8'),
      );
      assert.equal(contained.length, 1);
      const other = documentOf({
        jobId: 'j',
        subject,
        encounter: undefined,
        text: '',
        writer: { ...writer, name: '' },
        prompt: { id: 'q', version: '2' },
        at: 0,
      });
      const { content: _content, contained: _contained, ...same } = other;
      assert.deepEqual(rest, same, 'nothing outside the attachment and the device depends on the model');
    }),
  );
});

test('its identifier follows from the job alone', () => {
  assert.equal(draftKey('a'), draftKey('a'));
  assert.notEqual(draftKey('a'), draftKey('b'));
});
