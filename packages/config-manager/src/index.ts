/**
 * FogLAMP/Fledge configuration, live and transactional.
 *
 * @packageDocumentation
 */
export { type ConfigManagerComponents, type ConfigManagerInit, configManager } from './manager.ts'
