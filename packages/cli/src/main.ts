/** The process behind the `backplane` command: its streams, its signals, its exit code. */
import { enableCompileCache } from 'node:module'

async function main(): Promise<void> {
  // Before anything else is loaded: a command is short, and most of its time goes into compiling.
  enableCompileCache()
  const [{ endSoon }, { processIo }, { runCli }] = await Promise.all([
    import('./end-process.ts'),
    import('./io.ts'),
    import('./run.ts'),
  ])
  endSoon(await runCli(process.argv.slice(2), processIo()))
}

void main()
