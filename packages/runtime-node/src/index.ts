/**
 * JavaScript and TypeScript plugins for a Backplane host: each in a worker thread of its own, or in process. A thread
 * contains crashes, hangs and leaks of its plugin; it is not a sandbox, so install only what you would run yourself.
 *
 * @packageDocumentation
 */
export type { PluginClass, PluginObject } from './authoring/class-plugin.ts'
export type { CallContext, EventSchemas, ModuleContext } from './authoring/context.ts'
export {
  definePlugin,
  type EventDefinition,
  type FunctionDefinition,
  type FunctionDescription,
  type Handler,
  type PeriodicDefinition,
  type PluginDefinition,
} from './authoring/plugin.ts'
export type {
  AnySchema,
  FromJsonSchema,
  Given,
  Received,
  StandardIssue,
  StandardResult,
  StandardSchema,
} from './authoring/schema.ts'
export { type NodeRuntimeComponents, type NodeRuntimeInit, nodeRuntime } from './node-runtime.ts'
