import type { ChangeOptions, ConfigActor, ConfigIssue, ConfigManager, ConfigSnapshot } from '@backplane/config-manager'
import {
  BackplaneError,
  type Call,
  coreError,
  type EventDescriptor,
  type Host,
  type HostFunction,
  type JsonSchema,
  type Logger,
  type Params,
  type Value,
} from '@backplane/core'
import { carried, maskText } from '@backplane/core/runtime'
import { refuseParams, unknownParams } from './own-params.ts'

/** Options of {@link configFunctions}. */
export interface ConfigFunctionsInit {
  /** The configuration that they show and change. */
  readonly manager: ConfigManager
  /**
   * Who a caller is, for the audit trail and the permissions of items.
   * @default an administrator of the name that the caller claims
   */
  readonly actor?: (call: Pick<Call, 'caller'>) => ConfigActor
}

/** What stands for a secret in every answer. */
const hidden = '****'

const text = (description: string): JsonSchema => ({ type: 'string', description })
const category = text('Name of the category: the id of its plugin.')
const reason = text('Why; noted in the audit trail.')
const dry_run = { type: 'boolean', description: 'Says what would change, and changes nothing. Default: false.' }

/**
 * The functions by which the configuration of a running host is read and changed, for `createHost`'s `functions`:
 * `list_config`, `get_config`, `set_config`, `config_history`, `rollback_config`, `export_config` and `import_config`.
 * Secrets are write-only: every answer shows `****` in their place.
 *
 * As with {@link hostFunctions}, what fails is a result with `status: "error"`, `code`, `message` and `next`. A value
 * that is refused adds `issues`, all of them, each with its path; nothing is changed then. Wrong parameters are
 * `BP_PARAMS_INVALID`.
 */
export function configFunctions(init: ConfigFunctionsInit): readonly HostFunction[] {
  const { manager, actor = ({ caller }) => ({ name: caller.id ?? caller.kind, admin: true }) } = init
  const optionsOf = (params: Params, call: Call): ChangeOptions => ({
    actor: actor(call),
    ...(typeof params.reason === 'string' ? { reason: params.reason } : {}),
    signal: call.signal,
  })
  const define = (
    name: string,
    description: string,
    properties: { readonly [name: string]: JsonSchema },
    required: readonly string[],
    run: (params: Params, call: Call) => unknown,
  ): HostFunction => ({
    descriptor: { name, description, parameters: { type: 'object', properties, required: [...required] } },
    run: async (params, call) => {
      checkParams(name, params, properties, required)
      try {
        await manager.start({ signal: call.signal })
        return carried({ status: 'success', ...((await run(params, call)) as object) })
      } catch (thrown) {
        return failure(BackplaneError.from(thrown))
      }
    },
  })
  return [
    define('list_config', 'Lists the categories of configuration.', {}, [], () => ({
      categories: manager.categories().map(({ key, description, displayName }) => ({
        category: key,
        display_name: displayName,
        description,
        revision: manager.facts(key)?.revision ?? null,
        items: Object.keys(manager.items(key) ?? {}),
      })),
    })),
    define(
      'get_config',
      'Gives the values and items of a category; secrets are hidden.',
      { category, item: text('Only this item.') },
      ['category'],
      ({ category, item }) => shownCategory(manager, category as string, item as string | undefined),
    ),
    define(
      'set_config',
      'Changes values of a category, all or none. The plugin is told at once, and may refuse.',
      { category, values: { type: 'object', description: 'New values, by item.' }, dry_run, reason },
      ['category', 'values'],
      async (params, call) => {
        const { category, values } = params as { category: string; values: Params }
        const options = optionsOf(params, call)
        const { differences, ...preview } = await manager.preview(category, values, options)
        if (params.dry_run === true) return { category, dry_run: true, differences, ...preview }
        const { revision, changed } = await manager.update(category, values, options)
        return { category, revision, changed, differences }
      },
    ),
    define(
      'config_history',
      'Gives the former states of a category, latest first; secrets are hidden.',
      { category },
      ['category'],
      (params) => {
        const category = params.category as string
        const { revision, values } = shownCategory(manager, category)
        const past = manager.history(category).map((state) => ({
          revision: state.revision,
          values: Object.fromEntries(Object.entries(state.items).map(([item, { value }]) => [item, value])),
        }))
        return { category, revision, values, history: past }
      },
    ),
    define(
      'rollback_config',
      'Brings the values of a former revision back, as a change like any other.',
      { category, revision: { type: 'integer', description: 'A revision of config_history.' }, reason },
      ['category', 'revision'],
      async (params, call) => {
        const category = params.category as string
        const result = await manager.restore(category, Number(params.revision), optionsOf(params, call))
        return { category, revision: result.revision, changed: result.changed }
      },
    ),
    define('export_config', 'Gives all configuration as a snapshot, without secrets.', {}, [], () => ({
      snapshot: manager.export(),
    })),
    define(
      'import_config',
      'Makes the configuration as a snapshot says, all or nothing; a dry run says how it differs.',
      { snapshot: { type: 'object', description: 'What export_config gave.' }, dry_run, reason },
      ['snapshot'],
      async (params, call) => {
        const snapshot = params.snapshot as unknown as ConfigSnapshot
        const differences = manager.diff(snapshot)
        if (params.dry_run === true) return { dry_run: true, differences }
        const { created, changed, missingSecrets } = await manager.import(snapshot, optionsOf(params, call))
        return { created, changed, missing_secrets: missingSecrets, differences }
      },
    ),
  ]
}

