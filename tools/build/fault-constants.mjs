// @ts-check
/**
 * The constants that stand for faults in our sources, by kind of build. In `production` whatever they guard is dropped;
 * a `faults` build, for tests of the platform alone, reads `FAILPOINTS` and `MUTANT` from its environment.
 */
export const FAULT_CONSTANTS = {
  production: { __FAULT_POINTS__: 'false', __MUTANT__: 'null' },
  faults: { __FAULT_POINTS__: 'true', __MUTANT__: 'process.env.MUTANT' },
};
