/**
 * `npm run release:rehearse`: a release from end to end, in a clone of the last commit, against a registry on this
 * machine.
 *
 * Versions by the changesets, refreshes the lock file, builds, publishes every package to a local verdaccio and uses
 * them from there, as `npm run consume` does from tarballs. Nothing leaves the machine, nothing of the working tree
 * changes.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { conclude, consume, type Use } from './consume.ts'
import { must, run } from './process.ts'
import { verdaccio } from './toolchains.ts'
import { type Package, packages, root } from './workspace.ts'

interface Registry extends AsyncDisposable {
  /** Where it listens, without the scheme: what npm keys tokens by. */
  readonly address: string
}

const uses: Use[] = []
const home = mkdtempSync(join(tmpdir(), 'backplane-release-'))
try {
  await using registry = await startRegistry(join(home, 'registry'))
  const released = await release(join(home, 'clone'), registry)
  await consume(
    released,
    {
      npmrc: `@backplane:registry=http://${registry.address}/\n`,
      dependencies: (of) => Object.fromEntries(of.map(({ manifest }) => [manifest.name, manifest.version])),
    },
    (use) => uses.push(use),
  )
} finally {
  rmSync(home, { recursive: true, force: true })
}
process.exitCode = conclude('release', uses) ? 0 : 1
process.exit()

/** Versions, builds and publishes a clone; gives the packages as they were released. */
async function release(cwd: string, registry: Registry): Promise<Package[]> {
  const userconfig = join(home, 'npmrc')
  writeFileSync(userconfig, `//${registry.address}/:_authToken=rehearsal\n`)
  const env = { npm_config_registry: `http://${registry.address}/`, npm_config_userconfig: userconfig }

  await must('git', ['clone', '--quiet', root, cwd], { cwd: root })
  await must('npm', ['ci'], { cwd })
  await step('changeset version', 'npx', ['changeset', 'version'], cwd)
  await step('lock file', 'npm', ['install', '--package-lock-only'], cwd)
  await step('lock file is complete', 'node', ['tools/complete-lock.ts', '--check'], cwd)
  await step('npm ci', 'npm', ['ci'], cwd)
  await step('build', 'npx', ['nx', 'run-many', '-t', 'build', '--skip-nx-cache'], cwd)
  await step('npm publish', 'npx', ['changeset', 'publish', '--no-git-tag'], cwd, env)

  const released = packages(cwd)
  for (const { manifest } of released) {
    const { name, version } = manifest
    const ok = await fetch(`http://${registry.address}/${name}`).then(
      async (answer) => answer.ok && version in ((await answer.json()) as { versions: object }).versions,
    )
    const bumped = version !== '0.0.0'
    const output = bumped ? `${version} is not in the registry` : 'no changeset gave it a version'
    uses.push({ what: 'release', how: `${name}@${version}`, ok: ok && bumped, output })
  }
  return released
}

async function step(how: string, command: string, args: string[], cwd: string, env: Record<string, string> = {}) {
  const ended = await run(command, args, { cwd, env: { ...env, NX_DAEMON: 'false' }, timeoutMs: 900_000 })
  uses.push({ what: 'release', how, ...ended })
}

async function startRegistry(folder: string): Promise<Registry> {
  mkdirSync(folder, { recursive: true })
  const load = createRequire(join(await verdaccio(), 'package.json'))
  const { runServer } = load('verdaccio') as { runServer(config: object): Promise<Server> }
  const server = await runServer({
    configPath: join(folder, 'config.yaml'),
    self_path: folder,
    storage: join(folder, 'storage'),
    auth: { htpasswd: { file: join(folder, 'htpasswd') } },
    uplinks: {},
    packages: { '**': { access: '$all', publish: '$all' } },
    max_body_size: '100mb',
    log: { type: 'stdout', level: 'fatal' },
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
