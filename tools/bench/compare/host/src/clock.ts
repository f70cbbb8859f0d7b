/** Milliseconds of the machine's monotonic clock, which all of its processes share. */
export function clockMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1_000_000;
}

/** The same clock's reading at a moment of the wall clock, in epoch milliseconds. */
export function clockMsAt(epochMs: number): number {
  return clockMs() + (epochMs - (performance.timeOrigin + performance.now()));
}
