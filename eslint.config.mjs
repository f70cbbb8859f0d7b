// @ts-check
import nx from '@nx/eslint-plugin';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Redis and SQL packages; only `queue`, `store` and `testing` may import them. */
const STORE_PACKAGES = ['ioredis', 'pg', 'pg-*', 'typeorm', '@nestjs/typeorm', 'rate-limiter-flexible'];

/** Which layer may import which: contracts <- schedules, queue, store <- tasks <- runner, scheduling <- apps, runtime beside them. */
const LAYERS = [
  { sourceTag: 'type:contracts', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'type:data', onlyDependOnLibsWithTags: ['type:contracts', 'type:testing'] },
  { sourceTag: 'type:rules', onlyDependOnLibsWithTags: ['type:contracts', 'type:testing'] },
  { sourceTag: 'type:runtime', onlyDependOnLibsWithTags: ['type:contracts', 'type:testing'] },
  { sourceTag: 'type:domain', onlyDependOnLibsWithTags: ['type:contracts', 'type:data', 'type:rules', 'type:testing'] },
  {
    sourceTag: 'type:engine',
    onlyDependOnLibsWithTags: [
      'type:contracts',
      'type:data',
      'type:domain',
      'type:rules',
      'type:runtime',
      'type:testing',
    ],
  },
  {
    sourceTag: 'type:service',
    onlyDependOnLibsWithTags: [
      'type:contracts',
      'type:data',
      'type:domain',
      'type:engine',
      'type:rules',
      'type:runtime',
      'type:testing',
    ],
  },
  {
    // Applications of a team's own, as they would be written outside: everything public.
    sourceTag: 'type:example',
    onlyDependOnLibsWithTags: [
      'type:contracts',
      'type:data',
      'type:domain',
      'type:engine',
      'type:rules',
      'type:runtime',
      'type:stack',
      'type:testing',
    ],
  },
  { sourceTag: 'type:testing', onlyDependOnLibsWithTags: ['type:contracts', 'type:data', 'type:stack'] },
  { sourceTag: 'type:stack', onlyDependOnLibsWithTags: [] },
  {
    sourceTag: 'type:tool',
    onlyDependOnLibsWithTags: [
      'type:contracts',
      'type:data',
      'type:domain',
      'type:rules',
      'type:runtime',
      'type:stack',
      'type:testing',
    ],
  },
];

export default tseslint.config(
  { ignores: ['**/dist', '**/node_modules', '**/coverage', '.nx', '.millrace'] },
  {
    files: ['**/*.ts', '**/*.mjs'],
    plugins: { '@nx': nx, 'import-x': importX },
    settings: {
      ...importX.flatConfigs.typescript.settings,
      'import-x/resolver-next': [
        createTypeScriptImportResolver({ project: `${import.meta.dirname}/tsconfig.base.json` }),
      ],
    },
    languageOptions: { parser: tseslint.parser },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: [
            '^.*/tools/build/.*$',
            '^.*/stack/src/index.mjs$',
            // The worker and the scheduler of the fault suite are the real ones with handlers and schedules of its own.
            '^.*/apps/worker/src/worker.(config|module)$',
            '^.*/apps/scheduler/src/(scheduler.(config|module)|scheduler-service|duties/(duties.module|prune-finished))$',
            // Specs of the engine and of the service open their stores as those of the rules do.
            '^.*/tasks/src/stores.fixture$',
            // The worker of the benchmark answers and stamps as the workers of all measured systems do.
            '^.*/compare/host/src/(serve-asks|stamps|system)$',
            // What the long benchmarks of the whole platform run on; plain scripts without a build.
            '^.*/platform/(cpu|memory|platform|rest).mjs$',
          ],
          enforceBuildableLibDependency: false,
          depConstraints: LAYERS,
        },
      ],
      // Nx sees circles between projects; this one sees them between files.
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      eqeqeq: 'error',
      'no-console': 'error',
      'prefer-const': 'error',
      'no-else-return': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
    },
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'separate-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: [
      'apps/**/*.ts',
      'libs/schedules/**/*.ts',
      'libs/tasks/**/*.ts',
      'libs/runner/**/*.ts',
      'libs/scheduling/**/*.ts',
      'libs/runtime/**/*.ts',
    ],
    ignores: ['**/*.spec.ts', '**/*.fixture.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [{ name: '@millrace/testing', message: 'Only specs and their fixtures may import it.' }],
          patterns: [
            { group: STORE_PACKAGES, message: 'Only libs/queue, libs/store and libs/testing talk to the stores.' },
          ],
        },
      ],
    },
  },
  {
    files: ['libs/contracts/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^[^.]', message: 'contracts are plain types and rules; they import nothing.' }] },
      ],
    },
  },
  { files: ['tools/**', '**/*.spec.ts'], rules: { 'no-console': 'off' } },
);
