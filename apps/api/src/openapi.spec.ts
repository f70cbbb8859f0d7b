import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOwnApi, type OwnApi } from './testing/own-api.fixture';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const COMMITTED = join(ROOT, 'docs', 'openapi.json');

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

interface Document {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, { readonly properties: object }>> };
}

let api: OwnApi;
let document: Document;

beforeAll(async () => {
  api = await startOwnApi();
  document = (await api.call('GET', '/openapi.json')).json<Document>();
});

afterAll(() => api.close());

const propertiesOf = (schema: string) => Object.keys(document.components.schemas[schema]?.properties ?? {}).sort();

describe('the OpenAPI document', () => {
  it('equals the committed copy (vitest -u writes it)', async () => {
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot(COMMITTED);
  });

  it('shows the version of the product', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(document.info.version).toBe(version);
  });

  it('names every call and each of its error answers', () => {
    const calls = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({ call: `${method.toUpperCase()} ${path}`, operation })),
    );
    expect(calls.map(({ call }) => call).sort()).toEqual([
      'DELETE /api/v1/schedules/{name}',
      'GET /api/v1/schedules',
      'GET /api/v1/schedules/preview',
      'GET /api/v1/schedules/{name}',
      'GET /api/v1/schedules/{name}/audit',
      'GET /api/v1/schedules/{name}/runs',
      'GET /api/v1/schedules/{name}/versions',
      'GET /api/v1/tasks',
      'GET /api/v1/tasks/stats',
      'GET /api/v1/tasks/task/{taskId}',
      'GET /api/v1/tasks/task/{taskId}/attempts',
      'GET /api/v1/tasks/{id}',
      'GET /api/v1/types',
      'PATCH /api/v1/schedules/{name}',
      'POST /api/v1/schedules',
      'POST /api/v1/schedules/apply',
      'POST /api/v1/schedules/import',
      'POST /api/v1/schedules/pause',
      'POST /api/v1/schedules/resume',
      'POST /api/v1/schedules/{name}/backfill',
      'POST /api/v1/schedules/{name}/pause',
      'POST /api/v1/schedules/{name}/resume',
      'POST /api/v1/schedules/{name}/trigger',
      'POST /api/v1/tasks',
      'POST /api/v1/tasks/bulk',
      'POST /api/v1/tasks/task/{taskId}/cancel',
      'POST /api/v1/tasks/task/{taskId}/retry',
      'PUT /api/v1/schedules/{name}',
    ]);
    for (const { call, operation } of calls) {
      expect(operation.summary, call).toBeTruthy();
      expect(Object.keys(operation.responses), call).toEqual(expect.arrayContaining(['400', '401', '429', '503']));
      for (const { description } of Object.values(operation.responses)) expect(description, call).not.toBe('');
    }
  });

  it('describes tasks and submits as they are answered and taken', async () => {
    const body = { type: 'noop', payload: {} };
    const submitted = (await api.call('POST', 'tasks', { body })).json();
    expect(propertiesOf('SubmittedTask')).toEqual(Object.keys(submitted).sort());
    const shown = (await api.call('GET', `tasks/${String(submitted.id)}`)).json();
    expect(propertiesOf('Task')).toEqual(Object.keys(shown).sort());
    expect(propertiesOf('TaskPage')).toEqual(Object.keys((await api.call('GET', 'tasks')).json()).sort());
    expect(propertiesOf('TaskStats')).toEqual(Object.keys((await api.call('GET', 'tasks/stats')).json()).sort());

    for (const field of propertiesOf('SubmitTask')) {
      const answer = await api.call('POST', 'tasks', { body: { ...body, [field]: null } });
      expect(answer.text, field).not.toContain('is not a known field');
    }
    for (const field of propertiesOf('Backoff')) {
      const answer = await api.call('POST', 'tasks', { body: { ...body, backoff: { [field]: null } } });
      expect(answer.text, field).not.toContain('is not a known field');
    }
  });
});
