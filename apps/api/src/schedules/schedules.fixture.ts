import { startOwnApi } from '../testing/own-api.fixture';
import type { Answer, CallOptions, RunningApi } from '../testing/start-api';
import type { ScheduleView } from './schedule.view';

/** An api with stores of its own, and calls that specs of schedules make. */
export interface SchedulesApi extends RunningApi {
  /** A name nobody else has, so that a test sees its own schedules alone. */
  newName(): string;
  /** Creates a schedule of these fields; it fires on 1 January unless they say otherwise. */
  create(fields?: Readonly<Record<string, unknown>>): Promise<ScheduleView>;
  show(name: string): Promise<ScheduleView>;
}

/** Calls are those of the operator `ann`, as the history of schedules knows her. */
export function startSchedulesApiOfAnn(): Promise<SchedulesApi> {
  const key = '0123456789abcdef';
  return startSchedulesApi({ AUTH_MODE: 'keys', API_KEYS: `ann:${key}` }, { authorization: `Bearer ${key}` });
}

/** `headers` go with every call. */
export async function startSchedulesApi(
  env: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<SchedulesApi> {
  const api = await startOwnApi(env);
  const call: RunningApi['call'] = (method, path, options: CallOptions = {}) =>
    api.call(method, path, { ...options, headers: { ...headers, ...options.headers } });
  let names = 0;
  const newName = () => `schedule-${(names += 1)}`;
  return {
    ...api,
    call,
    newName,
    create: async (fields = {}) => {
      const timed = ['cron', 'every', 'at'].some((kind) => kind in fields);
      const body = { name: newName(), type: 'noop', payload: {}, ...(timed ? {} : { cron: '0 0 1 1 *' }), ...fields };
      return expectStatus(await call('POST', 'schedules', { body }), 201).json<ScheduleView>();
    },
    show: async (name) => expectStatus(await call('GET', `schedules/${name}`), 200).json<ScheduleView>(),
  };
}

/** The answer, when it has this status. Throws with what it says when it has another. */
export function expectStatus(answer: Answer, status: number): Answer {
  if (answer.status === status) return answer;
  throw new Error(`expected ${status}, got ${answer.status}: ${answer.text}`);
}
