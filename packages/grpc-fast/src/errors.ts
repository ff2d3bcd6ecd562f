/** What can be wrong with a channel itself; what goes wrong with a call is that call's status. */
export type FastChannelErrorCode = 'GRPC_FAST_CONNECT' | 'GRPC_FAST_CLOSED' | 'GRPC_FAST_OPTION' | 'GRPC_FAST_DEADLINE'

/** An error of a channel. Look at `code`, not at the message. */
export class FastChannelError extends Error {
  readonly code: FastChannelErrorCode

  constructor(code: FastChannelErrorCode, message: string) {
    super(message)
    this.name = 'FastChannelError'
    this.code = code
  }
}
