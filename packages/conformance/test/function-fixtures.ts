import type { RuntimeFixtures } from '@backplane/conformance'
import type { PluginSource, Value } from '@backplane/core'
import type { FunctionDefinition, FunctionModule, FunctionPlugin } from '@backplane/core/memory'

const never = () => new Promise<never>(() => {})
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

const echo: FunctionDefinition = {
  description: 'Gives back what it is given.',
  parameters: { type: 'object', properties: { value: {} } },
  run: ({ value }) => value,
}

const sleep: FunctionDefinition = async ({ ms, value }) => {
  await wait(Number(ms))
  return value
}

function counting(): FunctionPlugin {
  let count = 0
  return {
    functions: {
      count: () => ++count,
      fail: ({ message }) => {
        throw new Error(String(message))
      },
      hang: never,
    },
  }
}

function waiting(): FunctionPlugin {
  let cancelled = 0
  return {
    functions: {
      wait: (_, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            cancelled++
            resolve(null)
          })
        }),
      cancelled: () => cancelled,
    },
  }
}

function crashing(): FunctionPlugin {
  return {
    functions: {
      sleep,
      crash: (_, __, context) => {
        context.crash('crashed on purpose')
        return never()
      },
    },
  }
}

function talking(): FunctionPlugin {
  return {
    events: [{ name: 'said' }],
    functions: {
      echo,
      emit: async ({ event, payload }, _, context) => {
        await context.emit(String(event), payload as Record<string, Value>)
        return null
      },
      invoke: ({ name, params }, _, context) => context.invoke(String(name), params as Record<string, Value>),
      log: ({ level, message }, _, { logger }) => logger[level as 'info'](String(message)),
      info: (_, __, { pluginId, stateDir, simulated }) => ({
        plugin_id: pluginId,
        state_dir: stateDir ?? null,
        simulated,
      }),
      offer: ({ name }, _, context) => context.offer(String(name), () => 'offered'),
      stream: {
        stream: 'items',
        run: async ({ count }, { send }) => {
          for (let n = 0; n < Number(count); n++) await send({ n })
          return count
        },
      },
    },
  }
}

function keeping(): FunctionPlugin {
  let kept: Value = null
  let health = { ok: true, message: '' }
  const seen: Value[] = []
  return {
    functions: {
      put: ({ value = null }) => {
        kept = value
      },
      get: () => kept,
      config: (_, __, { config }) => config,
      set_health: ({ ok, message }) => {
        health = { ok: Boolean(ok), message: String(message) }
      },
      seen: () => seen,
    },
    setup: (_, state = null) => {
      kept = state
    },
    handOver: () => kept,
    health: () => health,
    onEvent: ({ device, event, payload }) => void seen.push({ device, event, payload }),
    configure: ({ values }) => {
      if (values.mode === 'refuse') throw new Error('mode refused')
    },
  }
}

function ticking(): FunctionPlugin {
  let timer: ReturnType<typeof setInterval> | undefined
  let n = 0
  return {
    setup: (context) => {
      timer = setInterval(() => void context.emit('tick', { n: ++n }), 20)
    },
    teardown: () => clearInterval(timer),
  }
}

const source = (id: string, module: FunctionModule | undefined): PluginSource => ({ manifest: { id }, module })

/**
 * The plugins of the runtime suite as plain objects. What keeps a thread busy is not among them: it would keep ours.
 */
export const functionFixtures: RuntimeFixtures = {
  echo: source('talking', talking),
  count: source('counting', counting),
  fail: source('counting', counting),
  hang: source('counting', counting),
  sleep: source('crashing', crashing),
  crash: source('crashing', crashing),
  wait: source('waiting', waiting),
  exit: source('exit', { setup: (context) => void setTimeout(() => context.crash('its time had come'), 50) }),
  emit: source('talking', talking),
  invoke: source('talking', talking),
  log: source('talking', talking),
  info: source('talking', talking),
  changing: source('talking', talking),
  stream: source('talking', talking),
  config: source('keeping', keeping),
  health: source('keeping', keeping),
  notify: source('keeping', keeping),
  state: source('keeping', keeping),
  periodic: source('ticking', ticking),
  broken: source('broken', () => {
    throw new Error('broken on purpose')
  }),
  missing: source('missing', undefined),
  startFails: source('start-fails', {
    setup: () => {
      throw new Error('refused to start')
    },
  }),
  startHangs: source('start-hangs', { setup: never }),
  stopHangs: source('stop-hangs', { functions: { echo }, teardown: never }),
}
