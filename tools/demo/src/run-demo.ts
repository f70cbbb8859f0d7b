import { ApiClient, ServiceProcess } from '@millrace/testing';
import { freePort } from '@millrace/stack';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { checkRun } from './check';
import { Mailbox } from './mailbox';
import { untilAllFinal } from './progress';
import { printChecks, printKinds, printSpeed } from './report';
import type { DemoSettings } from './settings';
import { submitAll } from './submit';
import { WebServer } from './web-server';
import { planTasks } from './workload';

/** Tasks that the demo's own worker runs at once. */
const OWN_WORKERS = 20;

/**
 * Runs a mixed workload on a running platform and compares everyone's counts. Answers whether all agree.
 *
 * Calls to the demo's servers and its mail run on a worker of its own, on a queue of its own: only that worker may
 * reach this machine's addresses and knows the mail server. Everything else runs on the platform's own workers.
 *
 * When `interrupted` rejects it ends with that reason, after its worker has handed back what it was running.
 */
export async function runDemo(settings: DemoSettings, interrupted: Promise<never>): Promise<boolean> {
  const run = `demo-${Date.now().toString(36)}`;
  const api = new ApiClient(settings.apiUrl, settings);
  const redis = new Redis(settings.redisUrl, { maxRetriesPerRequest: 3 });
  const database = new Client({ connectionString: settings.databaseUrl });
  const [web, mailbox] = [new WebServer(), new Mailbox()];
  let worker: ServiceProcess | undefined;
  try {
    await database.connect();
    const webUrl = await web.start();
    worker = await startWorker(settings, { queue: run, smtpUrl: await mailbox.start() });
    console.log(`Run ${run}: ${settings.tasks} tasks to ${settings.apiUrl} and straight into Redis`);

    const tasks = planTasks(settings.tasks, run, { webUrl });
    const startedAt = performance.now();
    const finished = untilAllFinal(tasks.length, run, api);
    const destination = { userId: run, queue: run, keyPrefix: `${settings.redisPrefix}:${run}` };
    const submitted = submitAll(tasks, destination, api, redis).then(() => performance.now());
    const [submittedAt] = await Promise.race([Promise.all([submitted, finished]), interrupted]);
    const times = { submitMs: submittedAt - startedAt, totalMs: performance.now() - startedAt };

    const checks = await checkRun(tasks, run, { api, database, web, mailbox });
    await printKinds(tasks, run, database);
    const agrees = printChecks(checks);
    await printSpeed(tasks, times, run, database);
    return agrees;
  } finally {
    await worker?.kill('SIGTERM');
    await web.stop();
    await mailbox.stop();
    await database.end();
    redis.disconnect();
  }
}

async function startWorker(
  settings: DemoSettings,
  { queue, smtpUrl }: { readonly queue: string; readonly smtpUrl: string },
): Promise<ServiceProcess> {
  const port = await freePort(0);
  return ServiceProcess.start('worker', port, {
    NODE_ENV: 'development',
    HOST: '127.0.0.1',
    WORKER_PORT: String(port),
    DATABASE_URL: settings.databaseUrl,
    REDIS_URL: settings.redisUrl,
    QUEUE_REDIS_PREFIX: settings.redisPrefix,
    QUEUE_QUEUES: queue,
    QUEUE_WORKERS: String(OWN_WORKERS),
    SMTP_URL: smtpUrl,
    HTTP_REQUEST_ALLOW_PRIVATE: 'true',
  });
}