function shownCategory(manager: ConfigManager, category: string, item?: string) {
  const items = manager.items(category)
  const facts = manager.facts(category)
  if (!items || !facts)
    throw unknown(
      `there is no category '${category}'`,
      manager.categories().map(({ key }) => key),
    )
  if (item !== undefined && !Object.hasOwn(items, item)) {
    throw unknown(`there is no item '${item}' in category '${category}'`, Object.keys(items))
  }
  const names = item === undefined ? Object.keys(items) : [item]
  return {
    category,
    display_name: facts.displayName,
    description: facts.description,
    revision: facts.revision,
    values: shownValues(manager, category, names),
    items: Object.fromEntries(names.map((name) => [name, items[name]])),
    provenance: Object.fromEntries(names.map((name) => [name, facts.provenance[name]])),
  }
}

/** Typed values, but for secrets. */
function shownValues(manager: ConfigManager, category: string, names: readonly string[]): Record<string, unknown> {
  const items = manager.items(category) ?? {}
  const typed: Readonly<Record<string, unknown>> = manager.values(category) ?? {}
  return Object.fromEntries(names.map((name) => [name, items[name]?.value === hidden ? hidden : typed[name]]))
}

function unknown(reason: string, known: readonly string[]): BackplaneError {
  const next = known.length === 0 ? 'Load a plugin that has configuration.' : `There are: ${known.join(', ')}.`
  return coreError('BP_INVALID_ARGUMENT', { details: { what: 'The name', reason }, next })
}

function failure(error: BackplaneError): Value {
  const { code, message, next, details } = error
  const issues: readonly ConfigIssue[] = Array.isArray(details.issues) ? details.issues : []
  const said = issues.length > 1 ? `Nothing was changed. ${reasonsOf(issues)}` : message
  return carried({ status: 'error', code, message: maskText(said), next: maskText(next), issues })
}

/** Every reason, at its path; the error's own message may name the first kind alone. */
function reasonsOf(issues: readonly ConfigIssue[]): string {
  return issues.map(({ path, message }) => `${path}: ${message}`).join('; ')
}

function checkParams(
  name: string,
  params: Params,
  properties: { readonly [name: string]: JsonSchema },
  required: readonly string[],
): void {
  const typed = Object.entries(params).filter(([path]) => Object.hasOwn(properties, path))
  refuseParams(name, [
    ...required.filter((path) => params[path] === undefined).map((path) => ({ path, message: 'is missing' })),
    ...unknownParams(params, properties),
    ...typed.flatMap(([path, value]) => {
      const { type } = properties[path] as { type: string }
      return fits(value, type) ? [] : [{ path, message: `must be ${type}` }]
    }),
  ])
}

function fits(value: Value | undefined, type: string): boolean {
  if (value === undefined) return true
  if (type === 'integer') return Number.isInteger(value)
  if (type !== 'object') return typeof value === type
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

/** What {@link tellOfConfig} emits; for `createHost`'s `events`. */
export const configEvents: readonly EventDescriptor[] = [
  {
    name: 'config_changed',
    description: 'The configuration of a category has changed; secrets are hidden.',
    payload: {
      type: 'object',
      properties: {
        category,
        kind: text('Always `changed`: values were set.'),
        revision: { type: 'integer' },
        values: { type: 'object', description: 'The values that differ now, by item.' },
        actor: text('Who changed it.'),
        reason,
      },
      required: ['category', 'kind', 'revision', 'values'],
    },
  },
]

/** Tells the mesh of every change of configuration, by {@link configEvents}. Returns an unsubscribe function. */
export function tellOfConfig(host: Host, manager: ConfigManager, logger?: Logger): () => void {
  return manager.on({}, (event) => {
    // What is defined or removed as plugins come and go changes nothing that anybody has set.
    if (event.kind !== 'changed' || host.mesh?.status !== 'connected') return
    const { category, kind, revision, actor, reason } = event
    const values = shownValues(manager, category, event.changed)
    const payload = carried({ category, kind, revision, values, actor, reason }) as Params
    host.emit('config_changed', payload).catch((error) => {
      logger?.warn({ event: 'config_changed', code: BackplaneError.from(error).code }, 'the mesh was not told')
    })
  })
}
