/** The process behind the `backplane` command: its streams, its signals, its exit code. */
import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { tmpdir } from 'node:os'
import { hideEnvironment } from './hide-environment.ts'

async function main(): Promise<void> {
  const environmentHidden = hideEnvironment()
  // Before anything else is loaded: a command is short, and most of its time goes into compiling.
  // Node 24 never comes back from making its folder where there is no such place (`TMPDIR=/proc/nowhere`).
  if (existsSync(tmpdir())) enableCompileCache()
  const [{ endSoon }, { processIo }, { runCli }] = await Promise.all([
    import('./end-process.ts'),
    import('./io.ts'),
    import('./run.ts'),
  ])
  endSoon(await runCli(process.argv.slice(2), processIo({ environmentHidden })))
}

void main()
