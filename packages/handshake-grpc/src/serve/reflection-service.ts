import { messageOf } from '@backplane/core'
import type { ServerDuplexStream, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js'
import type { ServedService } from '../broker/broker.ts'
import { reflectionServices } from '../wire/services.ts'
import type { ReflectionIndex } from './reflection.ts'

/** The reflection services, v1 and v1alpha. What answers them is loaded with the first question. */
export function lazyReflection(
  definitions: readonly ServiceDefinition[],
  descriptors: readonly Uint8Array[],
): ServedService[] {
  let index: Promise<ReflectionIndex> | undefined
  const load = () => {
    index ??= import('./reflection.ts').then(
      ({ ReflectionIndex }) => new ReflectionIndex(definitions, descriptors),
      (error) => {
        index = undefined
        throw error
      },
    )
    return index
  }
  const info = (call: ServerDuplexStream<Buffer, Buffer>) => {
    // Answers go out in the order of the questions.
    let turn: Promise<unknown> = Promise.resolve()
    call.on('data', (question: Buffer) => {
      turn = turn
        .then(load)
        .then((loaded) => call.write(loaded.answer(question)))
        .catch((error: unknown) => call.emit('error', { code: 3, details: messageOf(error) }))
    })
    call.on('end', () => void turn.then(() => call.end()))
    call.on('error', () => {})
  }
  const implementation = { info } as UntypedServiceImplementation
  return [
    { service: reflectionServices.v1, implementation },
    { service: reflectionServices.v1alpha, implementation },
  ]
}
