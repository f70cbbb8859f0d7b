import { createRequire } from 'node:module';
import type { Manifest } from './manifest';
import { unreadKeys } from './unread-keys';

/** A class of kubernetes-models. Its `validate` reads every key its schema knows and throws one error that lists all faults. */
interface Model {
  readonly prototype: { validate(this: object): void };
}

const require = createRequire(import.meta.url);

/**
 * What is wrong with an object by Kubernetes' own schemas, one line each. Schemas allow keys they do not know, which is
 * how a misspelt `readinessProb` goes unnoticed; here such a key is a problem too.
 */
export function schemaProblems(manifest: Manifest): string[] {
  const model = modelOf(manifest);
  if (!model) return [`${manifest.kind}: ${manifest.apiVersion} has no such kind`];

  const problems: string[] = [];
  const unknown = unreadKeys(manifest, (watched) => {
    try {
      model.prototype.validate.call(watched);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  });
  problems.push(...unknown.map((path) => `${path} is not a known key`));
  return problems.map((problem) => `${manifest.kind} ${manifest.metadata.name}: ${problem}`);
}

function modelOf({ apiVersion, kind }: Manifest): Model | undefined {
  try {
    return (require(`kubernetes-models/${apiVersion}/${kind}`) as Readonly<Record<string, Model>>)[kind];
  } catch {
    return undefined;
  }
}
