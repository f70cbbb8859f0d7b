// @ts-check
import { readFileSync } from 'node:fs';

/**
 * @param {import('ioredis').Redis} redis
 * @returns {Promise<number>} bytes that it holds now
 */
export async function usedMemory(redis) {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
}

/**
 * @param {number} pid
 * @returns {number | undefined} resident memory in MiB; undefined where the system does not tell
 */
export function rssMib(pid) {
  return statusMib(pid, 'VmRSS');
}

/**
 * @param {number} pid
 * @returns {number | undefined} the most resident memory it has had, in MiB; undefined where the system does not tell
 */
export function peakRssMib(pid) {
  return statusMib(pid, 'VmHWM');
}

/**
 * @param {number} pid
 * @param {'VmRSS' | 'VmHWM'} field
 */
function statusMib(pid, field) {
  try {
    const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) / 1_024;
  } catch {
    return undefined;
  }
}
