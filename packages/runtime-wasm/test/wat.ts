import wabt from 'wabt'

const tools = await wabt()

/** Compiles WebAssembly text; only for tests. */
export function wat(text: string): Uint8Array<ArrayBuffer> {
  const module = tools.parseWat('test.wat', text, {
    multi_memory: true,
    bulk_memory: true,
    reference_types: true,
    multi_value: true,
    tail_call: true,
    simd: true,
    sign_extension: true,
    mutable_globals: true,
    exceptions: true,
  } as Parameters<typeof tools.parseWat>[2])
  try {
    module.resolveNames()
    return new Uint8Array(module.toBinary({}).buffer)
  } finally {
    module.destroy()
  }
}
