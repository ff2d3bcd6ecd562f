/** The protocol's side of a provider: turns calls into calls of resources, data sources and functions. */
import { type CtyValue, fromDynamic, toDynamic } from './cty.ts'
import { diagnosticOf, Problem } from './diagnostics.ts'
import type { Handlers } from './protocol.ts'
import { functionMessage, type Schema, type Signature, schemaMessage, typeOf } from './schema.ts'

/** Attributes by name. */
export type Values = { readonly [name: string]: CtyValue }

/** A kind of resource; `Client` is what the configured provider gives to its calls. */
export interface Resource<State extends Values, Client> {
  readonly schema: Schema
  /** Problems of a configuration, of which values may be unknown. */
  validate(config: State): Iterable<Problem>
  /** Makes the state of an older schema version one of this version. */
  upgrade(state: Record<string, CtyValue>, version: number): Record<string, CtyValue>
  /**
   * Says what apply will bring: computed values as far as they are known, and the attributes that need a new resource.
   */
  plan(
    prior: State | null,
    proposed: State,
    client: Client | undefined,
  ): { planned: State; replaces?: readonly string[] }
  create(planned: State, client: Client): Promise<State>
  update(planned: State, client: Client): Promise<State>
  delete(state: State, client: Client): Promise<void>
  /** Gives the state as it is outside, null when the resource is gone. */
  read(state: State, client: Client): Promise<State | null>
  import(id: string, client: Client): Promise<State>
}

export interface DataSource<State extends Values, Client> {
  readonly schema: Schema
  validate(config: State): Iterable<Problem>
  read(config: State, client: Client): Promise<State>
}

/** A function of the configuration language; it knows nothing of the provider's configuration. */
export interface ProviderFunction {
  readonly signature: Signature
  /** A Problem's `attribute` names the argument that it is about. */
  call(...args: CtyValue[]): CtyValue
}

export interface ProviderInit<Client> {
  readonly schema: Schema
  validate(config: Values): Iterable<Problem>
  /** Gives what resources work with; `undefined` while the configuration is not known yet. */
  configure(config: Values): Client | undefined
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own state.
  readonly resources: Readonly<Record<string, Resource<any, Client>>>
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own state.
  readonly dataSources: Readonly<Record<string, DataSource<any, Client>>>
  readonly functions: Readonly<Record<string, ProviderFunction>>
}

