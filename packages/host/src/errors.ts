import { type BackplaneError, defineErrors, type ErrorCatalogue, type ErrorInit } from '@backplane/core'

/** The codes that this package adds to core's catalogue. */
export const hostErrorCatalogue = {
  BP_PLUGIN_NOT_FOUND: {
    message: "Failed to load plugin '{plugin}': {looked}",
    next: 'Put a folder with a manifest.json for it into {dir}, or correct the name; `list_plugins` says which there are.',
  },
  BP_PLUGIN_ID_TAKEN: {
    message: "Folder '{folder}' holds plugin '{plugin}', and so does folder '{owner}'.",
    next: 'Give one of them another id in its manifest.json, or remove it; until then only the one named last counts.',
  },
  BP_PLUGINS_UNREADABLE: {
    message: 'The plugin folder {dir} cannot be read: {reason}',
    next: 'Check that it is a folder and that this user may read it.',
  },
  BP_INSTALLS_OFF: {
    message: "Packages were to be installed for plugin '{plugin}', which this host does not do.",
    next: 'Load it without, or start the host with `backplane up --install-dependencies` (presets: `python.dependencies.install`).',
  },
  BP_SCHEMA_INVALID: {
    message: "The parameter schema of '{name}' cannot be used: {reason}",
    next: 'Correct the schema in the plugin (JSON Schema 2020-12), then reload it.',
  },
  BP_PARAMS_TOO_COSTLY: {
    message: "To check the parameters of '{name}' would take the host too long.",
    next: 'Send less at a time, or give the function a schema that is cheaper to check.',
  },
  BP_STATE_UNWRITABLE: {
    message: 'State cannot be kept in {path}: {reason}',
    next: 'Give a state folder that this user may write to.',
  },
} as const satisfies ErrorCatalogue

/** A code that this package adds. */
export type HostErrorCode = keyof typeof hostErrorCatalogue

/** Makes an error of this package's catalogue. */
export const hostError: (code: HostErrorCode, init?: ErrorInit) => BackplaneError = defineErrors(hostErrorCatalogue)
