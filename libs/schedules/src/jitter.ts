import { createHash } from 'node:crypto';

/**
 * How long after its slot a schedule fires: from 0 up to `jitterMs`, evenly spread over schedules and slots, and always the
 * same for one slot of one schedule, in every process.
 */
export function jitterOfSlot(scheduleName: string, slotAt: Date, jitterMs: number): number {
  if (jitterMs === 0) return 0;
  const hash = createHash('sha256').update(`${scheduleName}\n${slotAt.getTime()}`).digest();
  return hash.readUIntBE(0, 6) % (jitterMs + 1);
}
