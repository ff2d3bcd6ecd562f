import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'

/**
 * Gives the files of a new plugin in AssemblyScript, by name: its manifest, its code with the host bindings typed, and a `package.json`
 * whose `build` compiles it. Not for languages other than AssemblyScript.
 */
export async function starterFiles(id: string, abi: 'extism' | 'vyra' = 'extism'): Promise<Record<string, string>> {
  const read = (name: string) => readFile(new URL(`../templates/${abi}/${name}`, here), 'utf8')
  const [manifest, code] = await Promise.all([read('manifest.json'), read('plugin.ts.txt')])
  const module = (JSON.parse(manifest) as { entry_point: string }).entry_point
  const build = `asc plugin.ts --outFile ${module} --optimize --runtime minimal --use abort=`
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
  return {
    'manifest.json': json({ ...(JSON.parse(manifest) as object), id }),
    'plugin.ts': code,
    'package.json': json({
      name: id,
      private: true,
      scripts: { build },
      devDependencies: { assemblyscript: '^0.28.20' },
    }),
  }
}

// Source and build both lie one folder below the package; a build of the CommonJS form has no `import.meta`.
const here = typeof __filename === 'string' ? pathToFileURL(__filename).href : import.meta.url
