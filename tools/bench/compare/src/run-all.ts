import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchStores } from './bench-stores';
import { measure } from './measure';
import type { Measurement } from './measurement';
import { takesPart, type Scenario } from './scenario';
import { SCENARIOS } from './scenarios';
import type { BenchSettings } from './settings';
import type { Stage } from './stage';
import { median } from './statistics';
import { installedSystems, SYSTEMS, type SystemName } from './systems';

/**
 * Measures everything that is asked for, one run after the other. The systems take turns within each round, and each round
 * begins with another one, so that what the machine does meanwhile meets all of them.
 */
export async function runAll(
  settings: BenchSettings,
  {
    stores,
    folder,
    staged,
    found,
  }: {
    readonly stores: BenchStores;
    readonly folder: string;
    readonly staged: (stage: Stage) => void;
    readonly found: (measurement: Measurement) => void;
  },
): Promise<void> {
  const systems = installedSystems().filter((system) => settings.systems.includes(system));
  const scenarios = SCENARIOS.filter(({ name }) => settings.scenarios.includes(name));
  const capacities = new Map<SystemName, number[]>();

  const one = async (scenario: Scenario, system: SystemName, round: number): Promise<Measurement> => {
    const logs = join(folder, `${scenario.name}-${system}-${round}-${Date.now()}`);
    mkdirSync(logs);
    const measurement = await measure(
      {
        ...{
          scenario,
          system,
          round,
          form: settings.form,
          folder: logs,
          capacity: median(capacities.get(system) ?? []),
        },
        ...(scenario.name === 'drain-large' && settings.large !== undefined ? { tasks: settings.large } : {}),
      },
      { stores, staged },
    );
    const { perSecond } = measurement.values;
    if (scenario.name === 'flow-callers' && perSecond !== undefined) {
      capacities.set(system, [...(capacities.get(system) ?? []), perSecond]);
    }
    return measurement;
  };

  for (let round = 1; round <= settings.rounds; round += 1) {
    for (const scenario of scenarios) {
      for (const system of rotated(systems, round).filter((name) =>
        takesPart(scenario, SYSTEMS[name], settings.form),
      )) {
        if (scenario.shareOfCapacity !== undefined && !capacities.has(system)) await one(capacityScenario(), system, 0);
        if (scenario.shareOfCapacity !== undefined && !capacities.has(system)) continue;
        found(await one(scenario, system, round));
      }
    }
  }
}

/** Its rate is what a system can do. */
function capacityScenario(): Scenario {
  const scenario = SCENARIOS.find(({ name }) => name === 'flow-callers');
  if (!scenario) throw new Error('There is no scenario to tell the capacity by');
  return scenario;
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
