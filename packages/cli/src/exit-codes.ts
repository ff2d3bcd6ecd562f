import type { BackplaneError } from '@backplane/core'

/** The exit codes of the command, by what they say. Not the errors' own codes: those say more, on `err`. */
export const exitCodes = {
  /** It did what was asked. */
  ok: 0,
  /** It was asked rightly and failed. */
  failure: 1,
  /** A usage error: unknown option, bad JSON, unusable config file, parameters that the function does not take. */
  usage: 2,
  /** Nobody could be reached: no broker, no such device, no answer in time. */
  unreachable: 4,
  /** It was interrupted by Ctrl+C. */
  interrupted: 130,
} as const

/** An exit code of the command, as {@link runCli} gives it. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

const byCode: Readonly<Record<string, ExitCode>> = {
  BP_CLI_CONFIG: exitCodes.usage,
  BP_CLI_NOBODY_SELECTED: exitCodes.unreachable,
  BP_CLI_NO_REPLY: exitCodes.unreachable,
  BP_CLI_UNREACHABLE: exitCodes.unreachable,
  BP_CLI_USAGE: exitCodes.usage,
  BP_INVALID_ARGUMENT: exitCodes.usage,
  BP_PARAMS_INVALID: exitCodes.usage,
  BP_PLUGIN_ID_INVALID: exitCodes.usage,
  BP_AUTH_FAILED: exitCodes.unreachable,
  BP_CONNECT_FAILED: exitCodes.unreachable,
  BP_DEVICE_CONNECT_REGISTRY_UNAVAILABLE: exitCodes.unreachable,
  BP_DEVICE_UNKNOWN: exitCodes.unreachable,
  BP_DISCONNECTED: exitCodes.unreachable,
  BP_NO_RESPONDER: exitCodes.unreachable,
  BP_TIMEOUT: exitCodes.unreachable,
}

/** The exit code for a failure; whatever has no place of its own is `failure`. */
export function exitCodeOf(error: BackplaneError): ExitCode {
  return byCode[error.code] ?? exitCodes.failure
}
