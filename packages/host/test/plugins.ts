import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A plugin folder for tests; disposed of, it is gone. */
export interface TestFolder extends AsyncDisposable {
  readonly dir: string
  /** Writes a plugin: its code, and its manifest (an object, or text that is none). */
  put(folder: string, code: string, manifest?: object | string): Promise<void>
}

export async function testFolder(): Promise<TestFolder> {
  const dir = await mkdtemp(join(tmpdir(), 'backplane-host-'))
  return {
    dir,
    async put(folder, code, manifest = {}) {
      const whole = { id: folder, entry_point: 'plugin.mjs', ...(typeof manifest === 'object' ? manifest : {}) }
      const text = typeof manifest === 'string' ? manifest : JSON.stringify(whole)
      await mkdir(join(dir, folder), { recursive: true })
      await writeFile(join(dir, folder, 'manifest.json'), text)
      await writeFile(join(dir, folder, 'plugin.mjs'), code)
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  }
}

/** The code of a plugin with these functions, each of which gives its own name. */
export function offering(...names: string[]): string {
  return `export default { functions: { ${names.map((name) => `'${name}': () => '${name}'`).join(', ')} } }`
}
