import type { CommandContext } from '../context.ts'
import type { Check } from '../doctor/check.ts'
import { credentialsCheck } from '../doctor/credentials.ts'
import { networkChecks } from '../doctor/network.ts'
import { versionChecks } from '../doctor/versions.ts'
import { cliError } from '../errors.ts'
import { type Flags, readSettings } from '../settings.ts'
import { Shown, shown } from '../shown.ts'
import { table } from '../table.ts'

/** Says what is reachable, with which credentials, and what is wrong. It changes nothing, and shows no secret. */
export async function doctor(flags: Flags & { timeout?: string }, { io, reporter }: CommandContext): Promise<void> {
  const settings = readSettings(flags, io)
  reporter.progress(shown`Looking …`)
  const given = Object.entries(settings.from).filter(([, source]) => source !== 'default')
  const checks: Check[] = [
    ...versionChecks(settings.preset),
    {
      name: 'settings',
      state: 'ok',
      detail: [`preset ${settings.preset}`, ...given.map(([name, source]) => `${name} by ${source}`)].join(', '),
      facts: { preset: settings.preset, from: Object.fromEntries(given) },
    },
    await credentialsCheck(settings, io),
  ]
  const hasCredentials = checks.every(({ name, state }) => name !== 'credentials' || state !== 'failed')
  if (hasCredentials) checks.push(...(await networkChecks(settings, io)))
  const failed = checks.filter(({ state }) => state === 'failed')
  reporter.result({ ok: failed.length === 0, checks }, report(checks))
  const [first] = failed
  if (!first) return
  const names = failed.map(({ name }) => name).join(', ')
  const isHere = first.code === undefined || first.code.includes('CREDENTIALS')
  throw cliError(isHere ? 'BP_CLI_UNWELL' : 'BP_CLI_UNREACHABLE', { details: { names } })
}

function report(checks: readonly Check[]): Shown {
  const advice = checks.flatMap(({ name, next }) => (next === undefined ? [] : [shown`  ${name}: ${next}`]))
  const rows = checks.map(({ name, state, detail, code }) => [
    state,
    name,
    code === undefined ? detail : `${detail} [${code}]`,
  ])
  const found = table(['STATE', 'CHECK', 'FOUND'], rows)
  return advice.length > 0 ? shown`${found}\n\nNext:\n${Shown.join(advice, '\n')}` : found
}
