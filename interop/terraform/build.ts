/** Builds the Go programs of this folder, which fetch their modules themselves. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheDir, filesUnder } from '../../tools/workspace.ts'

const execute = promisify(execFile)

/** Paths of the programs. */
export interface Built {
  /** Takes a Terraform provider through its life. */
  readonly provider: string
  /** Runs a tflint ruleset over a folder. */
  readonly ruleset: string
}

/** Builds both, once per change of their sources. */
export async function build(go: string): Promise<Built> {
  const sources = join(import.meta.dirname, 'go')
  const hash = createHash('sha256')
  for (const path of filesUnder(sources)) hash.update(path).update(readFileSync(join(sources, path)))
  const bin = cacheDir(`terraform-${hash.digest('hex').slice(0, 16)}`)
  if (!existsSync(bin)) {
    console.log('     building hosts on go-plugin, terraform-plugin-go and tflint-plugin-sdk')
    const work = `${bin}.${process.pid}/`
    await execute(go, ['build', '-o', work, './...'], { cwd: sources, maxBuffer: 1 << 26 })
    rmSync(bin, { recursive: true, force: true })
    renameSync(work, bin)
  }
  return { provider: join(bin, 'provider'), ruleset: join(bin, 'ruleset') }
}
