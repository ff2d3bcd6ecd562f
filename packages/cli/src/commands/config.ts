import { readFile, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import { type ConfigManager, configManager, runConfigCommand } from '@backplane/config-manager'
import { fileStore } from '@backplane/config-manager/file'
import type { CommandContext } from '../context.ts'
import { Shown, shown } from '../shown.ts'

/** Flags of the `config` commands. */
export interface ConfigFlags {
  /** The folder that a host keeps its configuration in, while that host is down. */
  readonly dir?: string
  /** Servers of the bucket that hosts share. */
  readonly nats?: string
  readonly bucket?: string
  readonly dryRun?: boolean
  readonly reason?: string
}

/**
 * Works on the configuration in a folder, or on the one that hosts share through NATS. The store of the latter leaves its
 * client to whoever uses it: this package brings `@nats-io/kv`, `@nats-io/jetstream` and `@nats-io/nats-core` along.
 */
export async function config(words: readonly string[], flags: ConfigFlags, context: CommandContext): Promise<void> {
  if (flags.nats === undefined) {
    const store = fileStore(resolve(context.io.cwd, flags.dir ?? 'config'))
    await run(configManager({ store })(), words, flags, context)
    return
  }
  const { connect } = await import('@nats-io/transport-node')
  const { natsStore } = await import('@backplane/config-manager/nats')
  const connection = await connect({ servers: flags.nats.split(',') })
  try {
    const store = natsStore({ connection, ...(flags.bucket === undefined ? {} : { bucket: flags.bucket }) })
    await run(configManager({ store })(), words, flags, context)
  } finally {
    await connection.close()
  }
}

async function run(
  made: ConfigManager,
  words: readonly string[],
  flags: ConfigFlags,
  { io, reporter }: CommandContext,
): Promise<void> {
  await using manager = made
  const options = [
    ...(flags.dryRun ? ['--dry-run'] : []),
    ...(flags.reason === undefined ? [] : ['--reason', flags.reason]),
  ]
  const path = (name: string) => resolve(io.cwd, name)
  // A document or a single value is all that is printed, and may have lines of its own.
  const isWhole = words[0] === 'export' || (words[0] === 'get' && words.length > 2)
  let printed = false
  await runConfigCommand(
    [...words, ...options],
    {
      manager,
      print: (line) => {
        printed = true
        reporter.result({ line }, isWhole ? Shown.whole(line) : shown`${line}`)
      },
      note: (line) => reporter.note(shown`${line}`),
      read: (name) => readFile(path(name), 'utf8'),
      write: (name, text) => writeFile(path(name), text),
      actor: { name: userInfo().username, admin: true },
    },
    { signal: io.signal },
  )
  if (words[0] === 'list' && !printed)
    reporter.note(shown`No categories there: --dir or --nats says where a host keeps them.`)
}
