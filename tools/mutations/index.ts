import { cli } from './cli.ts'
import { configManager } from './config-manager.ts'
import { core } from './core.ts'
import { grpcFast } from './grpc-fast.ts'
import { handshakeGrpc } from './handshake-grpc.ts'
import { host } from './host.ts'
import { meshDeviceConnect } from './mesh-device-connect.ts'
import type { Mutation } from './mutation.ts'
import { natsBroker } from './nats-broker.ts'
import { runtimeNode } from './runtime-node.ts'
import { runtimePython } from './runtime-python.ts'
import { runtimeWasm } from './runtime-wasm.ts'
import { runtimeWorker } from './runtime-worker.ts'
import { transportNats } from './transport-nats.ts'
import { transportZenoh } from './transport-zenoh.ts'

/** Safety rules of all packages. Add one with each new rule; see `mutate.ts`. */
export const mutations: readonly Mutation[] = [
  ...cli,
  ...configManager,
  ...core,
  ...grpcFast,
  ...handshakeGrpc,
  ...host,
  ...meshDeviceConnect,
  ...natsBroker,
  ...runtimeNode,
  ...runtimePython,
  ...runtimeWasm,
  ...runtimeWorker,
  ...transportNats,
  ...transportZenoh,
]
