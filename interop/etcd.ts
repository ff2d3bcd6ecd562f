/** Debian's `etcd`, as a child process. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir } from '../tools/workspace.ts'
import type { Interop } from './harness.ts'
import { freePort } from './ports.ts'
import { type RunningProcess, startProcess } from './running-process.ts'

/** A running etcd. */
export interface Etcd extends AsyncDisposable {
  readonly port: number
}

/**
 * Starts etcd on a free loopback port, its data in `folder`. Where the machine has none, Debian's package is downloaded
 * and unpacked beside the tree, which needs no rights; skips where there is no `apt-get` either.
 */
export async function startEtcd(kit: Interop, folder: string): Promise<Etcd> {
  const binary = etcdBinary(kit)
  for (let attempt = 0; ; attempt++) {
    const [port, peer] = [await freePort(), await freePort()]
    const client = `http://127.0.0.1:${port}`
    const peers = `http://127.0.0.1:${peer}`
    const args = ['--data-dir', join(folder, `etcd-${attempt}`)]
    args.push('--listen-client-urls', client, '--advertise-client-urls', client)
    args.push(
      '--listen-peer-urls',
      peers,
      '--initial-advertise-peer-urls',
      peers,
      '--initial-cluster',
      `default=${peers}`,
    )
    try {
      const server: RunningProcess = await startProcess(binary, args, {
        ready: /ready to serve client requests|serving .*client requests/,
      })
      return { port, [Symbol.asyncDispose]: () => server.stop() }
    } catch (error) {
      // Somebody else may have taken the port meanwhile.
      if (attempt === 2) throw error
    }
  }
}

function etcdBinary(kit: Interop): string {
  const unpacked = join(cacheDir('etcd-debian'), 'usr', 'bin', 'etcd')
  if (existsSync(unpacked)) return unpacked
  try {
    return kit.tool('etcd')
  } catch (none) {
    if (!existsSync('/usr/bin/apt-get')) throw none
  }
  const folder = `${cacheDir('etcd-debian')}.${process.pid}`
  mkdirSync(folder, { recursive: true })
  try {
    const download = () => execFileSync('apt-get', ['download', 'etcd-server'], { cwd: folder, stdio: 'pipe' })
    try {
      download()
    } catch {
      execFileSync('apt-get', ['update'], { stdio: 'pipe' })
      download()
    }
    const [archive] = readdirSync(folder).filter((name) => name.endsWith('.deb'))
    execFileSync('dpkg', ['-x', archive!, folder], { cwd: folder, stdio: 'pipe' })
    if (!existsSync(unpacked)) renameSync(folder, cacheDir('etcd-debian'))
  } catch (error) {
    kit.skip(`etcd is not on this machine, and apt-get does not give it: ${(error as Error).message}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return unpacked
}
