import { describe, expect, it } from 'vitest';
import { checkQueueName, checkTaskOptions } from './option-rules';
import type { TaskOptions } from './options';

describe('the rules of a task', () => {
  it('take every option within its bounds', () => {
    const options: TaskOptions = {
      taskId: 'order-17:mail',
      queue: 'mail',
      priority: 9,
      maxRetry: 0,
      retryDelay: '1m30s',
      backoff: { type: 'exponential', max: '1h', jitter: 0.5 },
      timeout: 1,
      expiresAt: new Date('2030-01-01T00:00:00Z'),
      userId: 'u1',
    };

    expect(checkTaskOptions('send_email', options)).toEqual([]);
  });

  it.each<[string, unknown, unknown]>([
    ['type', 'no spaces', {}],
    ['task_id', 'a', { taskId: 'a b' }],
    ['queue', 'a', { queue: 'a:b' }],
    ['priority', 'a', { priority: 10 }],
    ['priority', 'a', { priority: 1.5 }],
    ['max_retry', 'a', { maxRetry: -1 }],
    ['retry_delay', 'a', { retryDelay: '5 parsecs' }],
    ['timeout', 'a', { timeout: 0 }],
    ['timeout', 'a', { timeout: '3651d' }],
    ['backoff.type', 'a', { backoff: { type: 'cubic' } }],
    ['backoff.max', 'a', { backoff: { type: 'fixed', max: '-1s' } }],
    ['backoff.jitter', 'a', { backoff: { type: 'fixed', jitter: 2 } }],
    ['expires_at', 'a', { expiresAt: new Date(Number.NaN) }],
    ['user_id', 'a', { userId: '' }],
    ['user_id', 'a', { userId: 'a\0b' }],
  ])('name %s when it is out of bounds', (field, type, options) => {
    expect(checkTaskOptions(type, options as TaskOptions).map((fault) => fault.field)).toEqual([field]);
  });

  it('keep queue names clear of the keys of the default queue', () => {
    expect(checkQueueName('queue', 'delayed_tasks')[0]?.message).toContain('reserved');
  });
});
