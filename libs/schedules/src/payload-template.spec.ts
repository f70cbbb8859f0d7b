import { describe, expect, it } from 'vitest';
import { checkPayloadTemplate, fillPayload } from './payload-template';
import { parseSpec } from './schedule-spec';

const facts = {
  scheduleName: 'nightly',
  slotAt: new Date('2026-03-08T07:00:00Z'),
  zone: parseSpec({ cron: '@daily', timezone: 'America/New_York' }).zone,
};

describe('the payload of a slot', () => {
  it('names the slot in the zone of its schedule', () => {
    const payload = {
      at: '{{slot.at}}',
      ms: '{{slot.ms}}',
      nested: [{ text: 'from {{ slot.date }} {{slot.time}} ({{slot.timezone}})' }, '{{slot.local}}'],
      by: '{{schedule.name}}/{{slot.ms}}',
    };

    expect(fillPayload(payload, facts)).toEqual({
      at: '2026-03-08T07:00:00.000Z',
      ms: 1_772_953_200_000,
      nested: [{ text: 'from 2026-03-08 03:00:00 (America/New_York)' }, '2026-03-08T03:00:00.000-04:00'],
      by: 'nightly/1772953200000',
    });
  });

  it('keeps what is no place of a slot, such as the braces of a mail template', () => {
    const payload = { html: 'Hello {{user.name}}, {{{raw}}}', n: 1, none: null, '{{slot.at}}': true };

    expect(fillPayload(payload, facts)).toEqual(payload);
    expect(checkPayloadTemplate(payload)).toEqual([]);
  });

  it('is refused when it names something that no slot has', () => {
    expect(checkPayloadTemplate({ a: ['ok', { b: 'x {{slot.end}}' }] })).toEqual([
      { field: 'payload.a[1].b', message: expect.stringContaining('got slot.end') as string },
    ]);
  });
});
