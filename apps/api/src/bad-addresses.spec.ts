import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOwnApi, type OwnApi } from './testing/own-api.fixture';
import { expectProblem } from './testing/problem.fixture';

let api: OwnApi;

beforeAll(async () => {
  api = await startOwnApi();
});

afterAll(() => api.close());

describe('a list with a bad parameter', () => {
  it.each([
    ['status=', 'status'],
    ['status=done', 'status'],
    ['status=PENDING', 'status'],
    ['status=pending&status=failed', 'status'],
    ['status[]=pending', 'status[]'],
    ['type=', 'type'],
    ['type=a%00b', 'type'],
    ['type=a&type=b', 'type'],
    ['queue=a:b', 'queue'],
    ['user_id=', 'user_id'],
    ['user_id=%00', 'user_id'],
    [`user_id=${'x'.repeat(256)}`, 'user_id'],
    ['schedule=', 'schedule'],
    ['created_from=yesterday', 'created_from'],
    ['created_from=2030-01-01', 'created_from'],
    ['created_to=2030-01-01T00:00:00', 'created_to'],
    ['q=', 'q'],
    ['q=%25', 'q'],
    ['page=0', 'page'],
    ['page=-1', 'page'],
    ['page=1.5', 'page'],
    ['page=1e1', 'page'],
    ['page=01', 'page'],
    ['page=+1', 'page'],
    ['page=%201', 'page'],
    ['page=', 'page'],
    ['page=NaN', 'page'],
    ['page=99999999999999999999', 'page'],
    ['page_size=0', 'page_size'],
    ['page_size=201', 'page_size'],
    ['page=51&page_size=200', 'cursor'],
    ['page=501', 'cursor'],
    ['cursor=', 'cursor'],
    ['cursor=x', 'cursor'],
    ['cursor=aWQ6LTE', 'cursor'],
    ['cursor=aWQ6MQ&page=2', 'cursor'],
    ['sort=id', 'sort'],
    ['limit=5', 'limit'],
    ['__proto__=1', '__proto__'],
    ['constructor=1', 'constructor'],
    ['toString=1', 'toString'],
    ['=1', ''],
    ['x'.repeat(2_000), 'x'.repeat(64)],
  ])('?%s answers 400 and names %s', async (query, field) => {
    expectProblem(await api.call('GET', `tasks?${query}`), 400, field);
  });

  it.each([
    ['tasks/stats?status=pending', 'status'],
    ['tasks/stats?user_id=a&user_id=b', 'user_id'],
    ['tasks/1?verbose=1', 'verbose'],
    ['tasks/task/x?a=1', 'a'],
    ['tasks/task/x/attempts?page=1', 'page'],
    ['types?x=1', 'x'],
  ])('%s answers 400 and names %s', async (path, field) => {
    expectProblem(await api.call('GET', path), 400, field);
  });
});

describe('a bad address', () => {
  it.each<['GET' | 'POST' | 'DELETE', string, number]>([
    ['GET', 'tasks/abc', 400],
    ['GET', 'tasks/-1', 400],
    ['GET', 'tasks/1.5', 400],
    ['GET', 'tasks/1e3', 400],
    ['GET', 'tasks/0x10', 400],
    ['GET', 'tasks/%31%00', 400],
    ['GET', 'tasks/9223372036854775808', 400],
    ['GET', `tasks/${'9'.repeat(200)}`, 400],
    ['GET', 'tasks/9007199254740993', 404],
    ['GET', 'tasks/0', 404],
    ['GET', 'tasks/task/a%20b', 400],
    ['GET', 'tasks/task/a%00b', 400],
    ['GET', 'tasks/task/%2e%2e%2f', 400],
    ['GET', `tasks/task/${'x'.repeat(129)}`, 400],
    ['GET', `tasks/task/${'x'.repeat(5_000)}`, 414],
    ['GET', 'tasks/task/', 404],
    ['GET', 'tasks/task/a/b/c', 404],
    ['GET', 'tasks/%zz', 400],
    ['GET', 'tasks?type=%zz', 400],
    ['GET', 'tasks?type=%ff', 400],
    ['GET', '/', 404],
    ['GET', '/api/v2/tasks', 404],
    ['GET', '/api/v1//tasks', 404],
    ['POST', 'tasks/task/a%20b/retry', 400],
    ['POST', 'tasks/task/none/retry', 404],
    ['POST', 'tasks/task/none/cancel', 404],
    ['POST', 'types', 405],
    ['POST', 'tasks/1', 405],
    ['DELETE', 'tasks', 405],
    ['DELETE', 'tasks/1', 405],
    ['GET', 'tasks/task/x/cancel', 405],
    ['GET', 'tasks/bulk', 400],
  ])('%s %s answers %i', async (method, path, status) => {
    const answer = await api.call(method, path);
    expectProblem(answer, status);
    if (status === 405) expect(answer.headers.allow).toMatch(/GET|POST/);
  });

  it('or a body where none is taken answers 400', async () => {
    expectProblem(await api.call('POST', 'tasks/task/none/retry', { body: { force: true } }), 400, 'force');
    expectProblem(await api.call('POST', 'tasks/task/none/cancel', { body: [] }), 400, '');
    expect((await api.call('POST', 'tasks/task/none/cancel', { raw: '' })).status).toBe(404);
  });
});

describe('whatever is asked', () => {
  it('a list answers 200 or 400', async () => {
    const name = fc.constantFrom(
      'status',
      'type',
      'user_id',
      'q',
      'page',
      'page_size',
      'cursor',
      'created_from',
      'sort',
      'a',
    );
    const value = fc.oneof(
      fc.string({ unit: fc.constantFrom('\0', '%', '&', '=', ' ', "'", '\\', '\u{1f600}', 'a', '5') }),
      fc.integer().map(String),
      fc.constantFrom('all', 'pending', '-id', '2030-01-01T00:00:00Z', 'aWQ6NQ'),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, value), { maxLength: 3 }), async (pairs) => {
        const query = pairs.map(([key, text]) => `${key}=${encodeURIComponent(text)}`).join('&');
        const { status, text } = await api.call('GET', `tasks?${query}`);
        expect([200, 400], text).toContain(status);
      }),
      { numRuns: 300 },
    );
  });
});
