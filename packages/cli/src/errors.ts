import { type BackplaneError, defineErrors, type ErrorCatalogue, type ErrorInit } from '@backplane/core'

/** The codes that this package adds to core's catalogue. */
export const cliErrorCatalogue = {
  BP_CLI_USAGE: {
    message: '{reason}',
    next: '`backplane --help` lists the commands; `backplane COMMAND --help` says what one takes.',
  },
  BP_CLI_CONFIG: {
    message: 'The config file {path} cannot be used: {reason}',
    next: 'Correct it, or name another with --config.',
  },
  BP_CLI_FUNCTION_NOWHERE: {
    message: "No device offers '{name}' now.",
    next: 'List what there is: `backplane discover`.',
    retryable: true,
  },
  BP_CLI_FUNCTION_AMBIGUOUS: {
    message: "Several devices offer '{name}': {devices}.",
    next: 'Say which one is meant: --device ID.',
  },
  BP_CLI_NOBODY_SELECTED: {
    message: 'No device is there that {selector} selects.',
    next: 'List who is there: `backplane discover`.',
    retryable: true,
  },
  BP_CLI_NO_REPLY: {
    message: "No device replied to '{name}'.",
    next: 'Devices that do not have it, that --where does not mean, or that heard of it too late stay silent; --timeout MS waits longer.',
    retryable: true,
  },
  BP_CLI_SOME_FAILED: {
    message: "{failed} of {replies} devices failed to run '{name}'.",
    next: 'See what each of them says above.',
  },
  BP_CLI_UNWELL: {
    message: 'Not all is well: {names}.',
    next: 'Do what stands under Next above.',
  },
  BP_CLI_UNREACHABLE: {
    message: 'Not all can be reached: {names}.',
    next: 'Do what stands under Next above.',
    retryable: true,
  },
  BP_CLI_NO_BRIDGE: {
    message: 'There is no Zenoh bridge on this machine: {reason}',
    next: 'With a Rust toolchain (rustup.rs), this installs one: {install}. Elsewhere, name a program with --program PATH.',
  },
  BP_CLI_BRIDGE_PORT: {
    message: 'Something listens on port {port} of this machine already.',
    next: 'If it is a bridge, use it; else choose another port: --port PORT.',
  },
  BP_CLI_BRIDGE_ENDED: {
    message: 'The Zenoh bridge does not run: {reason}',
    next: 'Correct what it says: addresses with --connect, certificates with --tls-ca, --tls-cert and --tls-key.',
  },
  BP_CLI_REFUSED: {
    message: '{reason}',
    next: "Check the id: `backplane list` shows what is loaded and what the host's folder holds; a folder elsewhere needs a host of its own: `backplane up --plugins DIR`.",
  },
  BP_CLI_UNWRITABLE: {
    message: 'Nothing can be written to {path}: {reason}',
    next: 'Choose a folder that this user may write to: --dir DIR. Nothing was left behind.',
  },
  BP_CLI_EXISTS: {
    message: '{path} is there already.',
    next: 'Choose another name, or remove it first; nothing was written.',
  },
  BP_CLI_NOT_VALID: {
    message: '{path} is not a working plugin: {count} {problems}.',
    next: 'Correct what is listed above, then validate again.',
  },
} as const satisfies ErrorCatalogue

/** A code that this package adds. */
export type CliErrorCode = keyof typeof cliErrorCatalogue

/** Makes an error of this package's catalogue. */
export const cliError: (code: CliErrorCode, init?: ErrorInit) => BackplaneError = defineErrors(cliErrorCatalogue)
