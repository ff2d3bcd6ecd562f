import asc from 'assemblyscript/asc'

/** Compiles AssemblyScript; only for tests. */
export async function assembly(source: string): Promise<Uint8Array<ArrayBuffer>> {
  let binary: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    ['module.ts', '--outFile', 'module.wasm', '--optimize', '--runtime', 'minimal', '--use', 'abort='],
    {
      readFile: (name) => (name === 'module.ts' ? source : null),
      writeFile: (name, contents) => {
        if (name === 'module.wasm') binary = contents as Uint8Array
      },
      listFiles: () => [],
    },
  )
  if (error || !binary) throw new Error(`${error?.message}\n${stderr.toString()}`)
  return new Uint8Array(binary)
}
