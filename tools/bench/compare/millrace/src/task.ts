import type { BenchPayload } from '../../host/src/system';

/** The type that the worker of the benchmark handles. */
export const TYPE = 'bench';

/** The payload as plain JSON. */
export const json = (payload: BenchPayload) => ({ ...payload });
