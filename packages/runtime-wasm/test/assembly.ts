import asc from 'assemblyscript/asc'

/** Compiles AssemblyScript; only for tests. */
export async function assembly(
  source: string,
  others: Readonly<Record<string, string>> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const files: Readonly<Record<string, string>> = { 'module.ts': source, ...others }
  let binary: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    ['module.ts', '--outFile', 'module.wasm', '--optimize', '--runtime', 'incremental', '--use', 'abort='],
    {
      readFile: (name) => files[name] ?? null,
      writeFile: (name, contents) => {
        if (name === 'module.wasm') binary = contents as Uint8Array
      },
      listFiles: () => [],
    },
  )
  if (error || !binary) throw new Error(`${error?.message}\n${stderr.toString()}`)
  return new Uint8Array(binary)
}
