/** The process behind the `backplane` command: its streams, its signals, its exit code. */
import { processIo } from './io.ts'
import { runCli } from './run.ts'

process.exitCode = await runCli(process.argv.slice(2), processIo())
