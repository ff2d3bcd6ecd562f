import { readFileSync } from 'node:fs'
import { createRequire, findPackageJSON } from 'node:module'
import packageJson from '../../package.json' with { type: 'json' }
import type { Settings } from '../settings.ts'
import type { Check } from './check.ts'

/** Packages that are there only where somebody wants them, and what for. */
const peers = [
  ['@eclipse-zenoh/zenoh-ts', 'Zenoh networks (edge)'],
  ['@nats-io/transport-node', 'NATS networks (local, portal)'],
  ['@opentelemetry/api', 'tracing'],
] as const

/** What runs here: Node, this command, and the packages that are optional. */
export function versionChecks(preset: Settings['preset'], find = versionOf): Check[] {
  const { node } = process.versions
  const [major = 0, minor = 0] = node.split('.').map(Number)
  const fits = major === 22 ? minor >= 19 : major === 24 ? minor >= 11 : major > 24
  const runtime: Check = {
    name: 'node',
    state: fits ? 'ok' : 'warning',
    detail: `Node ${node} on ${process.platform} ${process.arch}`,
    ...(fits ? {} : { next: `Use Node ${packageJson.engines.node}.` }),
    facts: { version: node, wanted: packageJson.engines.node },
  }
  const installed = peers.map(([name, purpose]): [string, string, string | undefined] => [name, purpose, find(name)])
  const wanted = preset === 'edge' ? '@eclipse-zenoh/zenoh-ts' : '@nats-io/transport-node'
  const isMissing = find(wanted) === undefined
  return [
    runtime,
    { name: 'backplane', state: 'ok', detail: packageJson.version, facts: { version: packageJson.version } },
    {
      name: 'packages',
      state: isMissing ? 'failed' : 'ok',
      ...(isMissing ? { next: `Install it: npm install ${wanted}` } : {}),
      detail: installed
        .map(([name, purpose, version]) => `${name} ${version ?? 'is not there'} (${purpose})`)
        .join(', '),
      facts: Object.fromEntries(installed.map(([name, , version]) => [name, version ?? null])),
    },
  ]
}

/** Looked up from where each is used; a package that exports no manifest is found by Node's own search. */
function versionOf(name: string): string | undefined {
  const homes = [import.meta.url, resolved('@backplane/transport-zenoh'), resolved('@backplane/transport-nats')]
  for (const home of homes) {
    if (home === undefined) continue
    try {
      const path = findPackageJSON(name, home)
      if (path !== undefined) return (JSON.parse(readFileSync(path, 'utf8')) as { version?: string }).version
    } catch {}
  }
  return undefined
}

function resolved(name: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(`${name}/package.json`)
  } catch {
    return undefined
  }
}
