/**
 * Preset plugin hosts, a folder of plugins, and the functions by which a host is managed from afar.
 *
 * @packageDocumentation
 */
export { type ConfigFunctionsInit, configEvents, configFunctions, tellOfConfig } from './config-functions.ts'
export { type DesiredState, desiredStateFile } from './desired-state.ts'
export { type EdgeHostInit, edgeHost } from './edge-host.ts'
export { type EmbeddedNatsInit, embeddedNats } from './embedded-nats.ts'
export { type HostErrorCode, hostErrorCatalogue } from './errors.ts'
export { type HeartbeatFields, heartbeatFields } from './heartbeat-fields.ts'
export { hostEvents, tellOfPlugins, tellOfSchemas } from './host-events.ts'
export { hostFunctions } from './host-functions.ts'
export { type HostIdentityInit, hostIdentity } from './host-identity.ts'
export { type LoadAllOptions, type LoadReport, loadAll } from './load-all.ts'
export { type LocalHostInit, localHost } from './local-host.ts'
export type { HostFunctionsInit } from './management.ts'
export {
  type FoundPlugin,
  type PluginFolder,
  type PluginFolderInit,
  type PluginFolderOptions,
  pluginFolder,
} from './plugin-folder.ts'
export { type PortalHostInit, portalHost } from './portal-host.ts'
export { type PresetHost, type PresetInit, presetHost } from './preset-host.ts'
export { stateDirs } from './state-dirs.ts'
export { activeTrace, type TracingApi, tracing } from './tracing.ts'
export { type ParamsCheck, validateParams } from './validate-params.ts'
