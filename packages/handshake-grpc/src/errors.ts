import { type BackplaneError, defineErrors, type ErrorCatalogue } from '@backplane/core'

/**
 * Every code of this package, beside those of `@backplane/core`.
 *
 * Where hashicorp/go-plugin has a text for the same failure the error's message carries that text, since it is what
 * people search for; `details` has the plugin's exit code or signal and its last stderr lines where there are any.
 */
export const handshakeErrorCatalogue = {
  BP_HANDSHAKE_CONFIG: { message: '{reason}', next: 'Correct the options given to pluginClient or servePlugin.' },
  BP_HANDSHAKE_SPAWN: {
    message: 'The plugin {command} could not be started: {reason}',
    next: 'Check the path, that the file is executable, and that it is built for this machine.',
  },
  BP_HANDSHAKE_LINE: {
    message: 'Unrecognized remote plugin message: {line}',
    next: 'The first line on stdout must be CORE|APP|NETWORK|ADDRESS|PROTOCOL|CERT: print nothing before it.',
  },
  BP_HANDSHAKE_CORE_VERSION: {
    message:
      'incompatible core API version with plugin. Plugin version: {version}, Core version: 1\n\nTo fix this, the plugin usually only needs to be recompiled.\nPlease report this to the plugin author',
    next: 'Rebuild the plugin with a current go-plugin library.',
  },
  BP_HANDSHAKE_APP_VERSION: {
    message: 'incompatible API version with plugin. Plugin version: {version}, Client versions: [{versions}]',
    next: 'Install a plugin built for one of these versions, or add the version to versionedPlugins.',
  },
  BP_HANDSHAKE_ADDRESS: {
    message: 'unknown address type: {address}',
    next: 'The plugin must listen on `unix` or `tcp` and print an address that can be dialed.',
  },
  BP_HANDSHAKE_PROTOCOL: {
    message: 'unsupported plugin protocol "{protocol}". Supported: [{supported}]',
    next: 'Only gRPC plugins can be run here: ask the plugin author for a gRPC build (net/rpc is Go only).',
  },
  BP_HANDSHAKE_CERT: {
    message: 'error parsing server cert: {reason}',
    next: 'The sixth field must be the base64 of the DER of the certificate that the plugin made for AutoMTLS.',
  },
  BP_HANDSHAKE_CERT_MISSING: {
    message: 'The host asked for AutoMTLS but the plugin gave no certificate.',
    next: 'Update the plugin to one that supports AutoMTLS, or start it without autoMtls.',
  },
  BP_HANDSHAKE_MUX: {
    message: 'client requested gRPC broker multiplexing but plugin does not support the feature{hint}',
    next: 'Start it without multiplex, or update the plugin.',
  },
  BP_HANDSHAKE_TIMEOUT: {
    message: 'timeout while waiting for plugin to start',
    next: 'See the stderr lines in details; give it a longer startTimeoutMs if it is only slow.',
    retryable: true,
  },
  BP_HANDSHAKE_EXITED: {
    message: 'plugin exited before we could connect',
    next: 'See the exit code and the stderr lines in details.',
    retryable: true,
  },
  BP_HANDSHAKE_CONNECT: {
    message: 'The plugin printed its address, {address}, but could not be reached there: {reason}',
    next: 'See the stderr lines in details; under TLS check that both sides use the same certificates.',
    retryable: true,
  },
  BP_HANDSHAKE_CHECKSUM: {
    message: '{reason}',
    next: 'The file is not the one that was approved: install it again, or correct the checksum.',
  },
  BP_HANDSHAKE_PLUGIN_TYPE: {
    message: 'unknown plugin type: {name}',
    next: 'Use one of the names given in plugins: {known}.',
  },
  BP_HANDSHAKE_REATTACH: {
    message: 'reattachment process not found',
    next: 'The plugin is gone or listens elsewhere: start it again and use its new reattach configuration.',
  },
  BP_HANDSHAKE_PROCESS_EXITED: {
    message: 'plugin exited ({how})',
    next: 'Start the plugin again; the stderr lines in details may say why it ended.',
    retryable: true,
  },
  BP_HANDSHAKE_NOT_SERVING: {
    message: 'The plugin answered its health check with {status}.',
    next: 'Wait and ask again, or restart the plugin.',
    retryable: true,
  },
  BP_HANDSHAKE_CALL: {
    message: '{method} failed with {status}: {reason}',
    next: "Look at the gRPC status in details.grpcCode and at the plugin's log.",
  },
  BP_HANDSHAKE_BROKER_TIMEOUT: {
    message: '{reason}',
    next: 'The other side must accept the same id within five seconds.',
    retryable: true,
  },
  BP_HANDSHAKE_BROKER_CLOSED: {
    message: 'broker closed',
    next: 'The plugin connection has ended: start the plugin again.',
  },
  BP_HANDSHAKE_MUX_PROTOCOL: {
    message: 'The multiplexed connection broke: {reason}',
    next: 'Start the plugin again; if it recurs, report it with the library version of the other side.',
    retryable: true,
  },
  BP_HANDSHAKE_LISTEN: {
    message: "couldn't bind plugin listener: {reason}",
    next: 'Check the socket directory, or PLUGIN_MIN_PORT and PLUGIN_MAX_PORT.',
  },
  BP_HANDSHAKE_SOCKET_PATH: {
    message: 'The socket path {path} is {bytes} bytes long; this system takes {limit}.',
    next: 'Set a shorter TMPDIR, or give a shorter socket directory.',
  },
  BP_HANDSHAKE_COOKIE_CONFIG: {
    message:
      'Misconfigured ServeConfig given to serve this plugin: no magic cookie\nkey or value was set. Please notify the plugin author and report\nthis as a bug.',
    next: 'Give servePlugin a handshake with cookieKey and cookieValue.',
  },
  BP_HANDSHAKE_COOKIE: {
    message:
      'This binary is a plugin. These are not meant to be executed directly.\nPlease execute the program that consumes these plugins, which will\nload any plugins automatically',
    next: 'Start it through its host program; for debugging set the cookie variable by hand, or use test mode.',
  },
  BP_HANDSHAKE_CERTIFICATE: {
    message: 'The certificate or key is not usable: {reason}',
    next: 'Give PEM text, or a file:// address of a PEM file, with a key that belongs to the certificate.',
  },
  BP_HANDSHAKE_SETTINGS: {
    message: 'The setting {setting} is not valid: {reason}',
    next: 'Correct it in {source}.',
  },
  BP_HANDSHAKE_RATE_LIMIT: {
    message: 'More than {rate} calls per second were made to the plugin.',
    next: 'Call again after a moment, or raise rateLimit.',
    retryable: true,
  },
  BP_HANDSHAKE_WIRE: {
    message: 'A protobuf message could not be read: {reason}',
    next: 'Both sides must use the same .proto.',
  },
  BP_HANDSHAKE_SCHEMA: {
    message: 'The services of the plugin cannot be described: {reason}',
    next: 'Give a .proto file in the manifest, or build the plugin with gRPC reflection.',
  },
} as const satisfies ErrorCatalogue

/** A code of this package's catalogue. */
export type HandshakeErrorCode = keyof typeof handshakeErrorCatalogue

/**
 * Makes an error of this package's catalogue. For failures of a host or a mesh use `coreError` of `@backplane/core`.
 */
export const handshakeError: (
  code: HandshakeErrorCode,
  init?: Parameters<ReturnType<typeof defineErrors>>[1],
) => BackplaneError = defineErrors(handshakeErrorCatalogue)
