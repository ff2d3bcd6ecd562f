import { type BackplaneError, defineErrors, type ErrorCatalogue, type ErrorInit } from '@backplane/core'

/**
 * What Fledge plugins get wrong, by code. The worker holds the same texts (`fledge_errors.py`); a test keeps them
 * equal.
 */
export const fledgeErrorCatalogue = {
  BP_FLEDGE_INFO_INVALID: {
    message: "plugin_info of '{plugin}' cannot be used: {reason}",
    next: "Let plugin_info return name, version, type, interface and config, as Fledge's plugin guide has them.",
  },
  BP_FLEDGE_INTERFACE_UNKNOWN: {
    message: "'{plugin}' has interface version {interface}, which nobody knows.",
    next: "Let plugin_info's 'interface' begin with '1.' or '2.'.",
  },
  BP_FLEDGE_ENTRY_MISSING: {
    message: "'{plugin}' has no {entry}, which a plugin of its kind needs.",
    next: "Define {entry} in the plugin's module, or correct 'type' and 'mode' in plugin_info.",
  },
  BP_FLEDGE_HANDLE_INVALID: {
    message: "{entry} of '{plugin}' returned {type}, which cannot be its handle.",
    next: 'Let {entry} return the handle that later calls get: usually a copy of the configuration.',
  },
  BP_FLEDGE_READING_INVALID: {
    message: "{entry} of '{plugin}' gave what is no reading: {reason}",
    next: "Give {'asset': name, 'timestamp': text, 'readings': {name: value}}, a list of these, or None.",
  },
  BP_FLEDGE_RESULT_INVALID: {
    message: "{entry} of '{plugin}' returned {type}, not {expected}.",
    next: 'Let {entry} return {expected}.',
  },
  BP_FLEDGE_FOLDER_AMBIGUOUS: {
    message: "Folder '{folder}' holds several Fledge plugins: {files}",
    next: 'Give each a folder of its own, or write a manifest.json whose entry_point names one.',
  },
} as const satisfies ErrorCatalogue

/** A code of Fledge plugins. */
export type FledgeErrorCode = keyof typeof fledgeErrorCatalogue

/** Makes an error of this catalogue. */
export const fledgeError: (code: FledgeErrorCode, init?: ErrorInit) => BackplaneError =
  defineErrors(fledgeErrorCatalogue)
