import { type BackplaneError, defineErrors, type ErrorCatalogue, type ErrorInit } from '@backplane/core'
import type { ConfigIssue, Finding } from './findings.ts'

/** Every code that this package adds to core's. */
export const configErrorCatalogue = {
  BP_CONFIG_INVALID: {
    message: 'The configuration is not valid: {summary}',
    next: 'Correct what `details.issues` names; nothing was changed.',
  },
  BP_CONFIG_UNKNOWN: {
    message: 'There is no {what}.',
    next: 'List the categories and items to see what there is.',
  },
  BP_CONFIG_VETOED: {
    message: "'{subscriber}' refused the change of '{category}': {reason}",
    next: 'Nothing was changed. Correct the values, or look at why the subscriber refuses them.',
  },
  BP_CONFIG_ROLLED_BACK: {
    message: "'{subscriber}' could not apply the change of '{category}': {reason}",
    next: 'The former values are in force again. Look at why the subscriber failed.',
  },
  BP_CONFIG_FORBIDDEN: {
    message: '{reason}',
    next: 'Ask somebody with a role that the item permits.',
  },
  BP_CONFIG_STORE_DAMAGED: {
    message: 'The configuration store at {path} cannot be read: {reason}',
    next: 'Restore it from a backup, or move it away to start again.',
  },
  BP_CONFIG_STORE_REPAIRED: {
    message: 'The configuration store at {path} was damaged: {reason}. {documents} documents were saved; {kept}.',
    next: 'Compare what is in force with a backup or a snapshot, and look at the disk.',
  },
  BP_CONFIG_STORE_READ_ONLY: {
    message: 'The configuration store at {path} cannot be written: {reason}',
    next: 'What is stored is in force, and nothing was changed. Free space or make it writable, then try again.',
    retryable: true,
  },
  BP_CONFIG_STORE_FAILED: {
    message: 'The configuration store failed: {reason}',
    next: 'Look at the cause: a full disk, missing permissions, a lost connection.',
    retryable: true,
  },
  BP_CONFIG_SECRETS_MISSING: {
    message: "Item '{item}' of '{category}' is a secret, and there is no place for secrets.",
    next: 'Give configManager({ secrets }): fileSecrets(path), or your own SecretStore.',
  },
  BP_CONFIG_MIGRATION_FAILED: {
    message: "The migration of '{category}' from version {from} to {to} failed: {reason}",
    next: 'The stored values are untouched. Correct the migration.',
  },
  BP_CONFIG_DOWNGRADE: {
    message: "'{category}' is stored at version {stored}, newer than the version {offered} that is registered.",
    next: 'Run the newer plugin, or restore a snapshot from before the upgrade.',
  },
  BP_CONFIG_IMPORT_INVALID: {
    message: 'The snapshot cannot be imported: {reason}',
    next: 'Give an object that `export` made; nothing was changed.',
  },
  BP_CONFIG_DISCOVERY_FAILED: {
    message: "Discovery of '{what}' failed: {reason}",
    next: 'The last options stay, and values can be typed in. Look at the device, then discover again.',
    retryable: true,
  },
} as const satisfies ErrorCatalogue

/** A code of this package. */
export type ConfigErrorCode = keyof typeof configErrorCatalogue

/** Makes an error of this package's catalogue. */
export const configError: (code: ConfigErrorCode, init?: ErrorInit) => BackplaneError =
  defineErrors(configErrorCatalogue)

const codeOf: ReadonlyMap<string, ConfigErrorCode> = new Map([
  ['item-unknown', 'BP_CONFIG_UNKNOWN'],
  ['category-unknown', 'BP_CONFIG_UNKNOWN'],
  ['values-unknown-item', 'BP_CONFIG_UNKNOWN'],
  ['parent-unknown', 'BP_CONFIG_UNKNOWN'],
  ['child-unknown', 'BP_CONFIG_UNKNOWN'],
  ['forbidden', 'BP_CONFIG_FORBIDDEN'],
  ['role-unknown', 'BP_CONFIG_FORBIDDEN'],
  ['value-readonly', 'BP_CONFIG_FORBIDDEN'],
])

/**
 * Gives the error for what is wrong: `details.issues` has every issue, and `details.fledge` class and text of the first
 * as Fledge's Python manager would have raised it, which is also the message in `strict-fledge`.
 */
export function invalid(findings: readonly Finding[], inFledgeWords: boolean): BackplaneError {
  const [first] = findings as readonly [Finding, ...Finding[]]
  const issues: ConfigIssue[] = findings.map(({ fledge: _, ...issue }) => issue)
  const summary = issues.map((issue) => `${issue.path === '' ? '' : `${issue.path}: `}${issue.message}`).join('; ')
  const code = codeOf.get(first.code) ?? 'BP_CONFIG_INVALID'
  const details = {
    issues,
    fledge: first.fledge,
    summary,
    reason: summary,
    what: first.message.replace(/^there is no /, ''),
  }
  return configError(code, inFledgeWords ? { details, message: first.fledge.message } : { details })
}
