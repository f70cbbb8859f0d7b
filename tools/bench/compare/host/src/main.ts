import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { clockMs } from './clock';
import { submitLoad } from './load';
import type { Asks, Role } from './messages';
import { serveAsks, tell } from './serve-asks';
import { Stamps } from './stamps';
import type { Producer, System } from './system';

const role = JSON.parse(process.argv[2] ?? '{}') as Role;
const system = await loadSystem(role);
if (role.role === 'producer') await produce(await system.openProducer(role.places));
else await work(role);
tell({ event: 'ready' });

async function loadSystem({ module, exported }: Role): Promise<System> {
  const found = ((await import(pathToFileURL(module).href)) as Record<string, System>)[exported];
  if (!found) throw new Error(`${module} does not export ${exported}`);
  return found;
}

async function produce(producer: Producer): Promise<void> {
  serveAsks({
    load: (load) => submitLoad(producer, load),
    settle: (limits) => settled(producer, limits),
    hold: async () => {
      await producer.hold?.();
      return undefined;
    },
    release: async () => {
      const startMs = clockMs();
      await producer.release?.();
      return startMs;
    },
    standing: () => producer.standing(),
  });
}

async function work({ places, settings, stamps: stampSettings }: Role & { role: 'worker' }): Promise<void> {
  const stamps = new Stamps(stampSettings, (event) => tell({ event }));
  if (!system.openWorker) throw new Error('The working side of this system is a program of its own');
  await system.openWorker(places, settings, stamps.handle);
  serveAsks({
    stamps: async () => stamps.report(),
  });
}

async function settled(producer: Producer, { standstillMs, pollMs }: Asks['settle']['with']): Promise<number> {
  let [last, movedMs] = [Infinity, clockMs()];
  for (;;) {
    const left = await producer.left();
    if (left === 0) return clockMs();
    if (left !== last) [last, movedMs] = [left, clockMs()];
    if (clockMs() - movedMs > standstillMs)
      throw new Error(`${left} tasks do not end: nothing moved for ${standstillMs} ms`);
    await sleep(pollMs);
  }
}
