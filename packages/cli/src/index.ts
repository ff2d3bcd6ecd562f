/**
 * The `backplane` command: run a plugin host, call its functions, manage its plugins, write new ones.
 *
 * Every command takes `--json` for machines and `--quiet`, ends with a documented exit code, and its errors end with
 * the next step. What it does stands in [the command's
 * page](https://github.com/backplane-dev/backplane/blob/main/docs/cli.md).
 *
 * @packageDocumentation
 */

export { type CliErrorCode, cliErrorCatalogue } from './errors.ts'
export { type ExitCode, exitCodes } from './exit-codes.ts'
export type { CliIo } from './io.ts'
export { runCli } from './run.ts'
