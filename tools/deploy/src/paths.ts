import { join } from 'node:path';

/** The root of the workspace. */
export const workspaceRoot = join(import.meta.dirname, '..', '..', '..');

/** Folder of the Dockerfile and the compose file. */
export const dockerFolder = join(workspaceRoot, 'docker');

/** Folder of the Kubernetes base and overlays. */
export const k8sFolder = join(workspaceRoot, 'k8s');

/** The services, each with an image, a Deployment and a config class. */
export const SERVICES = ['api', 'worker', 'scheduler'] as const;

/** One of the services. */
export type Service = (typeof SERVICES)[number];