/** Makes the handlers of the protocol. Failures are diagnostics, so that Terraform shows them where they belong. */
export function provider<Client>(init: ProviderInit<Client>): Handlers {
  const { resources, dataSources, functions } = init
  let client: Client | undefined

  const configured = (): Client => {
    if (client !== undefined) return client
    throw new Problem('The provider is not configured', 'Its configuration has values that are known only after apply.')
  }
  const capabilities = { planDestroy: true, getProviderSchemaOptional: true }

  return {
    GetMetadata: () => ({
      serverCapabilities: capabilities,
      resources: Object.keys(resources).map((typeName) => ({ typeName })),
      dataSources: Object.keys(dataSources).map((typeName) => ({ typeName })),
      functions: Object.keys(functions).map((name) => ({ name })),
    }),
    GetProviderSchema: () => ({
      serverCapabilities: capabilities,
      provider: schemaMessage(init.schema),
      resourceSchemas: mapped(resources, ({ schema }) => schemaMessage(schema)),
      dataSourceSchemas: mapped(dataSources, ({ schema }) => schemaMessage(schema)),
      functions: mapped(functions, ({ signature }) => functionMessage(signature)),
    }),
    GetFunctions: () => ({ functions: mapped(functions, ({ signature }) => functionMessage(signature)) }),

    ValidateProviderConfig: ({ config }) =>
      told(() => listed(init.validate(fromDynamic(config, typeOf(init.schema)) as Values))),
    ConfigureProvider: ({ config }) =>
      told(() => {
        client = init.configure(fromDynamic(config, typeOf(init.schema)) as Values)
        return {}
      }),
    // Every call here is over in a moment; a provider with long ones ends them now.
    StopProvider: () => ({}),

    ValidateResourceConfig: ({ typeName, config }) =>
      told(() => {
        const { resource, type } = kind(resources, typeName)
        return listed(resource.validate(fromDynamic(config, type)))
      }),
    UpgradeResourceState: ({ typeName, version, rawState }) =>
      told(() => {
        const { resource, type } = kind(resources, typeName)
        const current = resource.schema.version ?? 0
        if (!rawState?.json.length) {
          throw new Problem('The state is too old', 'It was written by Terraform 0.11 or older; upgrade step by step.')
        }
        if (version > current) {
          throw new Problem(
            'The state is newer than the provider',
            `It has version ${version}, the provider ${current}.`,
          )
        }
        const state = JSON.parse(rawState.json.toString()) as Record<string, CtyValue>
        return { upgradedState: toDynamic(version < current ? resource.upgrade(state, version) : state, type) }
      }),
    ReadResource: ({ typeName, currentState, private: kept }) =>
      told(async () => {
        const { resource, type } = kind(resources, typeName)
        const state = fromDynamic(currentState, type)
        const found = state === null ? null : await resource.read(state, configured())
        return { newState: toDynamic(found, type), private: kept }
      }),
    PlanResourceChange: ({ typeName, priorState, proposedNewState, priorPrivate }) =>
      told(() => {
        const { resource, type } = kind(resources, typeName)
        const [prior, proposed] = [fromDynamic(priorState, type), fromDynamic(proposedNewState, type)]
        const { planned, replaces = [] } =
          proposed === null ? { planned: null } : resource.plan(prior, proposed as Values, client)
        return {
          plannedState: toDynamic(planned, type),
          requiresReplace: replaces.map((attributeName) => ({ steps: [{ attributeName }] })),
          plannedPrivate: priorPrivate,
        }
      }),
    ApplyResourceChange: async ({ typeName, priorState, plannedState, plannedPrivate }) => {
      const apply = async () => {
        const { resource, type } = kind(resources, typeName)
        const [prior, planned] = [fromDynamic(priorState, type), fromDynamic(plannedState, type)]
        const answer = (state: Values | null) => ({ newState: toDynamic(state, type), private: plannedPrivate })
        if (planned === null) {
          await resource.delete(prior as Values, configured())
          return answer(null)
        }
        if (prior === null) return answer(await resource.create(planned as Values, configured()))
        return answer(await resource.update(planned as Values, configured()))
      }
      // What could not be changed is as it was.
      return told(apply, { newState: priorState ?? {}, private: plannedPrivate })
    },
    ImportResourceState: ({ typeName, id }) =>
      told(async () => {
        const { resource, type } = kind(resources, typeName)
        return { importedResources: [{ typeName, state: toDynamic(await resource.import(id, configured()), type) }] }
      }),

    ValidateDataResourceConfig: ({ typeName, config }) =>
      told(() => {
        const { resource, type } = kind(dataSources, typeName)
        return listed(resource.validate(fromDynamic(config, type)))
      }),
    ReadDataSource: ({ typeName, config }) =>
      told(async () => {
        const { resource, type } = kind(dataSources, typeName)
        return { state: toDynamic(await resource.read(fromDynamic(config, type), configured()), type) }
      }),

    CallFunction: ({ name, arguments: values }) => {
      const found = Object.hasOwn(functions, name) ? functions[name] : undefined
      if (!found) return { error: { text: `The provider has no function ${name}.` } }
      const { parameters, returns } = found.signature
      try {
        const args = parameters.map(({ type }, index) => fromDynamic(values[index] ?? null, type))
        return { result: toDynamic(found.call(...args), returns) }
      } catch (thrown) {
        const { summary, detail } = diagnosticOf(thrown)
        const at = parameters.findIndex((each) => thrown instanceof Problem && each.name === thrown.attribute)
        return { error: { text: `${summary}: ${detail}`, ...(at >= 0 && { functionArgument: at }) } }
      }
    },
  }
}

/** A kind by the name of its type, and the type of its values. */
function kind<T extends { readonly schema: Schema }>(kinds: Readonly<Record<string, T>>, typeName: string) {
  const resource = Object.hasOwn(kinds, typeName) ? kinds[typeName] : undefined
  if (!resource) throw new Problem('Unknown type', `The provider has no ${typeName}: its schema names those it has.`)
  return { resource, type: typeOf(resource.schema) }
}

/** An answer, or the diagnostic of why there is none, beside what is answered then. */
async function told<T extends object>(answer: () => T | Promise<T>, otherwise?: T) {
  try {
    return await answer()
  } catch (thrown) {
    return { ...otherwise, diagnostics: [diagnosticOf(thrown)] }
  }
}

function listed(problems: Iterable<Problem>) {
  return { diagnostics: [...problems].map(diagnosticOf) }
}

function mapped<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}
