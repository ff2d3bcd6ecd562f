/**
 * Settings of a plugin client from variables, a YAML, JSON or TOML file, and code, in that order of precedence.
 *
 * YAML files need the package `yaml`, TOML files `smol-toml`; both are optional peers.
 *
 * @packageDocumentation
 */
export { clientInit } from './config/client-init.ts'
export { type LoadSettingsInit, loadSettings, type PluginSettings } from './config/settings.ts'
