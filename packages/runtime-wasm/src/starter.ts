import { readFile } from 'node:fs/promises'
import { assemblyBindings, templates } from './bindings.ts'
import type { Abi } from './host/manifest-section.ts'

/**
 * Gives the files of a new plugin by name: its manifest, its code, its bindings to the host, and a `package.json` whose
 * `build` compiles it. AssemblyScript for modules, JavaScript (run by QuickJS inside the sandbox) for components. Not
 * for other languages.
 */
export async function starterFiles(id: string, abi: Abi = 'extism'): Promise<Record<string, string>> {
  const read = (name: string) => readFile(new URL(name, templates), 'utf8')
  const manifest = JSON.parse(await read(`${abi}/manifest.json`)) as { entry_point: string }
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
  const files = (scripts: object, devDependencies: object) => ({
    'manifest.json': json({ ...manifest, id }),
    'package.json': json({ name: id, private: true, type: 'module', scripts, devDependencies }),
  })
  if (abi === 'component') {
    const build = `componentize-qjs --wit world.wit --js plugin.js --output ${manifest.entry_point} --sync --opt-size --stub-wasi`
    const [world, host, code] = await Promise.all(
      ['component/world.wit.txt', '../wit/backplane.wit', 'component/plugin.js.txt'].map(read),
    )
    return {
      ...files({ build }, { 'componentize-qjs': '^0.4.5' }),
      'world.wit': `${world}\n${nested(host as string)}`,
      'plugin.js': code as string,
    }
  }
  const build = `asc plugin.ts --outFile ${manifest.entry_point} --optimize --runtime incremental --use abort=`
  return {
    ...files({ build, bindings: 'backplane wasm bindings .' }, { assemblyscript: '^0.28.20' }),
    'host.ts': await assemblyBindings(manifest),
    'plugin.ts': await read(`${abi}/plugin.ts.txt`),
  }
}

/** A WIT file as a package within another, so that one file is enough. */
function nested(wit: string): string {
  return `${wit.trim().replace(/^package ([^;]+);$/m, 'package $1 {')}\n}\n`
}
