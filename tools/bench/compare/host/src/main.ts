import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { clockMs } from './clock';
import { submitLoad } from './load';
import type { Role } from './messages';
import { serveAsks, tell } from './serve-asks';
import { Stamps } from './stamps';
import type { Producer, System } from './system';

/** Short against what is measured; each look is one small question to a store. */
const SETTLE_POLL_MS = 2;

const role = JSON.parse(process.argv[2] ?? '{}') as Role;
const { system } = (await import(pathToFileURL(role.module).href)) as { system: System };
if (role.role === 'producer') await produce(await system.openProducer(role.places));
else await work(role);
tell({ event: 'ready' });

async function produce(producer: Producer): Promise<void> {
  serveAsks({
    load: (load) => submitLoad(producer, load),
    settle: ({ timeoutMs }) => settled(producer, timeoutMs),
    standing: () => producer.standing(),
    close: async () => {
      await producer.close();
      return undefined;
    },
  });
}

async function work({ places, settings, stamps: stampSettings }: Role & { role: 'worker' }): Promise<void> {
  const stamps = new Stamps(stampSettings, (event) => tell({ event }));
  if (!system.openWorker) throw new Error('The working side of this system is a program of its own');
  const worker = await system.openWorker(places, settings, stamps.handle);
  serveAsks({
    stamps: async () => stamps.report(),
    close: async () => {
      await worker.close();
      return undefined;
    },
  });
}

async function settled(producer: Producer, timeoutMs: number): Promise<number> {
  const deadlineMs = clockMs() + timeoutMs;
  for (;;) {
    const left = await producer.left();
    if (left === 0) return clockMs();
    if (clockMs() > deadlineMs) throw new Error(`${left} tasks have not ended within ${timeoutMs} ms`);
    await sleep(SETTLE_POLL_MS);
  }
}
