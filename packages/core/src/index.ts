/**
 * The dependency-free heart of a plugin host: contracts, error catalogue, capability registry, slots and `createHost`.
 *
 * No dependencies, no Node modules, under 10 kB minified and gzipped. A **slot** owns each plugin's life: restart with
 * backoff and quarantine, draining, hot swap. **Runtimes**, **meshes** and **configuration** plug in as contracts that
 * other packages, or you, implement.
 *
 * @packageDocumentation
 */
export { systemClock } from './clock.ts'
export type * from './contracts/call.ts'
export type * from './contracts/clock.ts'
export type * from './contracts/config.ts'
export type * from './contracts/config-store.ts'
export type * from './contracts/host.ts'
export type * from './contracts/interceptor.ts'
export { type Logger, type LogMethod, silentLogger } from './contracts/logger.ts'
export type * from './contracts/manifest.ts'
export type * from './contracts/mesh.ts'
export type * from './contracts/runtime.ts'
export type * from './contracts/transport.ts'
export type * from './contracts/values.ts'
export { abortedBy, throwIfAborted, within } from './deadline.ts'
export * from './errors.ts'
export { createHost } from './host.ts'
