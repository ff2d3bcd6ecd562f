import { type BackplaneError, defineErrors, type ErrorCatalogue, type ErrorInit } from '@backplane/core'

/**
 * Every code of this package's own; codes of `@backplane/core` (`BP_TIMEOUT`, `BP_ABORTED`, `BP_PLUGIN_FAILED`, ...)
 * are used beside them.
 */
export const runtimeWasmErrorCatalogue = {
  BP_WASM_MODULE_INVALID: {
    message: '{what} is not a valid WebAssembly module: {reason}',
    next: 'Build it again, and check that the file arrived whole.',
  },
  BP_WASM_FEATURE: {
    message: '{what} uses {feature}, which is not allowed here.',
    next: 'Build it without that feature.',
  },
  BP_WASM_COMPONENT_TOOL: {
    message: 'Components need the package @bytecodealliance/jco-transpile, which could not be loaded: {reason}',
    next: 'Install it beside this package: npm install @bytecodealliance/jco-transpile.',
  },
  BP_WASM_SOURCE: {
    message: 'The plugin could not be read from {source}: {reason}',
    next: 'Correct the path, address or data of the module in its manifest.',
  },
  BP_WASM_HASH: {
    message: '{what} has the SHA-256 {actual}, and {expected} was asked for.',
    next: 'Take the file from where the hash comes from, or correct the hash if the change is meant.',
  },
  BP_WASM_SIGNATURE: {
    message: 'The signature of {what} does not hold: {reason}',
    next: 'Sign it again, or name the public key that it was signed for.',
  },
  BP_WASM_IMPORT_MISSING: {
    message: '{what} imports what nobody here gives it: {imports}',
    next: 'Grant or define these host functions, or allow WASI if it asks for that.',
  },
  BP_WASM_EXPORT_MISSING: {
    message: "'{name}' is declared, but {what} does not export a function of that name.",
    next: 'Correct the metadata, or export the function.',
  },
  BP_WASM_NOT_STARTED: {
    message: "Plugin '{plugin}' is not started.",
    next: 'Start it, then call.',
  },
  BP_WASM_ARGUMENT: {
    message: "Argument '{name}' ({type}) of '{function}' is not valid: {reason}",
    next: 'Give a value of the declared type.',
  },
  BP_WASM_ARITY: {
    message: "'{function}' is declared with {declared} arguments and takes {actual}.",
    next: 'Make the metadata and the module agree.',
  },
  BP_WASM_TRAP: {
    message: "'{function}' ended in a trap ({kind}): {reason}",
    next: 'Look at the plugin: it did what WebAssembly does not allow.',
  },
  BP_WASM_OUT_OF_FUEL: {
    message: "'{function}' used up its fuel of {value} (limit: fuel).",
    next: 'Give it more fuel, or make it do less in one call.',
  },
  BP_WASM_STACK_LIMIT: {
    message: "'{function}' calls too deep (limit: {limit}, {value}).",
    next: 'Make it recurse less, or raise the limit.',
  },
  BP_WASM_MEMORY_LIMIT: {
    message: '{what} asks for more memory than {value} pages of 64 KiB (limit: memoryPages).',
    next: 'Raise the limit, or make the plugin need less.',
  },
  BP_WASM_SIZE_LIMIT: {
    message: '{what} of {actual} bytes is over {value} (limit: {limit}).',
    next: 'Make it smaller, or raise the limit.',
  },
  BP_WASM_HOST_CALL_LIMIT: {
    message: "'{function}' called its host more than {value} times (limit: hostCalls).",
    next: 'Make it call its host less often, or raise the limit.',
  },
  BP_WASM_HOST_FAILED: {
    message: "Host function '{name}' failed: {reason}",
    next: 'Look at the cause: it is the host, not the plugin, that failed.',
  },
  BP_WASM_BAD_REQUEST: {
    message: "The plugin called '{name}' with what it cannot take: {reason}",
    next: 'Correct the plugin; the host did what it could.',
  },
  BP_WASM_ASYNC_HOST: {
    message: "Host function '{name}' gave a promise, and this plugin cannot wait.",
    next: 'Run the plugin in a worker, or on Node 24 and later.',
  },
  BP_WASM_EXITED: {
    message: "'{function}' ended its program with code {exitCode}.",
    next: 'Look at what it logged before.',
  },
  BP_WASM_POISONED: {
    message: "Plugin '{plugin}' cannot be used any more: {reason}",
    next: 'Make a new one.',
  },
  BP_WASM_BUSY: {
    message: "Plugin '{plugin}' has {value} calls waiting already (limit: queue).",
    next: 'Call again later, or give it more instances.',
    retryable: true,
  },
  BP_WASM_REENTRANT: {
    message:
      "A host function of plugin '{plugin}' calls the plugin itself, whose {instances} instances all wait for such.",
    next: 'Call it when the host function has answered, or give it more instances.',
  },
  BP_WASM_RATE_LIMITED: {
    message: "Plugin '{plugin}' is blocked: it went on calling far beyond {value} calls in {windowMs} ms.",
    next: 'Unblock it when it has been looked at.',
  },
} as const satisfies ErrorCatalogue

/** A code of this package's own catalogue. */
export type RuntimeWasmErrorCode = keyof typeof runtimeWasmErrorCatalogue

/** Makes an error of this package's catalogue. */
export const wasmError: (code: RuntimeWasmErrorCode, init?: ErrorInit) => BackplaneError =
  defineErrors(runtimeWasmErrorCatalogue)
