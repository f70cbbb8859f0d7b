import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLAIM, idsOf, queueFixture, type QueueFixture } from './queue.fixture';

let fixture: QueueFixture;
beforeAll(async () => {
  fixture = await queueFixture();
});
afterAll(() => fixture.close());

describe('unreadable entries', () => {
  const deep = '{"id":"deep","name":"x","payload":' + '['.repeat(40) + ']'.repeat(40) + '}';
  const abyss = '{"id":"abyss","name":"x","payload":' + '['.repeat(200_000) + ']'.repeat(200_000) + '}';
  const huge = `{"id":"huge","name":"x","payload":"${'x'.repeat(10 * 1024 * 1024)}"}`;
  it.each([
    ['no JSON', 'not json'],
    ['an empty text', ''],
    ['null', 'null'],
    ['an array', '[]'],
    ['a number', '5'],
    ['truncated', '{"id":"a","na'],
    ['truncated after a head like ours', '{"id":"a","attempt":0,"na'],
    ['a bad id', '{"id":"a b","name":"x"}'],
    ['an id that is no text', '{"id":5,"name":"x"}'],
    ['an id that is too long', `{"id":"${'a'.repeat(129)}","name":"x"}`],
    ['no name', '{"id":"a"}'],
    ['a bad name', '{"id":"a","name":"a b"}'],
    ['a bad attempt', '{"id":"a","name":"x","attempt":-1}'],
    ['a bad option', '{"id":"a","name":"x","max_retry":"many"}'],
    ['a second id after a head like ours', '{"id":"a","attempt":0,"name":"x","id":"b"}'],
    ['a bad name after a head like ours', '{"id":"a","attempt":0,"name":"a b","payload":{"n":1}}'],
    ['a NUL in the payload', '{"id":"a","name":"x","payload":{"k":"\\u0000"}}'],
    ['half of a surrogate pair', '{"id":"a","name":"x","payload":"\\ud800"}'],
    ['an integer that reading would change', '{"id":"a","name":"x","payload":{"n":9007199254740993}}'],
    ['a number beyond a double', '{"id":"a","name":"x","payload":[1e400]}'],
    ['a payload nested too deep', deep],
    ['nested beyond any parser', abyss],
    ['larger than an entry may be', huge],
  ])('sets aside %s, and goes on with the next', async (_kind, json) => {
    const { queue, keys } = fixture.freshQueue();
    await fixture.redis.lpush(keys.tasks, json, '{"id":"good","name":"x"}');

    expect(idsOf(await queue.claim(CLAIM))).toEqual(['good']);

    const [kept = '', ...more] = await fixture.redis.lrange(keys.bad, 0, -1);
    expect(JSON.parse(kept)).toEqual({
      reason: expect.stringMatching(/^.{4,256}$/) as string,
      entry: json.slice(0, 4_096),
    });
    expect(more).toEqual([]);
    expect(await queue.depth()).toMatchObject({ ready: 0, processing: 1, bad: 1 });
    expect(fixture.bad.at(-1)).toBe(1);
  });

  it('survives bytes that are no UTF-8', async () => {
    const { queue, keys } = fixture.freshQueue();
    const bytes = Buffer.concat([
      Buffer.from('{"id":"a","name":"x","payload":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    await fixture.redis.lpush(keys.tasks, bytes);

    expect(await queue.claim(CLAIM)).toMatchObject([{ raw: { payload: '\ufffd' } }]);
  });

  it('keeps the newest thousand and takes a bounded number in one call', async () => {
    const { queue, keys } = fixture.freshQueue();
    await fixture.redis.lpush(keys.tasks, ...Array.from({ length: 1_500 }, (_, index) => `bad ${index}`));

    let calls = 0;
    for (; (await fixture.redis.llen(keys.tasks)) > 0; calls += 1) expect(await queue.claim(CLAIM)).toEqual([]);

    expect(calls).toBeGreaterThan(5);
    expect(await fixture.redis.llen(keys.bad)).toBe(1_000);
    expect(await fixture.redis.lindex(keys.bad, 0)).toBe('{"reason":"must be a JSON object","entry":"bad 1499"}');
  });
});
