/** What can be wrong with a channel itself; what goes wrong with a call is that call's status. */
export type FastChannelErrorCode = 'GRPC_FAST_CONNECT' | 'GRPC_FAST_CLOSED' | 'GRPC_FAST_OPTION' | 'GRPC_FAST_DEADLINE'

const nextSteps: Readonly<Record<FastChannelErrorCode, string>> = {
  GRPC_FAST_CONNECT: 'See that the server runs and listens on the target, and that both sides mean the same by `tls`.',
  GRPC_FAST_CLOSED: 'Make another channel: one that was closed stays so.',
  GRPC_FAST_OPTION: 'Correct the option of fastChannel that the message names.',
  GRPC_FAST_DEADLINE: 'Ask for the state that the channel is in, and watch again.',
}

/** An error of a channel. Look at `code`, not at the message. */
export class FastChannelError extends Error {
  readonly code: FastChannelErrorCode
  /** The next step for anyone who reads the error, as a sentence. */
  readonly next: string

  constructor(code: FastChannelErrorCode, message: string) {
    super(message)
    this.name = 'FastChannelError'
    this.code = code
    this.next = nextSteps[code]
  }
}
